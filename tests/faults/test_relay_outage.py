"""Row of the failure matrix: while the relay serves nobody, all that needs no mail goes on, and operators see why."""

from temporalio.api.workflow.v1 import PendingActivityInfo

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailState
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import World, guest, until
from tests.faults.play import assert_migrated_once, migrate
from tests.fixtures.smtp import Behavior


async def held_mail(world: World, user_id: str) -> PendingActivityInfo:
    """The delivery that waits for its repeat."""
    found: list[PendingActivityInfo] = []

    async def there() -> bool:
        described = await world.handle(user_id).describe()
        found[:] = [
            it
            for it in described.raw_description.pending_activities
            if it.activity_type.name == "deliver_mail" and it.HasField("last_failure")
        ]
        return bool(found)

    await until(there, lambda: f"no mail of {user_id} is held", every=0.05)
    return found[0]


async def test_while_the_relay_is_down_other_steps_go_on_and_the_cause_is_shown(world: World) -> None:
    world.smtp.always = Behavior({"CONNECT": 421})
    await world.guests(guest("ada"), guest("bob"))
    await world.provision(licenses=2)
    for user_id in ("ada", "bob"):
        await world.until(user_id, S.IN_REVIEW)
    await world.select("ada")
    await world.until("ada", S.INSTRUCTED)
    failure = (await held_mail(world, "ada")).last_failure
    assert failure.message.endswith("The relay answered 421")
    assert failure.application_failure_info.type == "relay_unavailable"
    assert (await world.command(CommandKind.CANCEL, "bob")).verdict == "done"
    row = await world.until("ada", S.INSTRUCTED)
    async with world.store.read() as uow:
        mails = await uow.mails.of_migration(row.ref)
    assert {it.state for it in mails} <= {MailState.QUEUED, MailState.SENDING}

    world.smtp.always = Behavior()
    await migrate(world, "ada")
    await assert_migrated_once(world, "ada")
    assert row.attention is None
