"""Who leaves the company, or is deactivated by his directory, on the way: he is not activated, and holds nothing."""

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.reconciliation import contradictions
from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store_people import Session
from tests.application.moving import ORG, SELECTED, Moving, moving, writing
from tests.application.test_parking import command
from tests.builders import NOW

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


async def leave(world: Moving, reason: InactiveReason = InactiveReason.LEFT_COMPANY) -> None:
    await world.happen("user.updated", user_id="u1", status="inactive", inactive_reason=reason)


@pytest.mark.parametrize("reason", REASONS)
async def test_who_leaves_after_his_migration_is_inactive_and_gives_his_license_back_once(
    store: SqlStore, reason: InactiveReason
) -> None:
    world = await moving(store, S.MIGRATED)
    async with writing(store) as uow:
        await uow.sessions.add(Session("s1", "u1", "0" * 64, NOW))
    for _ in range(2):
        await leave(world, reason)
        ada, counters = await world.ada(), await world.capacity()
        assert (ada.account_status, ada.inactive_reason, ada.edition, ada.org_id) == (
            AccountStatus.INACTIVE, reason, Edition.BUSINESS, None,
        )  # fmt: skip
        assert (counters.licenses_used, counters.storage_used_mb, counters.licenses_free) == (0, 0, 1)
    async with store.read() as uow:
        assert (await uow.sessions.open_count("u1"), await uow.policies.assignment("u1")) == (0, None)
    assert ((await world.row()).state, [it.action for it in await world.journal()]) == (S.MIGRATED, ["leave"])
    assert (await world.waiting(), await world.bells()) == ([], {None, "u1"})


async def test_a_leaver_gets_no_policy_and_cannot_be_taken_back_by_undo(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await leave(world)
    await world.happen("org.policy.changed", policies={"organization": {"external_im": False}, "groups": []})
    async with store.read() as uow:
        assert await uow.policies.assignment("u1") is None
    answer = await command(store, CommandKind.UNDO)
    assert (answer.verdict, answer.reason) == ("refused", "has_left")
    assert (await world.ada()).inactive_reason is InactiveReason.LEFT_COMPANY


async def test_who_comes_back_after_his_migration_is_active_and_counts_again(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await leave(world)
    await world.happen("user.updated", user_id="u1", status="active")
    ada, counters = await world.ada(), await world.capacity()
    assert (ada.account_status, ada.edition, (await newest(world)).generation) == (
        AccountStatus.ACTIVE, Edition.BUSINESS, 1,
    )  # fmt: skip
    assert (counters.licenses_used, counters.storage_used_mb) == (1, 100)
    await leave(world)
    assert ((await world.capacity()).licenses_used, (await world.ada()).account_status) == (0, AccountStatus.INACTIVE)


async def test_of_who_is_migrated_inactive_without_a_reason_says_nothing(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await world.happen("user.updated", user_id="u1", status="inactive")
    assert ((await world.ada()).account_status, (await world.capacity()).licenses_used) == (AccountStatus.ACTIVE, 1)


async def test_a_leaver_is_no_difference_to_reconciliation(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await leave(world)
    async with store.read() as uow:
        [facts] = await uow.evidence.of_rows(ORG, "", 0, 10)
    kinds = {it.value for it in contradictions(facts, NOW, is_held=False)} - {"state_not_journaled"}
    assert kinds == set()


async def test_a_deleted_user_is_inactive(store: SqlStore) -> None:
    world = await moving(store, S.MIGRATED)
    await world.happen("user.deleted", user_id="u1")
    assert ((await world.ada()).account_status, (await world.capacity()).licenses_used) == (AccountStatus.INACTIVE, 0)
