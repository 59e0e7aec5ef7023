"""The workflow `Purge`: page after page to the end, counted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.names import MIGRATION_QUEUE
from edition_migration.domain.purge import Leftover, PurgeCounts, PurgeCursor
from edition_migration.temporal.worker import WorkerOptions, build_workers
from tests.replay.histories import record
from tests.workflows.script import Script, activities_of, result_of
from workflows.purge import Purge

MAILS = PurgeCursor(kind=Leftover.MAILS, before=datetime(2025, 10, 18, tzinfo=UTC))
BEHIND = MAILS.behind(datetime(2025, 10, 1, tzinfo=UTC))


@pytest_asyncio.fixture
async def pages(temporal_env: WorkflowEnvironment) -> AsyncIterator[Script]:
    """What the pages will answer; a worker plays them."""
    script = Script(org_id="acme")
    workers = build_workers(temporal_env.client, activities_of(script), WorkerOptions(mails_per_second=1))
    async with workers[0], workers[1]:
        yield script


async def _start(client: Client, so_far: PurgeCounts) -> WorkflowHandle[Any, PurgeCounts]:
    return await client.start_workflow(Purge.run, so_far, id=f"purge/{uuid4().hex[:8]}", task_queue=MIGRATION_QUEUE)


async def test_pages_are_removed_to_the_end_and_counted(
    pages: Script, temporal_env: WorkflowEnvironment, request: pytest.FixtureRequest
) -> None:
    pages.will(
        "page",
        PurgeCounts(next=MAILS, removed={"events": 7}),
        PurgeCounts(next=BEHIND, removed={"mails": 1000}),
        PurgeCounts(removed={"mails": 0}),
    )
    handle = await _start(temporal_env.client, PurgeCounts())
    assert await result_of(handle) == PurgeCounts(removed={"events": 7, "mails": 1000})
    assert [given.cursor for _, given in pages.asked] == [None, MAILS, BEHIND]
    if folder := request.config.getoption("--record-histories"):
        await record(Path(folder), request.node.name, [handle])


async def test_a_run_goes_on_where_the_one_before_it_stopped(pages: Script, temporal_env: WorkflowEnvironment) -> None:
    pages.will("page", PurgeCounts(removed={"mails": 2}))
    handle = await _start(temporal_env.client, PurgeCounts(next=MAILS, removed={"mails": 5}))
    assert await result_of(handle) == PurgeCounts(removed={"mails": 7})
    assert [given.cursor for _, given in pages.asked] == [MAILS]
