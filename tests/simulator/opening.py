"""How a run begins: some guests, an organization with settings of its own, and the first event. No faults yet."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from edition_migration.application.organization_facts import unknown_organization
from edition_migration.domain.organization import Activation, OrganizationSettings, QuietHours, Selection
from edition_migration.ports.store_people import Contact
from tests.builders import user
from tests.doubles import CountingHasher
from tests.e2e.world import OLD_PASSWORD
from tests.simulator.provisioning import provision
from tests.simulator.world import DOMAIN, ORG, World

QUIET = QuietHours(begins="00:00", ends="23:00", weekends=True)


async def set_up(world: World) -> None:
    """Some guests with their contacts, an organization with settings of its own, and the first events."""
    random = world.random
    count = random.choice([1, 1, 2] if world.is_small else [1, 2, 2, 3])
    world.user_ids = [f"u{number}" for number in range(1, count + 1)]
    world.addresses = {user_id: {f"{user_id}@{DOMAIN}"} for user_id in world.user_ids}
    old = CountingHasher.quick(OLD_PASSWORD)
    async with world.ground.store.write() as uow:
        people = [user(it, email=f"{it}@{DOMAIN}", display_name=it, password_hash=old) for it in world.user_ids]
        await uow.users.put(people)
        known = unknown_organization(ORG)
        await uow.organizations.put(replace(known, settings=_settings(random, known.settings)))
        await uow.contacts.put([Contact(it, "friend@elsewhere.example", "Friend", "friends") for it in world.user_ids])
        await uow.commit()
    world.contacts = world.ground.contacts()
    if random.random() < 0.25:
        world.sink.dead_addresses.add(f"{random.choice(world.user_ids)}@{DOMAIN}")
    provision(world)


def _settings(random: Random, settings: OrganizationSettings) -> OrganizationSettings:
    activation = random.choice([Activation.WITH_INSTRUCTIONS, *Activation])
    chosen = {
        "deadline": timedelta(days=random.choice([2, 5])),
        "link_lifetime": timedelta(days=random.choice([1, 7])),
        "selection": random.choice([Selection.MANUAL, Selection.MANUAL, Selection.AUTOMATIC]),
        "activation": activation,
        "activation_delay": timedelta(hours=random.choice([1, 5])),
        "warning_period": timedelta(days=random.choice([0, 0, 0, 0, 0, 1])),
        "quiet_hours": random.choice([None, None, None, None, None, QUIET]),
        "digest_every": timedelta(days=random.choice([7, 365, 365, 365])),
        "storage_per_user_mb": random.choice([0, 120]),
    }
    return settings.model_copy(update=chosen)
