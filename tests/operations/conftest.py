"""The service of the rehearsals: a database and a Temporal server of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from edition_migration.adapters.store.schema import upgrade
from tests.fixtures.smtp import SmtpServer
from tests.fixtures.temporal_process import running_temporal
from tests.operations.office import Office


@pytest_asyncio.fixture
async def bare_office(postgres_database: str, smtp_server: SmtpServer, tmp_path: Path) -> AsyncIterator[Office]:
    """Nobody has run `setup` yet."""
    async with running_temporal(tmp_path) as (temporal, client):
        yield Office(postgres_database, temporal, client, smtp_server, tmp_path)


@pytest_asyncio.fixture
async def office(bare_office: Office) -> Office:
    await upgrade(bare_office.store_url)
    return bare_office
