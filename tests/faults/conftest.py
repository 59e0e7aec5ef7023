"""Fixtures of the fault tests."""

from collections.abc import AsyncIterator

import pytest_asyncio

from edition_migration.adapters.store.store import SqlStore
from tests.faults.post import Post, relay
from tests.fixtures.smtp import SmtpServer


@pytest_asyncio.fixture
async def sqlite_store(sqlite_store_url: str) -> AsyncIterator[SqlStore]:
    """For faults that are not the database's."""
    store = SqlStore(sqlite_store_url)
    yield store
    await store.dispose()


@pytest_asyncio.fixture
async def post(sqlite_store: SqlStore, smtp_server: SmtpServer) -> Post:
    return Post(sqlite_store, relay(smtp_server.port), smtp_server)
