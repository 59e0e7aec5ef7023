"""What use cases may ask of Temporal: start, ring, and how a workflow is. Never more: the row is the truth."""

from collections.abc import Sequence
from typing import Protocol

from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import WorkflowStatus


class WorkflowGateway(Protocol):
    """Raises TemporalUnavailable where the service cannot be reached."""

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        """Starts the user's workflow; a running or completed one of the same id is left as it is."""
        ...

    async def start_wave(self, ref: WaveRef) -> None:
        """Starts the wave's workflow; a repeat changes nothing."""
        ...

    async def ring_migration(self, ref: MigrationRef) -> bool:
        """Says "read your row". False where no running workflow of this id is found."""
        ...

    async def ring_wave(self, ref: WaveRef) -> bool:
        """As `ring_migration`."""
        ...

    async def ring_organization(self, ref: OrganizationRef) -> None:
        """Signal-with-start: the organization's workflow always hears it."""
        ...

    async def start_organization(self, ref: OrganizationRef) -> None:
        """Starts the organization's workflow where none runs; a running one hears nothing of it."""
        ...

    async def running_among(self, workflow_ids: Sequence[str]) -> frozenset[str]:
        """Those of these ids that the lists show as running. Lists lag: ask `status_of` before you believe a gap."""
        ...

    async def status_of(self, workflow_id: str) -> WorkflowStatus:
        """How the newest run of this id is, now."""
        ...
