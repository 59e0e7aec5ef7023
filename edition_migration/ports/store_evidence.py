"""What reconciliation asks of the store: all that it says about migrations, and what has been left lying."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from edition_migration.domain.names import MigrationRef
from edition_migration.domain.reconciliation import RowFacts


class Evidence(Protocol):
    """Looks only. Pages are by user id and generation."""

    async def of_rows(self, org_id: str, after_user_id: str, after_generation: int, limit: int) -> Sequence[RowFacts]:
        """All generations of all users of the organization, behind the cursor."""
        ...

    async def of_row(self, ref: MigrationRef) -> RowFacts | None: ...

    async def stray_holders(self, org_id: str, limit: int) -> Sequence[MigrationRef]:
        """Who holds license or storage in the ledger without a migration, or adopted and deleted, by user id."""
        ...

    async def is_stray(self, ref: MigrationRef) -> bool:
        """Whether this one still does."""
        ...

    async def has_old_doorbells(self, org_id: str, before: datetime) -> bool:
        """Whether one that was written before this time is still there."""
        ...

    async def has_old_errands(self, org_id: str, before: datetime) -> bool: ...
    async def has_old_events(self, org_id: str, before: datetime) -> bool:
        """Whether one that came before this time is still pending."""
        ...

    async def has_old_mails(self, org_id: str, before: datetime) -> bool:
        """Whether the organization's own postman has left one unsent that might go since before this time."""
        ...
