"""The gauges that come from rows: exact values of planted rows, on both databases."""

from datetime import timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.gauges import Gauges
from edition_migration.application.sealing import Sealer
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.mail import MailKind
from edition_migration.domain.metrics import METRICS, MetricKind
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import OPEN
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_events import InboxRow, InboxState
from tests.doubles import KeepingMeter, MovableClock
from tests.fixtures.records import NOW, ORG, entry, mail, migration, organization, ref, user

PREFIX = "edition_migration_"
NOTHING = {
    (f"{PREFIX}looked_up_timestamp_seconds",): NOW.timestamp(),
    (f"{PREFIX}oldest_doorbell_seconds",): 0.0,
    (f"{PREFIX}oldest_event_seconds",): 0.0,
    (f"{PREFIX}oldest_mail_seconds", "hold"): 0.0,
    (f"{PREFIX}oldest_mail_seconds", "leave"): 0.0,
    (f"{PREFIX}oldest_unsealed_journal_seconds",): 0.0,
    **{(f"{PREFIX}open_migrations", str(state)): 0 for state in OPEN},
    **{(f"{PREFIX}parked_migrations", str(attention)): 0 for attention in Attention},
}


def gauges_of(store: SqlStore, meter: KeepingMeter) -> Gauges:
    return Gauges(store=store, clock=MovableClock(NOW), meter=meter, sealer=Sealer(store=store))


def seconds_ago(seconds: float) -> dict[str, object]:
    return {"created_at": NOW - timedelta(seconds=seconds)}


def event(event_id: str, age: timedelta, state: InboxState) -> InboxRow:
    return InboxRow(0, "/source", event_id, "user.created", ORG, "{}", event_id, NOW - age, state)


async def plant(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(f"u{number}") for number in range(1, 6)])
        await uow.migrations.add(
            [
                migration("u1", state=S.IN_REVIEW),
                migration("u2", state=S.IN_REVIEW),
                migration("u3", state=S.AWAITING_PASSWORD),
                migration("u4", state=S.MIGRATED),
                migration("u5", state=S.CANCELLED),
            ]
        )
        await uow.migrations.set_attention(ref("u2"), Attention.WORKFLOW_MISSING, NOW)
        await uow.migrations.set_attention(ref("u3"), Attention.POLICY, NOW)
        await uow.migrations.set_attention(ref("u5"), Attention.UNDELIVERABLE, NOW)
        await uow.mails.queue([mail("m1", kind=MailKind.ACCOUNT_DEACTIVATED, **seconds_ago(600))])
        await uow.doorbells.add_organization(ORG, NOW - timedelta(seconds=7.5))
        await uow.doorbells.add_organization(ORG, NOW)
        await uow.inbox.receive(event("e1", timedelta(days=1), InboxState.APPLIED))
        await uow.inbox.receive(event("e2", timedelta(minutes=2), InboxState.PENDING))
        await uow.inbox.receive(event("e3", timedelta(minutes=1), InboxState.PENDING))
        await uow.journal.add([entry("k1", at=NOW - timedelta(minutes=5)), entry("k2", at=NOW)])
        await uow.commit()


async def test_where_nothing_waits_every_series_is_there_at_zero(store: SqlStore) -> None:
    meter = KeepingMeter()
    await gauges_of(store, meter).look_up()
    assert meter.shown == NOTHING


async def test_what_waits_is_shown_with_its_age_and_its_number(store: SqlStore) -> None:
    await plant(store)
    meter = KeepingMeter()
    await gauges_of(store, meter).look_up()
    assert meter.shown == {
        **NOTHING,
        (f"{PREFIX}oldest_doorbell_seconds",): 7.5,
        (f"{PREFIX}oldest_event_seconds",): 120.0,
        (f"{PREFIX}oldest_mail_seconds", "leave"): 600.0,
        (f"{PREFIX}oldest_unsealed_journal_seconds",): 300.0,
        (f"{PREFIX}open_migrations", "IN_REVIEW"): 2,
        (f"{PREFIX}open_migrations", "AWAITING_PASSWORD"): 1,
        (f"{PREFIX}parked_migrations", "workflow_missing"): 1,
        (f"{PREFIX}parked_migrations", "policy"): 1,
    }


async def test_sealed_entries_are_not_waited_for_any_more(store: SqlStore) -> None:
    await plant(store)
    await Sealer(store=store).seal_due()
    meter = KeepingMeter()
    await gauges_of(store, meter).look_up()
    assert meter.shown[f"{PREFIX}oldest_unsealed_journal_seconds",] == 0.0


async def test_a_writer_whose_clock_is_ahead_makes_nothing_younger_than_new(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.doorbells.add_organization(ORG, NOW + timedelta(minutes=1))
        await uow.commit()
    meter = KeepingMeter()
    await gauges_of(store, meter).look_up()
    assert meter.shown[f"{PREFIX}oldest_doorbell_seconds",] == 0.0


async def test_while_the_store_is_away_all_stay_what_they_were() -> None:
    store, meter = SqlStore("sqlite+aiosqlite:///no/such/folder/store.db"), KeepingMeter()
    with pytest.raises(StoreUnavailable):
        await gauges_of(store, meter).look_up()
    assert meter.shown == {}
    await store.dispose()


async def test_all_gauges_of_the_table_are_looked_up_but_the_breaker(store: SqlStore) -> None:
    meter = KeepingMeter()
    await gauges_of(store, meter).look_up()
    gauges = {it.name for it in METRICS if it.kind is MetricKind.GAUGE}
    assert gauges - {series[0] for series in meter.shown} == {f"{PREFIX}relay_breaker_open"}
