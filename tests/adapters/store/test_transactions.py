"""A unit of work is all or nothing; a database that cannot answer is said so, without a word of what was asked."""

import asyncio
import sqlite3
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from edition_migration.adapters.store.engine import connect
from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import (
    ConfigurationError,
    Conflict,
    EditionMigrationError,
    NotFound,
    StoreUnavailable,
)
from edition_migration.ports.store import UnitOfWork
from tests.fixtures.postgres import execute
from tests.fixtures.records import NOW, organization, user

KILL_OUR_CONNECTIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = 'edition-migration' AND datname = current_database()"
)


@asynccontextmanager
async def losing_its_connection(store: SqlStore, url: str) -> AsyncGenerator[UnitOfWork]:
    """A transaction whose connection the server kills after its first change."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await execute(url, KILL_OUR_CONNECTIONS)
        yield uow


async def test_leaving_without_commit_changes_nothing(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
    async with store.read() as uow:
        assert await uow.organizations.list_ids() == []


async def test_error_inside_changes_nothing(store: SqlStore) -> None:
    async def fail_inside() -> None:
        async with store.write() as uow:
            await uow.organizations.put(organization())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    async with store.read() as uow:
        assert await uow.organizations.list_ids() == []


async def test_cancelled_task_changes_nothing_and_lets_the_next_one_write(store: SqlStore) -> None:
    inside = asyncio.Event()

    async def write_and_wait() -> None:
        async with store.write() as uow:
            await uow.organizations.put(organization())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with store.write() as uow:
        assert await uow.organizations.list_ids() == []
        await uow.organizations.put(organization("next"))
        await uow.commit()


async def test_reader_sees_one_snapshot(store: SqlStore) -> None:
    async with store.read() as before:
        assert await before.organizations.list_ids() == []
        async with store.write() as uow:
            await uow.organizations.put(organization())
            await uow.commit()
        assert await before.organizations.list_ids() == []
    async with store.read() as after:
        assert await after.organizations.list_ids() == ["acme"]


async def test_reader_cannot_write(store: SqlStore) -> None:
    async with store.read() as uow:
        with pytest.raises(EditionMigrationError):
            await uow.commit()
        with pytest.raises(EditionMigrationError):
            await uow.organizations.put(organization())


async def test_naive_time_is_refused(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        with pytest.raises(Exception, match="must be aware"):
            await uow.doorbells.add_organization("acme", datetime(2026, 1, 1))  # noqa: DTZ001


async def test_unknown_organization_has_no_counters(store: SqlStore) -> None:
    async with store.read() as uow:
        with pytest.raises(NotFound):
            await uow.capacity.get("nobody")


async def test_refusal_repeats_no_address(store: SqlStore) -> None:
    address = "secret.person" + "@acme.example"
    async with store.write() as uow:
        await uow.users.put([user("u1", email=address)])
        with pytest.raises(Conflict) as refusal:
            await uow.users.put([user("u2", email=address)])
    said = "".join(traceback.format_exception(refusal.value))
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert address not in said


async def test_rule_broken_by_our_own_code_is_no_conflict(store: SqlStore) -> None:
    async with store.write() as uow:
        with pytest.raises(EditionMigrationError) as refusal:
            await uow.users.put([user("u1", storage_used_mb=-1)])
    assert refusal.value.code == "internal"
    assert "@" not in str(refusal.value)


async def test_sqlite_locked_by_another_process_is_unavailable(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url, patience=timedelta(milliseconds=50))
    other = sqlite3.connect(sqlite_store_url.removeprefix("sqlite+aiosqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        async with store.write():
            pytest.fail("the other one holds the lock")
    async with store.read() as uow:
        assert await uow.organizations.list_ids() == []
    other.execute("ROLLBACK")
    other.close()
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    await store.dispose()


async def test_postgresql_row_held_by_another_is_unavailable_after_our_patience(postgres_store_url: str) -> None:
    holder = SqlStore(postgres_store_url)
    store = SqlStore(postgres_store_url, patience=timedelta(milliseconds=50))
    async with holder.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    async with holder.write() as held, store.write() as uow:
        await held.organizations.hold("acme")
        with pytest.raises(StoreUnavailable):
            await uow.organizations.hold("acme")
    await store.dispose()
    await holder.dispose()


async def test_full_disk_is_unavailable_and_changes_nothing(sqlite_store_url: str) -> None:
    store = SqlStore(sqlite_store_url)
    engine = connect(sqlite_store_url).writer
    async with engine.connect() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
    await engine.dispose()
    writer = store._engines.writer
    async with writer.connect() as connection:
        await connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))

    async def write_much() -> None:
        async with store.write() as uow:
            await uow.users.put([user(f"u{number}", display_name="x" * 4000) for number in range(10)])
            await uow.commit()

    with pytest.raises(StoreUnavailable):
        await write_much()
    async with store.read() as uow:
        assert await uow.users.get("u0") is None
    await store.dispose()


async def test_missing_folder_is_unavailable(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/missing/store.db")
    with pytest.raises(StoreUnavailable):
        async with store.read():
            pytest.fail("there is no such folder")
    await store.dispose()


async def test_postgresql_that_does_not_listen_is_unavailable() -> None:
    store = SqlStore("postgresql+asyncpg://somebody:a-secret@127.0.0.1:1/nothing")
    with pytest.raises(StoreUnavailable) as refusal:
        await store.check()
    assert "a-secret" not in "".join(traceback.format_exception(refusal.value))
    await store.dispose()


async def test_postgresql_without_our_database_is_unavailable(postgres_store_url: str) -> None:
    store = SqlStore(postgres_store_url.replace("/store_", "/missing_"))
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.dispose()


async def test_connection_killed_by_the_server_is_unavailable_once(postgres_store_url: str) -> None:
    store = SqlStore(postgres_store_url)
    with pytest.raises(StoreUnavailable):
        async with losing_its_connection(store, postgres_store_url) as uow:
            await uow.commit()
    async with store.write() as uow:
        assert await uow.organizations.list_ids() == []
    await store.dispose()


async def test_empty_database_fails_the_check(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    with pytest.raises(StoreUnavailable, match="schema none"):
        await store.check()
    await store.dispose()


async def test_url_of_an_unknown_kind_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError):
        SqlStore("mysql://somebody:a-secret@localhost/nothing")


async def test_settings_of_an_organization_come_back_as_they_were(store: SqlStore) -> None:
    written = organization(digest_due_at=NOW, stamps={"name": "1 x", "domain:acme.example": "2 y"})
    async with store.write() as uow:
        await uow.organizations.put(written)
        assert await uow.organizations.get("acme") == written
        assert await uow.organizations.hold("acme") == written


async def test_a_task_cancelled_while_its_connection_is_lost_is_cancelled(postgres_store_url: str) -> None:
    store = SqlStore(postgres_store_url)
    with pytest.raises(asyncio.CancelledError):
        async with losing_its_connection(store, postgres_store_url):
            raise asyncio.CancelledError
    await store.dispose()


async def test_postgresql_is_held_by_no_more_connections_than_allowed(postgres_store_url: str) -> None:
    store = SqlStore(postgres_store_url, connections=2, patience=timedelta(milliseconds=100))
    try:
        async with store.write(), store.read():
            with pytest.raises(StoreUnavailable):
                async with store.read():
                    pass
        async with store.write(), store.read() as uow:
            assert await uow.organizations.list_ids() == []
    finally:
        await store.dispose()
