"""A domain or the service goes: who is not yet activated is a guest again, and nobody is left blocked."""

from datetime import timedelta

import pytest

from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import OLD_PASSWORD, World, guest

GOING = [
    ("org.domain.removed", {"domain": "acme.example"}, "domain_removed"),
    ("org.deprovisioned", {}, "deprovisioned"),
]


@pytest.mark.parametrize(("event", "data", "reason"), GOING, ids=[reason for *_, reason in GOING])
async def test_who_is_not_yet_activated_signs_in_as_before(
    world: World, event: str, data: dict[str, str], reason: str
) -> None:
    password_hash = await PwdlibHasher(memory_kib=1024, passes=1, lanes=1).hash(OLD_PASSWORD)
    await world.guests(guest("ada", password_hash=password_hash), guest("bob"))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    await world.until("bob", S.IN_REVIEW)
    await world.select("bob")
    await world.until("bob", S.AWAITING_PASSWORD)
    assert await world.sign_in("ada@acme.example", OLD_PASSWORD) == "deactivated"
    world.clock.shift += timedelta(seconds=1)
    await world.event(event, data)
    assert (await world.until("ada", S.CANCELLED)).reason == reason
    await world.ended("ada")
    assert (await world.user("ada")).account_status is AccountStatus.ACTIVE
    assert await world.sign_in("ada@acme.example", OLD_PASSWORD) == "signed_in"
    assert (await world.until("bob", S.AWAITING_PASSWORD)).reason is None
