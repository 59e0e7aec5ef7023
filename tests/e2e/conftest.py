"""Fixtures of the end-to-end tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import TimeSkipper

from tests.e2e.world import World, running_world
from tests.fixtures.smtp import SmtpServer
from tests.replay.histories import record
from tests.stores import store_at


@pytest_asyncio.fixture
async def world(
    sqlite_store_url: str, time_skipper: TimeSkipper, smtp_server: SmtpServer, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """A service on a SQLite file. With --record-histories, what ran goes into the corpus of replays."""
    async with store_at(sqlite_store_url) as store, running_world(store, time_skipper, smtp_server) as running:
        yield running
        if folder := request.config.getoption("--record-histories"):
            await record(Path(folder), request.node.name, await running.workflows())
