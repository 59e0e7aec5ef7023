"""What use cases may ask of Temporal: start, ring, end, and how workflows are. Never more: the row is the truth."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.domain.reconciliation import WorkflowSeen


class WorkflowGateway(Protocol):
    """Raises TemporalUnavailable where the service cannot be reached."""

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        """Starts the workflow of an open row; a running one of the same id is used, an ended one begins anew."""
        ...

    async def start_wave(self, ref: WaveRef) -> None:
        """Starts the wave's workflow, as `start_migration`."""
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

    async def end(self, workflow_id: str, reason: str) -> None:
        """Ends the workflow as it is, without a word to its code; one that has ended is left as it is."""
        ...

    async def running_among(self, workflow_ids: Sequence[str]) -> Mapping[str, WorkflowSeen]:
        """Those of these ids that the lists show as running. Lists lag: ask `seen` before you believe them."""
        ...

    async def running_page(self, org_id: str | None, token: str) -> tuple[Sequence[str], str]:
        """Ids of running migrations and waves, of one organization or of all, as the lists show them.

        `token` is that of the page before, '' for the first; with the last page comes ''.
        """
        ...

    async def seen(self, workflow_id: str) -> WorkflowSeen:
        """How the newest run of this id is, now."""
        ...
