"""Fixtures of the end-to-end tests."""

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import TimeSkipper

from edition_migration.adapters.store.store import SqlStore
from tests.e2e.world import World, running_world
from tests.fixtures.smtp import SmtpServer


@pytest_asyncio.fixture
async def world(sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer) -> AsyncIterator[World]:
    """A service on a SQLite file."""
    store = SqlStore(sqlite_store_url)
    async with running_world(store, time_skipper, smtp_server) as running:
        yield running
    await store.dispose()
