"""Who of a matching domain is pending, and who is skipped with which code, as the organization's own drain decides."""

import pytest

from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from tests.builders import migration
from tests.e2e.world import World, guest


def inactive(user_id: str, reason: InactiveReason) -> User:
    return guest(
        user_id,
        account_status=AccountStatus.INACTIVE,
        inactive_reason=reason,
        reported_status=AccountStatus.INACTIVE,
        reported_inactive_reason=reason,
    )


SKIPPED = [
    (guest("x", edition=Edition.BUSINESS), "already_business"),
    (guest("x", email="admin@acme.example"), "administrator"),
    (inactive("x", InactiveReason.LEFT_COMPANY), "left_company"),
    (inactive("x", InactiveReason.ADMIN_DEACTIVATED), "admin_deactivated"),
    (inactive("x", InactiveReason.POLICY), "broke_policy"),
    (guest("x", client_version="6.0"), "newer_client"),
]


@pytest.mark.parametrize(("user", "reason"), SKIPPED, ids=[reason for _, reason in SKIPPED])
async def test_skipped_with_the_reason_and_left_as_he_was(world: World, user: User, reason: str) -> None:
    await world.guests(user, guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    row = await world.until("x", S.SKIPPED)
    assert row.reason == reason
    after = await world.user("x")
    assert (after.account_status, after.inactive_reason) == (user.account_status, user.inactive_reason)
    answer = (await world.select("x")).answers[0]
    assert (answer.verdict, answer.reason) == ("refused", reason)


async def test_a_user_of_another_organization_is_skipped_as_owned_by_other(world: World) -> None:
    await world.other_organization("globex")
    await world.guests(guest("x", org_id="globex"), guest("ada"))
    await world.provision()
    assert (await world.until("x", S.SKIPPED)).reason == "other_owner"


async def test_a_user_who_migrates_elsewhere_is_skipped_as_already_migrating(world: World) -> None:
    await world.other_organization("globex")
    await world.guests(guest("x"), guest("ada"))
    async with world.store.write() as uow:
        await uow.migrations.add([migration("x", org_id="globex", state=S.IN_REVIEW)])
        await uow.commit()
    await world.provision()
    assert (await world.until("x", S.SKIPPED)).reason == "already_migrating"


async def test_an_unknown_client_counts_as_old(world: World) -> None:
    await world.guests(guest("ada", client_version=None))
    await world.provision()
    row = await world.until("ada", S.IN_REVIEW, S.SKIPPED)
    assert (row.state, row.reason) == (S.IN_REVIEW, None)


async def test_business_users_who_were_there_before_count_towards_the_totals(world: World) -> None:
    await world.guests(guest("x", edition=Edition.BUSINESS, storage_used_mb=70), guest("ada", storage_used_mb=30))
    await world.provision(licenses=1)
    await world.until("x", S.SKIPPED)
    await world.until("ada", S.IN_REVIEW)
    counters = await world.capacity()
    assert (counters.licenses_used, counters.storage_used_mb, counters.licenses_free) == (1, 70, 0)
    assert (await world.select("ada")).waiting_for_capacity == 1
