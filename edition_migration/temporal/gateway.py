"""The use cases' way to Temporal: start, ring, how a workflow is. Implements `ports.gateway.WorkflowGateway`."""

from collections.abc import Mapping, Sequence

from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from edition_migration.domain.names import MIGRATION_QUEUE, RING, MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import WorkflowSeen
from edition_migration.temporal.answers import LIMIT, answering
from edition_migration.temporal.sight import running_among, running_page, seen
from workflows.display import attributes_of_migration, attributes_of_organization
from workflows.migration_wave import MigrationWave
from workflows.organization_migration import OrganizationMigration
from workflows.user_migration import UserMigration

FIRST = 2
"""Before the users' workflows, whose number may be thousands: many wait for one organization's drain and one wave."""


class TemporalWorkflowGateway:
    """Over a client, connected or lazy. What is started inherits fairness by organization."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        """A running one is used; one that has ended, in whatever way, begins anew: the row says that it is open."""
        async with answering():
            await self._client.start_workflow(
                UserMigration.run,
                ref,
                id=ref.workflow_id,
                task_queue=MIGRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=attributes_of_migration(ref.org_id, overview),
                static_summary=f"user {ref.user_id} of organization {ref.org_id}, generation {ref.generation}",
                priority=Priority(fairness_key=ref.org_id),
                rpc_timeout=LIMIT,
            )

    async def start_wave(self, ref: WaveRef) -> None:
        """As `start_migration`."""
        async with answering():
            await self._client.start_workflow(
                MigrationWave.run,
                ref,
                id=ref.workflow_id,
                task_queue=MIGRATION_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
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
            async with answering():
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
        async with answering():
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

    async def end(self, workflow_id: str, reason: str) -> None:
        """Terminated; one that has ended, or never was, is left as it is."""
        try:
            async with answering():
                await self._client.get_workflow_handle(workflow_id).terminate(reason=reason, rpc_timeout=LIMIT)
        except RPCError:
            return

    async def running_among(self, workflow_ids: Sequence[str]) -> Mapping[str, WorkflowSeen]:
        return await running_among(self._client, workflow_ids)

    async def running_page(self, org_id: str | None, token: str) -> tuple[Sequence[str], str]:
        return await running_page(self._client, org_id, token)

    async def seen(self, workflow_id: str) -> WorkflowSeen:
        return await seen(self._client, workflow_id)
