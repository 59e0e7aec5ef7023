"""Hot queries are answered by the index that was made for them: a partial index serves only where its words match."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from edition_migration.adapters.store.engine import connect
from edition_migration.adapters.store.store import SqlUnitOfWork
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.purge import Leftover
from edition_migration.ports.store_listing import PENDING
from tests.fixtures.records import NOW, ORG, ref

HOT: dict[str, Callable[[SqlUnitOfWork], Awaitable[object]]] = {
    "ix_migrations_unstarted": lambda uow: uow.migrations.unstarted(ORG, 500),
    "ix_migrations_pending": lambda uow: uow.listing.page(ORG, PENDING, 500, "u5"),
    "ix_migrations_wave": lambda uow: uow.members.to_release(ORG, "w1", 500, told_only=True),
    "ix_migrations_open_in_wave": lambda uow: uow.members.to_release(ORG, "w1", 500, told_only=False),
    "ix_migrations_parked": lambda uow: uow.followups.parked_count(ORG, NOW),
    "ix_waves_unreported": lambda uow: uow.waves.finished(ORG, 10),
    "ix_migrations_user_id": lambda uow: uow.migrations.latest_of_user("u5"),
    "ix_users_to_enroll": lambda uow: uow.users.to_enroll(ORG, ["acme.example"], 500),
    "ix_users_living_domain": lambda uow: uow.migrations.newest_of_domain(ORG, "acme.example", "u5", 500),
    "uq_users_living_email": lambda uow: uow.users.by_email("u5@acme.example"),
    "ix_tickets_waiting": lambda uow: uow.tickets.waiting(ORG, 0, 500),
    "ix_mails_of_migration": lambda uow: uow.mails.of_migration(ref("u5")),
    "ix_mails_unsent_by_organization": lambda uow: uow.mails.next_of_organization(ORG),
    "ix_inbox_pending": lambda uow: uow.inbox.next_pending(ORG),
    "ix_waves_unstarted": lambda uow: uow.waves.unstarted(ORG, 500),
    "ix_errands_org_id_errand_id": lambda uow: uow.errands.next(ORG),
    "ix_sessions_open": lambda uow: uow.sessions.open_count("u5"),
}


OLD = {
    "ix_inbox_received_at": Leftover.EVENTS,
    "ix_mails_created_at": Leftover.MAILS,
    "ix_reset_tokens_created_at": Leftover.LINKS,
    "ix_former_addresses_changed_at": Leftover.FORMER_ADDRESSES,
    "ix_sessions_created_at": Leftover.SESSIONS,
}
"""By which index a purge finds its old rows, on both databases."""


@pytest.mark.parametrize("index", HOT)
async def test_hot_query_uses_its_index(sqlite_store_url: str, index: str) -> None:
    steps = await _plan(sqlite_store_url, HOT[index], "EXPLAIN QUERY PLAN")
    assert any(f" {index} " in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN")]


@pytest.mark.parametrize("index", OLD)
async def test_old_rows_are_found_by_their_time(store_url: str, index: str) -> None:
    explain = "EXPLAIN QUERY PLAN" if store_url.startswith("sqlite") else "EXPLAIN"
    for look in (_count, _end_of_page):
        steps = await _plan(store_url, partial(look, OLD[index]), explain)
        assert any(index in step for step in steps), steps
        assert not [step for step in steps if step.startswith("SCAN") or "Seq Scan" in step], steps


async def _count(kind: Leftover, uow: SqlUnitOfWork) -> None:
    await uow.leftovers.count(kind, NOW)


async def _end_of_page(kind: Leftover, uow: SqlUnitOfWork) -> None:
    await uow.leftovers.remove_page(kind, NOW, NOW - timedelta(days=1), 1000)


async def _plan(url: str, ask: Callable[[SqlUnitOfWork], Awaitable[object]], explain: str) -> list[str]:
    """How the database answers the first SELECT of `ask`; PostgreSQL as it would if the tables were large."""
    engines = connect(url)
    asked: list[tuple[str, Any]] = []

    def remember(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    async with engines.writer.connect() as connection:
        if not engines.is_serial:
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(engines.writer.sync_engine, "before_cursor_execute", remember)
        await ask(SqlUnitOfWork(Transaction(connection, is_writer=True)))
        event.remove(engines.writer.sync_engine, "before_cursor_execute", remember)
        [statement, parameters] = next(it for it in asked if it[0].startswith("SELECT"))
        plan = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
        steps = [str(row[-1]) for row in plan]
    await engines.dispose()
    return steps
