"""Upgrades of a PostgreSQL in use: two at once, an index that is built beside writers, and a run that was ended."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import create_async_engine

from edition_migration.adapters.store import schema
from edition_migration.adapters.store.engine import connect
from edition_migration.adapters.store.revisions import expected_revision
from edition_migration.adapters.store.schema import bring_to, upgrade
from edition_migration.domain.errors import StoreUnavailable
from tests.fixtures.postgres import connected

BEFORE = "0008"
INDEX = "ix_inbox_received_at"
"""The first of those that the revision after builds."""
ASKED = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%'"
)
BUILDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%'"
    " AND state = 'active' AND wait_event_type = 'Lock'"
)
FOUND = "SELECT indexrelid::bigint, indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
UPGRADE = (
    "import asyncio, sys; from edition_migration.adapters.store.schema import upgrade; "
    "asyncio.run(upgrade(sys.argv[1]))"
)
EVENT = (
    "INSERT INTO inbox (source, event_id, type, body, digest, received_at, state) "
    "VALUES ('urn:test', $1, 'user.updated', '{}', '', now(), 'pending')"
)


@pytest_asyncio.fixture
async def old_url(postgres_database: str) -> str:
    """A database of the revision before the one that builds indexes."""
    engine = create_async_engine(postgres_database)
    async with engine.connect() as connection:
        await connection.run_sync(bring_to, BEFORE)
    await engine.dispose()
    return postgres_database


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that has written to a table; it ends with the block."""
    async with connected(url) as connection, connection.transaction():
        await connection.execute(EVENT, "e1")
        yield connection


async def until(watch: asyncpg.Connection, query: str) -> int:
    """The process that the query finds, once it does."""
    async with asyncio.timeout(60):  # patience of a busy machine
        while (pid := await watch.fetchval(query)) is None:  # noqa: ASYNC110 - the server tells nobody of what it does
            await asyncio.sleep(0.01)
    return pid


async def found(watch: asyncpg.Connection) -> tuple[int, bool]:
    """The index as it is, and whether it is whole."""
    return tuple(await watch.fetchrow(FOUND, INDEX))


async def test_two_at_once_both_end_well(postgres_database: str) -> None:
    assert await asyncio.gather(upgrade(postgres_database), upgrade(postgres_database)) == [expected_revision()] * 2


async def test_another_one_is_waited_for_longer_than_any_lock(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "connect", partial(connect, patience=timedelta(milliseconds=50)))
    monkeypatch.setattr(schema, "REST", 0.06)
    async with connected(postgres_database) as other:
        await other.execute("SELECT pg_advisory_lock(7302417)")
        mine = asyncio.create_task(upgrade(postgres_database))
        async with connected(postgres_database) as watch:
            first = "SELECT min(query_start) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'"
            asked = {await watch.fetchval(first)}
            async with asyncio.timeout(60):
                while len(asked) < 4:  # several times what a statement waits for a lock
                    asked.add(await watch.fetchval(first))
                    assert not mine.done()
    assert await mine == expected_revision()


async def test_an_index_is_built_beside_writers_while_another_upgrade_waits(
    old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "REST", 0.01)  # between two of its questions a waiting upgrade is not to be seen
    async with connected(old_url) as watch:
        async with writing(old_url):
            both = [asyncio.create_task(upgrade(old_url)) for _ in range(2)]
            await until(watch, BUILDS)
            await until(watch, ASKED)
            await watch.execute(EVENT, "e2")
            assert [it.done() for it in both] == [False, False]
        assert await asyncio.gather(*both) == [expected_revision()] * 2
        assert (await found(watch))[1]


async def test_a_half_built_index_is_built_anew_by_a_repeat(old_url: str) -> None:
    async with connected(old_url) as watch:
        async with writing(old_url):
            ended = asyncio.create_task(upgrade(old_url))
            builder = await until(watch, BUILDS)
            await watch.execute("SELECT pg_terminate_backend($1)", builder)
            with pytest.raises(StoreUnavailable):
                await ended
        half, is_whole = await found(watch)
        assert not is_whole
        assert await upgrade(old_url) == expected_revision()
        anew, is_whole = await found(watch)
        assert is_whole
        assert anew != half


async def test_an_index_that_the_database_finished_after_its_upgrade_was_killed_stays(
    old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job at its deadline: the database goes on alone, and the next run finds what it made."""
    monkeypatch.setattr(schema, "REST", 0.01)
    async with connected(old_url) as watch:
        async with writing(old_url):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, old_url)
            await until(watch, BUILDS)
            process.kill()
            await process.wait()
            repeat = asyncio.create_task(upgrade(old_url))
            await until(watch, ASKED)
            building = await found(watch)
        assert await repeat == expected_revision()
        assert await found(watch) == (building[0], True)
