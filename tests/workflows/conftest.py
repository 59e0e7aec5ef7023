"""Fixtures of the workflow tests: a script behind real workers on the real server, and what was started."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import TimeSkipper

from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.worker import WorkerOptions, build_workers
from tests.replay.histories import record
from tests.workflows.script import S as State
from tests.workflows.script import Script, activities_of, overview


class Started:
    """Starts workflows as the application does, and ends and records at last what still runs."""

    def __init__(self, skipper: TimeSkipper) -> None:
        self.org_id = f"org-{uuid4().hex[:8]}"
        self.gateway = TemporalWorkflowGateway(skipper.client)
        self.handles: list[WorkflowHandle[Any, Any]] = []
        self._client = skipper.client

    async def migration(self, user_id: str = "u1") -> WorkflowHandle[Any, Any]:
        ref = self.ref(user_id)
        await self.gateway.start_migration(ref, overview(State.BLOCKED))
        return self._keep(ref.workflow_id)

    async def organization(self) -> WorkflowHandle[Any, Any]:
        ref = OrganizationRef(org_id=self.org_id)
        await self.gateway.ring_organization(ref)
        return self._keep(ref.workflow_id)

    async def wave(self, wave_id: str = "w1") -> WorkflowHandle[Any, Any]:
        ref = WaveRef(org_id=self.org_id, wave_id=wave_id)
        await self.gateway.start_wave(ref)
        return self._keep(ref.workflow_id)

    def ref(self, user_id: str = "u1") -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=user_id)

    def _keep(self, workflow_id: str) -> WorkflowHandle[Any, Any]:
        handle = self._client.get_workflow_handle(workflow_id)
        self.handles.append(handle)
        return handle

    async def end_all(self) -> None:
        for handle in self.handles:
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await handle.terminate("the test is over")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest_asyncio.fixture
async def started(time_skipper: TimeSkipper, script: Script, request: pytest.FixtureRequest) -> AsyncIterator[Started]:
    """With both workers running on the script."""
    options = WorkerOptions(mails_per_second=1000)
    begun = Started(time_skipper)
    script.org_id = begun.org_id
    async with AsyncExitStack() as stack:
        for worker in build_workers(time_skipper.client, activities_of(script), options):
            await stack.enter_async_context(worker)
        stack.callback(script.open_gates)
        yield begun
        await begun.end_all()
    if folder := request.config.getoption("--record-histories"):
        await record(Path(folder), request.node.name, begun.handles)
