"""Who leaves the company, or is deactivated by his directory, on the way: he is not activated, and holds nothing."""

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests.application.moving import ORG, SELECTED, Moving, moving

ON_THE_WAY = [it for it in SELECTED if it is not S.MIGRATED]
REASONS = (InactiveReason.LEFT_COMPANY, InactiveReason.ADMIN_DEACTIVATED, InactiveReason.POLICY)


async def newest(world: Moving) -> Migration:
    async with world.store.read() as uow:
        row = await uow.migrations.latest(ORG, "u1")
    assert row is not None
    return row


@pytest.mark.parametrize("state", ON_THE_WAY)
async def test_a_leaver_is_stopped_wherever_he_is_and_stays_inactive(store: SqlStore, state: S) -> None:
    world = await moving(store, state)
    await world.happen("user.updated", user_id="u1", status="inactive", inactive_reason="left_company")
    row, ada, counters = await world.row(), await world.ada(), await world.capacity()
    assert (row.state, row.reason) == (S.CANCELLED, "no_longer_eligible")
    assert (ada.account_status, ada.inactive_reason, ada.edition, ada.org_id) == (
        AccountStatus.INACTIVE,
        InactiveReason.LEFT_COMPANY,
        Edition.GUEST,
        None,
    )
    assert (counters.licenses_reserved, counters.licenses_used) == (0, 0)
    assert {it.state for it in await world.tokens()} <= {TokenState.DEAD}
    assert await world.waiting() == []


@pytest.mark.parametrize("reason", REASONS)
async def test_why_he_is_not_pending_is_shown_and_he_is_again_when_he_comes_back(
    store: SqlStore, reason: InactiveReason
) -> None:
    world = await moving(store, S.INSTRUCTED)
    await world.happen("user.updated", user_id="u1", status="inactive", inactive_reason=reason)
    await world.block()
    skipped = await newest(world)
    shown = {"policy": "broke_policy"}.get(reason, str(reason))
    assert (skipped.generation, skipped.state, skipped.reason) == (2, S.SKIPPED, shown)
    await world.happen("user.updated", user_id="u1", status="active")
    again = await newest(world)
    assert (again.generation, again.state, again.wave_id) == (3, S.BLOCKED, None)


async def test_inactive_without_a_reason_is_no_leaver(store: SqlStore) -> None:
    """It may be the echo of our own block."""
    world = await moving(store, S.AWAITING_PASSWORD)
    await world.happen("user.updated", user_id="u1", status="inactive")
    assert (await world.row()).state is S.AWAITING_PASSWORD
