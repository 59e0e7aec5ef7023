"""Fixtures of the fault tests."""

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import TimeSkipper

from edition_migration.adapters.store.store import SqlStore
from tests.e2e.world import World, running_world
from tests.faults.post import Post, relay
from tests.fixtures.smtp import SmtpServer
from tests.stores import store_at


@pytest_asyncio.fixture
async def sqlite_store(sqlite_store_url: str) -> AsyncIterator[SqlStore]:
    """For faults that are not the database's."""
    async with store_at(sqlite_store_url) as store:
        yield store


@pytest_asyncio.fixture
async def post(sqlite_store: SqlStore, smtp_server: SmtpServer) -> Post:
    return Post(sqlite_store, relay(smtp_server.port), smtp_server)


@pytest_asyncio.fixture
async def world(sqlite_store: SqlStore, time_skipper: TimeSkipper, smtp_server: SmtpServer) -> AsyncIterator[World]:
    """A whole service on a SQLite file."""
    async with running_world(sqlite_store, time_skipper, smtp_server) as running:
        yield running
