"""The oldest mail that could leave: whatever holds a mail back takes it out of the figure, and nothing else does."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from edition_migration.adapters.store.engine import connect
from edition_migration.adapters.store.store import SqlStore, SqlUnitOfWork
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.metrics import QuietHours
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import OrganizationSettings
from edition_migration.domain.organization import QuietHours as Hours
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import SERVICE
from tests.fixtures.records import NOW, ORG, mail, migration, organization, ref, user

OLD, OLDER = NOW - timedelta(hours=1), NOW - timedelta(hours=2)
RESTING = "resting"
"""An organization with quiet hours."""


async def people(store: SqlStore) -> None:
    quiet = OrganizationSettings(quiet_hours=Hours(begins="20:00", ends="07:00"))
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.organizations.put(organization(RESTING, settings=quiet))
        await uow.users.put([user("u1"), user("u2"), user("r1")])
        await uow.migrations.add([migration("u1"), migration("u2"), migration("r1", org_id=RESTING)])
        await uow.commit()


async def oldest(store: SqlStore, quiet_hours: QuietHours = QuietHours.LEAVE) -> datetime | None:
    async with store.read() as uow:
        return await uow.backlog.oldest_mail(NOW, quiet_hours)


async def queued(store: SqlStore, *changes: Callable[[UnitOfWork], Awaitable[object]], **older: Any) -> None:
    """Two mails that could leave; the older one has these fields. Then the changes."""
    await people(store)
    async with store.write() as uow:
        await uow.mails.queue([mail("m1", **{"created_at": OLDER, **older}), mail("m2", user_id="u2", created_at=OLD)])
        for change in changes:
            await change(uow)
        await uow.commit()


async def test_without_mails_there_is_none(store: SqlStore) -> None:
    assert await oldest(store) is None


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.SENDING, MailState.DEFERRED, MailState.UNKNOWN])
async def test_whatever_is_still_to_be_sent_counts(store: SqlStore, state: MailState) -> None:
    await queued(store, state=state)
    assert await oldest(store) == OLDER


@pytest.mark.parametrize(
    "fields",
    [
        {"state": MailState.SUPPRESSED},
        {"state": MailState.BOUNCED},
        {"state": MailState.ACCEPTED, "accepted_at": OLD},
        {"state": MailState.UNKNOWN, "kind": MailKind.REMINDER},
        {"not_before": NOW + timedelta(seconds=1)},
        {"held_until": NOW + timedelta(seconds=1)},
    ],
    ids=["suppressed", "bounced", "accepted", "given up", "slot to come", "held"],
)
async def test_what_is_done_with_or_held_does_not_count(store: SqlStore, fields: dict[str, Any]) -> None:
    await queued(store, **fields)
    assert await oldest(store) == OLD


async def test_a_slot_or_a_hold_that_is_over_counts(store: SqlStore) -> None:
    await queued(store, not_before=NOW, held_until=NOW)
    assert await oldest(store) == OLDER


async def test_the_mail_of_a_parked_user_does_not_count(store: SqlStore) -> None:
    await queued(store, lambda uow: uow.migrations.set_attention(ref("u1"), Attention.COMPLAINT, NOW))
    assert await oldest(store) == OLD


@pytest.mark.parametrize(("scope", "expected"), [(ORG, None), (SERVICE, None), (RESTING, OLDER)])
async def test_a_pause_holds_the_mails_of_its_scope(store: SqlStore, scope: str, expected: datetime | None) -> None:
    await queued(store, lambda uow: uow.pauses.begin(scope, NOW, "staff-1"))
    assert await oldest(store) == expected


async def test_after_a_pause_they_count_again(store: SqlStore) -> None:
    await queued(
        store, lambda uow: uow.pauses.begin(ORG, OLDER, "staff-1"), lambda uow: uow.pauses.end(ORG, OLD, "staff-1")
    )
    assert await oldest(store) == OLDER


@pytest.mark.parametrize(
    ("kind", "quiet_hours"),
    [(MailKind.INSTRUCTIONS, QuietHours.HOLD), (MailKind.ACCOUNT_DEACTIVATED, QuietHours.LEAVE)],
)
async def test_mails_that_quiet_hours_may_hold_are_told_apart(
    store: SqlStore, kind: MailKind, quiet_hours: QuietHours
) -> None:
    await people(store)
    async with store.write() as uow:
        await uow.mails.queue([mail("m1", org_id=RESTING, user_id="r1", kind=kind, created_at=OLDER)])
        await uow.commit()
    assert {it: await oldest(store, it) for it in QuietHours} == {**dict.fromkeys(QuietHours), quiet_hours: OLDER}


LOOKS: dict[str, Callable[[SqlUnitOfWork], Awaitable[object]]] = {
    "ix_mails_unsent": lambda uow: uow.backlog.oldest_mail(NOW, QuietHours.HOLD),
    "ix_inbox_pending": lambda uow: uow.backlog.oldest_event(),
    "ix_migrations_state": lambda uow: uow.backlog.open_migrations(),
    "ix_migrations_parked": lambda uow: uow.backlog.parked_migrations(),
}


@pytest.mark.parametrize("index", LOOKS)
async def test_each_look_reads_an_index_and_no_table_from_end_to_end(sqlite_store_url: str, index: str) -> None:
    engines = connect(sqlite_store_url)
    asked: list[tuple[str, Any]] = []

    def remember(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    async with engines.reader.connect() as connection:
        event.listen(engines.reader.sync_engine, "before_cursor_execute", remember)
        await LOOKS[index](SqlUnitOfWork(Transaction(connection, is_writer=False)))
        event.remove(engines.reader.sync_engine, "before_cursor_execute", remember)
        [(statement, parameters)] = [it for it in asked if it[0].startswith("SELECT")]
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[-1] for row in plan]
    await engines.dispose()
    assert any(f" {index}" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN") and "USING" not in step], steps
