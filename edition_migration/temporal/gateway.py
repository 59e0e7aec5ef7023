"""The use cases' way to Temporal: start, ring, how a workflow is. Implements `ports.gateway.WorkflowGateway`."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MIGRATION_QUEUE, RING, MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import WorkflowStatus
from workflows.display import attributes_of_migration, attributes_of_organization
from workflows.migration_wave import MigrationWave
from workflows.organization_migration import OrganizationMigration
from workflows.user_migration import UserMigration

LIMIT = timedelta(seconds=2)
"""For one call, all its repeats included: who waits for an answer must not wait for Temporal (design section 3)."""

MEND = "check the Temporal service; what was committed is rung by the sweep when it is back"

FIRST = 2
"""Before the users' workflows, whose number may be thousands: many wait for one organization's drain and one wave."""

LISTED_AT_ONCE = 100
"""Ids of one query: any store of Temporal's lists answers it."""

_ENDED = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: WorkflowStatus.COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: WorkflowStatus.FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: WorkflowStatus.CANCELLED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: WorkflowStatus.TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: WorkflowStatus.TIMED_OUT,
}
"""Whatever else a server says, a paused one too, has not ended."""


class TemporalWorkflowGateway:
    """Over a client, connected or lazy. What is started inherits fairness by organization."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        """A running one is used; a completed one stays as it is, since its row has ended; a failed one begins anew."""
        async with _answering():
            await self._client.start_workflow(
                UserMigration.run,
                ref,
                id=ref.workflow_id,
                task_queue=MIGRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes_of_migration(ref.org_id, overview),
                static_summary=f"user {ref.user_id} of organization {ref.org_id}, generation {ref.generation}",
                priority=Priority(fairness_key=ref.org_id),
                rpc_timeout=LIMIT,
            )

    async def start_wave(self, ref: WaveRef) -> None:
        """As `start_migration`."""
        async with _answering():
            await self._client.start_workflow(
                MigrationWave.run,
                ref,
                id=ref.workflow_id,
                task_queue=MIGRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes_of_organization(ref.org_id, ref.wave_id),
                static_summary=f"wave of organization {ref.org_id}",
                priority=Priority(priority_key=FIRST, fairness_key=ref.org_id),
                rpc_timeout=LIMIT,
            )

    async def ring_migration(self, ref: MigrationRef) -> bool:
        """False where no running workflow of this id is found."""
        return await self._ring(ref.workflow_id)

    async def ring_wave(self, ref: WaveRef) -> bool:
        """As `ring_migration`."""
        return await self._ring(ref.workflow_id)

    async def _ring(self, workflow_id: str) -> bool:
        try:
            async with _answering():
                handle = self._client.get_workflow_handle(workflow_id)
                await handle.signal(RING, rpc_timeout=LIMIT)
        except RPCError:
            return False
        return True

    async def ring_organization(self, ref: OrganizationRef) -> None:
        """Signal-with-start: one that was cancelled or terminated begins anew."""
        await self._start_organization(ref, RING)

    async def start_organization(self, ref: OrganizationRef) -> None:
        """A running one is used and not rung; one that has ended, in whatever way, begins anew."""
        await self._start_organization(ref, None)

    async def _start_organization(self, ref: OrganizationRef, signal: str | None) -> None:
        async with _answering():
            await self._client.start_workflow(
                OrganizationMigration.run,
                ref,
                id=ref.workflow_id,
                task_queue=MIGRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=signal,
                search_attributes=attributes_of_organization(ref.org_id),
                static_summary=f"organization {ref.org_id}",
                priority=Priority(priority_key=FIRST, fairness_key=ref.org_id),
                rpc_timeout=LIMIT,
            )

    async def running_among(self, workflow_ids: Sequence[str]) -> frozenset[str]:
        """By the lists, a hundred ids a query: they hold no quotes, being made of opaque ids and slashes."""
        found: set[str] = set()
        for start in range(0, len(workflow_ids), LISTED_AT_ONCE):
            ids = ", ".join(f"'{it}'" for it in workflow_ids[start : start + LISTED_AT_ONCE])
            request = ListWorkflowExecutionsRequest(
                namespace=self._client.namespace,
                query=f"ExecutionStatus = 'Running' AND WorkflowId IN ({ids})",
                page_size=LISTED_AT_ONCE,
            )
            async with _answering():
                answer = await self._client.workflow_service.list_workflow_executions(request, timeout=LIMIT)
                found.update(it.execution.workflow_id for it in answer.executions)
        return frozenset(found)

    async def status_of(self, workflow_id: str) -> WorkflowStatus:
        """Asked of the workflow itself, not of the lists."""
        request = DescribeWorkflowExecutionRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        try:
            async with _answering():
                answer = await self._client.workflow_service.describe_workflow_execution(request, timeout=LIMIT)
        except RPCError:
            return WorkflowStatus.MISSING
        return _ENDED.get(answer.workflow_execution_info.status, WorkflowStatus.RUNNING)


@asynccontextmanager
async def _answering() -> AsyncGenerator[None]:
    """Lets through the RPCError of a missing workflow only; no answer of any kind is TemporalUnavailable."""
    try:
        async with asyncio.timeout(LIMIT.total_seconds()):
            yield
    except WorkflowAlreadyStartedError:
        return  # completed: nothing is left to start
    except TimeoutError:
        raise TemporalUnavailable("the Temporal service does not answer in time", mend=MEND) from None
    except RPCError as error:
        if _is_missing_workflow(error):
            raise
        raise TemporalUnavailable(f"the Temporal service answers {error.status.name}", mend=MEND) from None
    except RuntimeError:  # what the SDK raises for a failed connection
        raise TemporalUnavailable("the Temporal service cannot be reached", mend=MEND) from None


def _is_missing_workflow(error: RPCError) -> bool:
    """NOT_FOUND is also said of a namespace, which is no reason to call a workflow missing."""
    if error.status is not RPCStatusCode.NOT_FOUND:
        return False
    return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
