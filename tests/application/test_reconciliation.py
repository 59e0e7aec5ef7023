"""Each kind of difference, planted in a sound store, is found, exactly it, and mended where it is provable."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application import reconcile_journal, reconcile_rows
from edition_migration.domain.differences import WORDS, DifferenceKind, ReconcilePage
from edition_migration.domain.errors import NotFound, StoreUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.reconciliation import WorkflowStatus
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState
from tests import builders
from tests.application.sound_store import BEFORE, RECENTLY, StatingGateway, differences, reconciliation, ref, sound
from tests.builders import NOW
from tests.fixtures import records
from tests.fixtures.tampering import tamper
from tests.stores import store_at

K = DifferenceKind


@dataclass
class Ground:
    """A sound store to plant differences in."""

    store: SqlStore
    url: str
    gateway: StatingGateway

    async def write(self, action: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        async with self.store.write() as uow:
            await action(uow)
            await uow.commit()

    async def sql(self, *statements: str) -> None:
        await tamper(self.url, *statements)

    async def since(self, at: datetime) -> None:
        """All rows are where they are since then."""
        await self.sql(f"UPDATE migrations SET since = '{at:%Y-%m-%d %H:%M:%S.%f}'")  # noqa: S608 - a constant


@pytest.fixture
async def ground(sqlite_store_url: str) -> AsyncIterator[Ground]:
    async with store_at(sqlite_store_url) as store:
        yield Ground(store, sqlite_store_url, await sound(store))


Plant = Callable[[Ground], Awaitable[None]]


@dataclass(frozen=True)
class Workflow:
    """Planted by what Temporal says of it."""

    workflow_id: str
    status: WorkflowStatus

    async def __call__(self, ground: Ground) -> None:
        ground.gateway.status[self.workflow_id] = self.status


_missing_workflow = Workflow(ref("instructed").workflow_id, WorkflowStatus.MISSING)
_failed_workflow = Workflow(ref("instructed").workflow_id, WorkflowStatus.FAILED)
_timed_out_workflow = Workflow(ref("instructed").workflow_id, WorkflowStatus.TIMED_OUT)
_terminated_workflow = Workflow(ref("instructed").workflow_id, WorkflowStatus.TERMINATED)
_completed_workflow = Workflow(ref("awaiting").workflow_id, WorkflowStatus.COMPLETED)


async def _workflow_past_its_row(ground: Ground) -> None:
    ground.gateway.shown[ref("instructed").workflow_id] = S.AWAITING_PASSWORD


async def _workflow_past_its_row_and_terminated(ground: Ground) -> None:
    await _workflow_past_its_row(ground)
    await _terminated_workflow(ground)


async def _workflow_past_its_row_which_waits_to_be_started(ground: Ground) -> None:
    await ground.write(lambda uow: uow.migrations.restart(ref("blocked")))
    await ground.since(RECENTLY)
    ground.gateway.shown[ref("blocked").workflow_id] = S.IN_REVIEW


async def _completed_workflow_of_a_lost_goal(ground: Ground) -> None:
    await _completed_workflow(ground)
    ground.gateway.shown[ref("awaiting").workflow_id] = S.MIGRATED


async def _completed_workflow_of_a_lost_cancel(ground: Ground) -> None:
    await _completed_workflow(ground)
    ground.gateway.shown[ref("awaiting").workflow_id] = S.CANCELLED


async def _completed_workflow_of_a_lost_end_by_a_hold(ground: Ground) -> None:
    """The hold is in the row and will run out again: nobody else's word was lost."""
    await _completed_workflow_of_a_lost_cancel(ground)
    await ground.write(lambda uow: uow.migrations.set_hold(ref("awaiting"), NOW + timedelta(hours=1)))


def _shows(plant: Plant, state: S) -> Plant:
    """The same end, shown by one that still runs to deliver its last mails, or was ended then."""

    async def planted(ground: Ground) -> None:
        await plant(ground)
        ground.gateway.shown[ref("awaiting").workflow_id] = state

    planted.__name__ = f"{state}_shown"
    return planted


async def _held(ground: Ground) -> None:
    await ground.write(lambda uow: uow.migrations.set_hold(ref("awaiting"), NOW + timedelta(hours=1)))


_running_workflow = Workflow(ref("awaiting").workflow_id, WorkflowStatus.RUNNING)
_ended_workflow = Workflow(ref("awaiting").workflow_id, WorkflowStatus.TERMINATED)


async def _workflow_before_its_row(ground: Ground) -> None:
    ground.gateway.shown[ref("awaiting").workflow_id] = S.IN_REVIEW


_workflow_without_row = Workflow(
    MigrationRef(org_id="acme", user_id="blocked", generation=2).workflow_id, WorkflowStatus.RUNNING
)
_wave_without_row = Workflow("wave/acme/w7", WorkflowStatus.RUNNING)
_workflow_of_an_organization_without_row = Workflow("migration/other/u1/1", WorkflowStatus.RUNNING)
_left_over_wave = Workflow("wave/acme/w1", WorkflowStatus.RUNNING)


async def _never_started(ground: Ground) -> None:
    await ground.write(lambda uow: uow.migrations.restart(ref("blocked")))


_left_over_workflow = Workflow(ref("expired").workflow_id, WorkflowStatus.RUNNING)
_stopped_wave = Workflow("wave/acme/w2", WorkflowStatus.TERMINATED)
_completed_wave = Workflow("wave/acme/w2", WorkflowStatus.COMPLETED)


async def _stopped_organization(ground: Ground) -> None:
    await Workflow("organization/acme", WorkflowStatus.TERMINATED)(ground)
    await ground.write(lambda uow: uow.errands.add("acme", "resume", "", RECENTLY))


async def _wrong_counters(ground: Ground) -> None:
    await ground.sql("UPDATE counters SET licenses_used = 1, storage_reserved_mb = 7")


async def _open_ledger(ground: Ground) -> None:
    await ground.sql(
        "INSERT INTO ledger (org_id, user_id, generation, state, storage_mb) "
        "VALUES ('acme', 'expired', 1, 'reserved', 100)",
        "UPDATE counters SET licenses_reserved = 2, storage_reserved_mb = 200",
    )


async def _granted_without_ledger(ground: Ground) -> None:
    await ground.write(lambda uow: uow.ledger.release(ref("instructed")))


async def _activated_without_ledger(ground: Ground) -> None:
    await ground.write(lambda uow: uow.ledger.release(ref("awaiting")))


async def _migrated_without_ledger(ground: Ground) -> None:
    await ground.write(lambda uow: uow.ledger.release(ref("migrated")))


async def _ledger_without_a_migration(ground: Ground) -> None:
    seventh = MigrationRef(org_id="acme", user_id="expired", generation=7)
    await ground.write(lambda uow: uow.capacity.take("acme", 1, 100))
    await ground.write(lambda uow: uow.ledger.reserve("acme", [(seventh, 100)]))


async def _adopted_and_deleted(ground: Ground) -> None:
    await ground.write(lambda uow: uow.ledger.adopt("acme", [("expired", 100)]))
    await ground.sql("UPDATE users SET is_deleted = true, email = NULL, domain = NULL WHERE user_id = 'expired'")


async def _open_ticket(ground: Ground) -> None:
    await ground.sql(
        "INSERT INTO tickets (org_id, number, user_id, generation, state, storage_mb) "
        "VALUES ('acme', 99, 'expired', 1, 'granted', 100)"
    )


async def _waiting_ticket(ground: Ground) -> None:
    await ground.write(lambda uow: uow.tickets.cut("acme", [(ref("blocked"), 100)]))


async def _stuck_mail(ground: Ground) -> None:
    mail = records.mail("m2", user_id="blocked", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=BEFORE)
    await ground.write(lambda uow: uow.mails.queue([mail]))


async def _stuck_mail_of_the_organization(ground: Ground) -> None:
    mail = records.mail("m3", user_id=None, generation=None, kind=MailKind.PENDING_DIGEST, created_at=BEFORE)
    await ground.write(lambda uow: uow.mails.queue([mail]))


async def _live_link(ground: Ground) -> None:
    await ground.write(lambda uow: uow.tokens.add(records.token("t2", user_id="expired")))


async def _no_link(ground: Ground) -> None:
    await ground.write(lambda uow: uow.tokens.kill_all(ref("awaiting")))


async def _no_link_mail(ground: Ground) -> None:
    await ground.sql("UPDATE mails SET state = 'suppressed' WHERE mail_id = 'm1'")


async def _other_state(ground: Ground) -> None:
    ground.gateway.shown[ref("blocked").workflow_id] = S.IN_REVIEW
    await ground.sql("UPDATE migrations SET state = 'IN_REVIEW' WHERE user_id = 'blocked'")


async def _nothing_journaled(ground: Ground) -> None:
    await ground.write(lambda uow: uow.users.put([builders.user("new", org_id="acme")]))
    row = builders.migration("new", state=S.SKIPPED, started_at=None)
    await ground.write(lambda uow: uow.migrations.add([row]))


async def _no_password(ground: Ground) -> None:
    await ground.sql("UPDATE users SET password_hash = NULL WHERE user_id = 'chosen'")


async def _active_account(ground: Ground) -> None:
    await ground.write(
        lambda uow: uow.users.set_account(["instructed"], status=AccountStatus.ACTIVE, reason=None, org_id="acme")
    )


async def _locked_out(ground: Ground) -> None:
    await ground.sql("UPDATE domains SET block_at = NULL, is_claimed = false WHERE name = 'acme.example'")


async def _old_doorbell(ground: Ground) -> None:
    await ground.write(lambda uow: uow.doorbells.add_migrations([ref("blocked")], BEFORE))


async def _old_errand(ground: Ground) -> None:
    await ground.write(lambda uow: uow.errands.add("acme", "resume", "", BEFORE))


async def _old_event(ground: Ground) -> None:
    row = InboxRow(0, "urn:test", "e1", "user.deleted", "acme", "{}", "0" * 64, BEFORE, InboxState.PENDING)
    await ground.write(lambda uow: uow.inbox.receive(row))


async def _unsealed(ground: Ground) -> None:
    entry = records.entry("k", "blocked", source=S.BLOCKED, target=S.BLOCKED, at=BEFORE)
    await ground.write(lambda uow: uow.journal.add([entry]))


async def _broken_chain(ground: Ground) -> None:
    await ground.sql("UPDATE journal SET actor = 'nobody' WHERE entry_id = 2")


PLANTS: list[tuple[Plant, DifferenceKind, str | None, bool]] = [
    (_missing_workflow, K.WORKFLOW_MISSING, "instructed", True),
    (_failed_workflow, K.WORKFLOW_MISSING, "instructed", True),
    (_timed_out_workflow, K.WORKFLOW_MISSING, "instructed", True),
    (_terminated_workflow, K.WORKFLOW_ENDED, "instructed", False),
    (_completed_workflow, K.WORKFLOW_AHEAD, "awaiting", True),
    (_completed_workflow_of_a_lost_goal, K.WORKFLOW_AHEAD, "awaiting", True),
    (_completed_workflow_of_a_lost_cancel, K.END_LOST, "awaiting", False),
    (_completed_workflow_of_a_lost_end_by_a_hold, K.WORKFLOW_AHEAD, "awaiting", True),
    (_shows(_running_workflow, S.MIGRATED), K.WORKFLOW_AHEAD, "awaiting", True),
    (_shows(_running_workflow, S.EXPIRED), K.WORKFLOW_AHEAD, "awaiting", True),
    (_shows(_running_workflow, S.CANCELLED), K.END_LOST, "awaiting", False),
    (_shows(_held, S.CANCELLED), K.WORKFLOW_AHEAD, "awaiting", True),
    (_shows(_ended_workflow, S.MIGRATED), K.WORKFLOW_AHEAD, "awaiting", True),
    (_shows(_ended_workflow, S.CANCELLED), K.END_LOST, "awaiting", False),
    (_workflow_past_its_row, K.WORKFLOW_AHEAD, "instructed", True),
    (_workflow_past_its_row_and_terminated, K.WORKFLOW_AHEAD, "instructed", True),
    (_workflow_past_its_row_which_waits_to_be_started, K.WORKFLOW_AHEAD, "blocked", True),
    (_workflow_before_its_row, K.WORKFLOW_UNAWARE, "awaiting", True),
    (_workflow_without_row, K.WORKFLOW_STRAY, "blocked", True),
    (_wave_without_row, K.WORKFLOW_STRAY, None, True),
    (_workflow_of_an_organization_without_row, K.WORKFLOW_STRAY, "u1", True),
    (_left_over_wave, K.WORKFLOW_LEFT_OVER, None, True),
    (_never_started, K.WORKFLOW_NOT_STARTED, "blocked", True),
    (_left_over_workflow, K.WORKFLOW_LEFT_OVER, "expired", True),
    (_stopped_wave, K.WAVE_STOPPED, None, True),
    (_completed_wave, K.WAVE_STOPPED, None, True),
    (_stopped_organization, K.ORGANIZATION_STOPPED, None, True),
    (_wrong_counters, K.COUNTERS_WRONG, None, True),
    (_open_ledger, K.LEDGER_OPEN, "expired", True),
    (_granted_without_ledger, K.LEDGER_MISSING, "instructed", False),
    (_activated_without_ledger, K.LEDGER_MISSING, "awaiting", False),
    (_migrated_without_ledger, K.LEDGER_MISSING, "migrated", False),
    (_ledger_without_a_migration, K.LEDGER_STRAY, "expired", True),
    (_adopted_and_deleted, K.LEDGER_STRAY, "expired", True),
    (_open_ticket, K.TICKET_OPEN, "expired", True),
    (_waiting_ticket, K.TICKET_WAITING, None, True),
    (_stuck_mail, K.MAIL_STUCK, "blocked", True),
    (_stuck_mail_of_the_organization, K.MAIL_STUCK, None, True),
    (_live_link, K.LINK_ALIVE, "expired", True),
    (_no_link, K.LINK_MISSING, "awaiting", False),
    (_no_link_mail, K.LINK_MISSING, "awaiting", False),
    (_other_state, K.STATE_NOT_JOURNALED, "blocked", False),
    (_nothing_journaled, K.STATE_NOT_JOURNALED, "new", False),
    (_no_password, K.PASSWORD_MISSING, "chosen", False),
    (_active_account, K.ACCOUNT_ACTIVE, "instructed", False),
    (_locked_out, K.LOCKED_OUT, "expired", True),
    (_old_doorbell, K.DOORBELL_OLD, None, True),
    (_old_errand, K.ERRAND_OLD, None, True),
    (_old_event, K.EVENT_OLD, None, True),
    (_unsealed, K.JOURNAL_NOT_SEALED, None, True),
    (_broken_chain, K.CHAIN_BROKEN, None, False),
]
MENDED_AT_ONCE = frozenset(
    {
        K.WAVE_STOPPED,
        K.WORKFLOW_STRAY,
        K.COUNTERS_WRONG,
        K.LEDGER_OPEN,
        K.LEDGER_STRAY,
        K.TICKET_OPEN,
        K.LINK_ALIVE,
        K.DOORBELL_OLD,
        K.JOURNAL_NOT_SEALED,
    }
)
"""All others are rung, and the workflow does the rest."""


def test_every_kind_has_words_and_is_planted() -> None:
    assert set(WORDS) == set(K)
    assert {kind for _, kind, _, _ in PLANTS} == set(K) - {K.MAIL_DOUBTFUL}


async def test_sound_store_has_no_difference_and_is_not_touched(ground: Ground) -> None:
    assert await differences(ground.store, ground.gateway) == []
    assert ground.gateway.rung == []
    assert ground.gateway.started == []


@pytest.mark.parametrize(
    ("plant", "kind", "user_id", "is_mended"), PLANTS, ids=lambda it: getattr(it, "__name__", None)
)
async def test_planted_difference_is_found_exactly(
    ground: Ground, plant: Plant, kind: DifferenceKind, user_id: str | None, is_mended: bool
) -> None:
    await plant(ground)
    named = await differences(ground.store, ground.gateway, is_dry=True)
    assert [(it.kind, it.user_id, it.is_mended) for it in named] == [(kind, user_id, False)]
    assert ground.gateway.rung == ground.gateway.started == ground.gateway.ended == []
    found = await differences(ground.store, ground.gateway)
    assert [(it.kind, it.user_id, it.is_mended) for it in found] == [(kind, user_id, is_mended)]
    if is_mended and kind in MENDED_AT_ONCE:
        assert await differences(ground.store, ground.gateway) == []


TOGETHER = (
    *(_missing_workflow, _never_started, _left_over_workflow, _stopped_wave, _wrong_counters, _open_ledger),
    *(_open_ticket, _stuck_mail, _stuck_mail_of_the_organization, _live_link, _no_link, _nothing_journaled),
    *(_no_password, _active_account, _old_doorbell, _old_errand, _old_event, _broken_chain),
    _ledger_without_a_migration,
)


async def test_differences_are_found_and_mended_on_postgresql_too(postgres_store_url: str) -> None:
    expected = {(kind, user_id, is_mended) for plant, kind, user_id, is_mended in PLANTS if plant in TOGETHER}
    async with store_at(postgres_store_url) as store:
        ground = Ground(store, postgres_store_url, await sound(store))
        for plant in TOGETHER:
            await plant(ground)
        named = await differences(store, ground.gateway, is_dry=True)
        found = await differences(store, ground.gateway)
        left = await differences(store, ground.gateway)
    assert {(it.kind, it.user_id) for it in named} == {(kind, user_id) for kind, user_id, _ in expected}
    assert {(it.kind, it.user_id, it.is_mended) for it in found} == expected
    assert not {it.kind for it in left} & MENDED_AT_ONCE


async def test_workflow_past_its_row_is_ended_before_the_row_starts_another(ground: Ground) -> None:
    await _workflow_past_its_row(ground)
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("instructed"))
    assert row is not None
    assert (ground.gateway.ended, row.started_at, row.state) == ([ref("instructed").workflow_id], None, S.INSTRUCTED)


async def test_end_that_was_lost_is_shown_so_that_retry_may_go_on_from_the_row(ground: Ground) -> None:
    await _completed_workflow_of_a_lost_cancel(ground)
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("awaiting"))
    assert row is not None
    assert (row.attention, row.started_at) == (Attention.WORKFLOW_MISSING, BEFORE)


async def test_who_still_runs_after_an_end_that_was_lost_is_ended_so_that_retry_may_start_another(
    ground: Ground,
) -> None:
    await _shows(_running_workflow, S.CANCELLED)(ground)
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("awaiting"))
    assert row is not None
    assert ground.gateway.ended == [ref("awaiting").workflow_id]
    assert (row.attention, row.started_at) == (Attention.WORKFLOW_MISSING, BEFORE)


def _meanwhile(ground: Ground, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """It happens between the end of a migration's workflow and the next look at its row."""
    end = ground.gateway.end

    async def and_then(workflow_id: str, reason: str) -> None:
        await end(workflow_id, reason)
        if workflow_id.startswith("migration/"):
            await happens()

    monkeypatch.setattr(ground.gateway, "end", and_then)


async def test_whose_row_moved_on_while_his_workflow_was_ended_gets_another(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _workflow_past_its_row(ground)
    move = partial(ground.sql, "UPDATE migrations SET state = 'AWAITING_PASSWORD' WHERE user_id = 'instructed'")
    _meanwhile(ground, monkeypatch, move)
    async for outcome in reconciliation(ground.store, ground.gateway).run("acme", is_dry=False):
        if outcome.rows:
            [found] = outcome.differences
            assert (found.kind, found.user_id, found.is_mended) == (K.WORKFLOW_AHEAD, "instructed", True)
    assert ground.gateway.ended == [ref("instructed").workflow_id]
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("instructed"))
        bells = [(bell.org_id, bell.user_id) for bell in await uow.doorbells.oldest(9)]
    assert row is not None
    assert (row.state, row.started_at, bells) == (S.AWAITING_PASSWORD, None, [("acme", None)])


async def test_who_ended_while_his_workflow_was_ended_is_rung_for_so_that_his_mails_are_handed_over(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _workflow_past_its_row(ground)
    end = partial(ground.sql, "UPDATE migrations SET state = 'CANCELLED' WHERE user_id = 'instructed'")
    _meanwhile(ground, monkeypatch, end)
    async for _ in reconciliation(ground.store, ground.gateway).run("acme", is_dry=False):
        pass
    async with ground.store.read() as uow:
        assert ("acme", "instructed") in [(bell.org_id, bell.user_id) for bell in await uow.doorbells.oldest(9)]


async def test_killed_when_it_had_ended_a_workflow_it_leaves_a_row_that_the_organization_starts(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = records.mail("m2", user_id="blocked", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=RECENTLY)
    await ground.write(lambda uow: uow.mails.queue([mail]))

    async def killed() -> None:
        raise StoreUnavailable("gone")

    _meanwhile(ground, monkeypatch, killed)
    with pytest.raises(StoreUnavailable):
        await differences(ground.store, ground.gateway, is_restored=True)
    assert ground.gateway.ended == ["organization/acme", ref("blocked").workflow_id]
    async with ground.store.read() as uow:
        assert [it.user_id for it in await uow.migrations.unstarted("acme", 9)] == ["blocked"]


@pytest.mark.parametrize("plant", [_workflow_before_its_row, _left_over_workflow])
async def test_after_a_restore_nothing_is_too_young(ground: Ground, plant: Plant) -> None:
    await plant(ground)
    await ground.since(RECENTLY)
    assert await differences(ground.store, ground.gateway) == []
    assert len(await differences(ground.store, ground.gateway, is_dry=True, is_restored=True)) == 1


async def test_after_a_restore_everybody_is_rung_since_nobody_knows_which_rings_were_lost(ground: Ground) -> None:
    assert await differences(ground.store, ground.gateway, is_dry=True, is_restored=True) == []
    assert await differences(ground.store, ground.gateway, is_restored=True) == []
    async with ground.store.read() as uow:
        errand = await uow.errands.next("acme")
        bells = [(bell.org_id, bell.wave_id) for bell in await uow.doorbells.oldest(9)]
    assert errand is not None
    assert (errand.kind, bells) == ("resume", [("acme", "w2"), ("acme", None)])
    assert ground.gateway.ended == ["organization/acme"]


@pytest.mark.parametrize("pause", [None, "*"])
async def test_after_a_restore_a_mail_that_waits_gets_another_workflow(ground: Ground, pause: str | None) -> None:
    """The one that runs may have sent it in the time that was lost, and never looks at it again."""
    mail = records.mail("m2", user_id="blocked", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=RECENTLY)
    await ground.write(lambda uow: uow.mails.queue([mail]))
    if pause:
        await ground.write(lambda uow: uow.pauses.begin(pause, BEFORE, "admin"))
    assert await differences(ground.store, ground.gateway) == []
    [found] = await differences(ground.store, ground.gateway, is_restored=True)
    assert (found.kind, found.user_id, found.is_mended) == (K.MAIL_DOUBTFUL, "blocked", True)
    assert ground.gateway.ended == ["organization/acme", ref("blocked").workflow_id]
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("blocked"))
    assert row is not None
    assert row.started_at is None


async def test_missing_workflow_is_left_to_the_organization_to_start(ground: Ground) -> None:
    await _missing_workflow(ground)
    await ground.write(lambda uow: uow.migrations.set_attention(ref("instructed"), Attention.WORKFLOW_MISSING, NOW))
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("instructed"))
        bells = [(bell.org_id, bell.user_id) for bell in await uow.doorbells.oldest(9)]
        journal = [(it.action, it.actor) for it in await uow.journal.of_user("acme", "instructed")]
    assert row is not None
    assert (row.started_at, row.attention, bells) == (None, None, [("acme", None)])
    assert journal[-1] == ("reconcile", "reconciliation")


async def test_terminated_workflow_is_shown_so_that_retry_may_start_it(ground: Ground) -> None:
    await _terminated_workflow(ground)
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        row = await uow.migrations.get(ref("instructed"))
    assert row is not None
    assert (row.attention, row.started_at) == (Attention.WORKFLOW_MISSING, BEFORE)


async def test_workflow_that_only_the_lists_miss_is_no_difference(ground: Ground) -> None:
    ground.gateway.listed = set()
    assert await differences(ground.store, ground.gateway) == []
    assert ref("blocked").workflow_id in ground.gateway.described


async def test_counters_are_written_from_the_ledger(ground: Ground) -> None:
    await _wrong_counters(ground)
    await differences(ground.store, ground.gateway)
    async with ground.store.read() as uow:
        counters = await uow.capacity.get("acme")
        assert counters == await uow.ledger.sums("acme")
    assert (counters.licenses_used, counters.licenses_reserved, counters.storage_reserved_mb) == (3, 1, 100)


async def test_counters_above_what_was_purchased_are_written_too(ground: Ground) -> None:
    await ground.write(lambda uow: uow.capacity.set_purchased("acme", licenses=2, storage_mb=0))
    await _wrong_counters(ground)
    assert [it.is_mended for it in await differences(ground.store, ground.gateway)] == [True]


async def test_what_nobody_can_use_is_released_and_the_queue_is_rung(ground: Ground) -> None:
    await _ledger_without_a_migration(ground)
    [found] = await differences(ground.store, ground.gateway)
    assert (found.kind, found.generation, found.is_mended) == (K.LEDGER_STRAY, 7, True)
    async with ground.store.read() as uow:
        counters = await uow.capacity.get("acme")
        assert counters == await uow.ledger.sums("acme")
        bells = [(bell.org_id, bell.user_id) for bell in await uow.doorbells.oldest(9)]
    assert (counters.licenses_reserved, bells) == (1, [("acme", None)])


@pytest.mark.parametrize("pause", ["acme", "*"])
async def test_mail_that_a_pause_holds_is_no_difference(ground: Ground, pause: str) -> None:
    await _stuck_mail(ground)
    await _stuck_mail_of_the_organization(ground)
    await ground.write(lambda uow: uow.pauses.begin(pause, BEFORE, "admin"))
    assert await differences(ground.store, ground.gateway) == []


async def test_mail_to_who_called_our_mails_unwanted_is_no_difference(ground: Ground) -> None:
    await _stuck_mail(ground)
    await ground.write(lambda uow: uow.migrations.set_attention(ref("blocked"), Attention.COMPLAINT, BEFORE))
    assert await differences(ground.store, ground.gateway) == []


async def test_mail_that_quiet_hours_hold_is_no_difference(ground: Ground) -> None:
    await _stuck_mail(ground)
    quiet = builders.organization(quiet_hours=QuietHours(begins="11:30", ends="13:00", weekends=False))
    await ground.write(lambda uow: uow.organizations.put(quiet))
    assert await differences(ground.store, ground.gateway) == []


@pytest.mark.parametrize("state", [MailState.DEFERRED, MailState.BOUNCED])
async def test_mail_that_is_tried_again_or_waits_for_somebody_is_no_difference(
    ground: Ground, state: MailState
) -> None:
    await _stuck_mail(ground)
    await ground.write(lambda uow: uow.mails.mark("m2", [MailState.QUEUED], state, BEFORE))
    assert await differences(ground.store, ground.gateway) == []


@pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=59)])
async def test_what_is_younger_than_an_hour_is_on_its_way(ground: Ground, age: timedelta) -> None:
    mail = records.mail("m2", user_id="blocked", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=NOW - age)
    await ground.write(lambda uow: uow.mails.queue([mail]))
    await ground.write(lambda uow: uow.doorbells.add_organization("acme", NOW - age))
    await ground.write(lambda uow: uow.errands.add("acme", "resume", "", NOW - age))
    assert await differences(ground.store, ground.gateway) == []


async def test_all_pages_are_looked_at(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile_rows, "PAGE", 2)
    for name in ("awaiting", "blocked", "instructed"):
        await Workflow(ref(name).workflow_id, WorkflowStatus.MISSING)(ground)
    assert {it.user_id for it in await differences(ground.store, ground.gateway)} == {
        "awaiting",
        "blocked",
        "instructed",
    }


@pytest.mark.parametrize("changed", [1, 2, 3, 6])
async def test_long_chain_is_looked_at_stretch_by_stretch(
    ground: Ground, changed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_journal, "STRETCH", 2)
    assert await differences(ground.store, ground.gateway) == []
    await ground.sql(f"UPDATE journal SET actor = 'nobody' WHERE entry_id = {changed}")  # noqa: S608
    assert [it.kind for it in await differences(ground.store, ground.gateway)] == [K.CHAIN_BROKEN]


async def test_every_organization_is_looked_at_also_one_that_only_events_name(ground: Ground) -> None:
    await ground.write(lambda uow: uow.organizations.put(builders.organization(org_id="other")))
    row = InboxRow(0, "urn:test", "e1", "user.deleted", "unknown", "{}", "0" * 64, BEFORE, InboxState.PENDING)
    await ground.write(lambda uow: uow.inbox.receive(row))
    await ground.sql("UPDATE counters SET licenses_used = 5, licenses_ceiling = 5 WHERE org_id = 'other'")
    found = await differences(ground.store, ground.gateway)
    assert [(it.kind, it.org_id) for it in found] == [
        (K.COUNTERS_WRONG, "other"),
        (K.EVENT_OLD, "unknown"),
        (K.ORGANIZATION_STOPPED, "unknown"),
    ]


async def test_unknown_organization_is_refused(ground: Ground) -> None:
    with pytest.raises(NotFound):
        await reconciliation(ground.store, ground.gateway).page(ReconcilePage(org_id="acne"))


async def test_sentences_name_nobody(ground: Ground) -> None:
    await _terminated_workflow(ground)
    (found,) = await differences(ground.store, ground.gateway)
    assert "@" not in found.model_dump_json()
