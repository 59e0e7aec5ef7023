"""The workflow `Reconciliation`: page after page to the end, counted; its details hold no ids of users."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.differences import (
    DifferenceKind,
    Part,
    ReconcileCounts,
    ReconcileCursor,
    ReconcileOutcome,
    named,
)
from edition_migration.domain.names import MIGRATION_QUEUE
from edition_migration.temporal.worker import WorkerOptions, build_workers
from tests.replay.histories import record
from tests.workflows.script import Script, activities_of, result_of
from workflows.reconciliation import Reconciliation

K = DifferenceKind


@pytest_asyncio.fixture
async def pages(temporal_env: WorkflowEnvironment) -> AsyncIterator[Script]:
    """What the pages will answer; a worker plays them."""
    script = Script(org_id="acme")
    workers = build_workers(temporal_env.client, activities_of(script), WorkerOptions(mails_per_second=1))
    async with workers[0], workers[1]:
        yield script


async def _start(client: Client, so_far: ReconcileCounts) -> WorkflowHandle[Any, ReconcileCounts]:
    return await client.start_workflow(
        Reconciliation.run, so_far, id=f"reconciliation/{uuid4().hex[:8]}", task_queue=MIGRATION_QUEUE
    )


async def test_pages_are_looked_at_to_the_end_and_counted(
    pages: Script, temporal_env: WorkflowEnvironment, request: pytest.FixtureRequest
) -> None:
    lost = named(K.WORKFLOW_MISSING, "acme", user_id="u1", generation=1, is_mended=True)
    ended = named(K.WORKFLOW_ENDED, "acme", user_id="u2", generation=1, is_mended=False)
    rows = ReconcileCursor(org_id="acme", part=Part.ROWS)
    behind = rows.model_copy(update={"user_id": "u9", "generation": 1})
    pages.will(
        "page",
        ReconcileOutcome(next=rows),
        ReconcileOutcome(differences=(lost, ended), next=behind, rows=500),
        ReconcileOutcome(differences=(lost,), rows=7),
    )
    handle = await _start(temporal_env.client, ReconcileCounts())
    result = await result_of(handle)
    assert result == ReconcileCounts(
        rows=507, found={"workflow_missing": 2, "workflow_ended": 1}, mended={"workflow_missing": 2}
    )
    assert [given.cursor for _, given in pages.asked] == [None, rows, behind]
    history = await handle.fetch_history()
    assert b'"u1"' not in b"".join(event.SerializeToString() for event in history.events)
    if folder := request.config.getoption("--record-histories"):
        await record(Path(folder), request.node.name, [handle])


async def test_a_run_goes_on_where_the_one_before_it_stopped(pages: Script, temporal_env: WorkflowEnvironment) -> None:
    pages.will("page", ReconcileOutcome(rows=1))
    cursor = ReconcileCursor(org_id="acme")
    handle = await _start(temporal_env.client, ReconcileCounts(next=cursor, rows=9, found={"mail_stuck": 1}))
    assert await result_of(handle) == ReconcileCounts(rows=10, found={"mail_stuck": 1})
    assert [given.cursor for _, given in pages.asked] == [cursor]
