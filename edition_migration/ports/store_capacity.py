"""Tables of what is scarce: tickets, the ledger and its counters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from edition_migration.domain.migration import Ticket
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Capacity


class Tickets(Protocol):
    async def cut(self, org_id: str, holders: Sequence[tuple[MigrationRef, int]]) -> None:
        """One ticket each, numbered on in the given order; (migration, storage in MB). An open one is kept."""
        ...

    async def of(self, ref: MigrationRef) -> Ticket | None:
        """The newest ticket of this migration."""
        ...

    async def waiting(self, org_id: str, after_number: int, limit: int) -> Sequence[Ticket]:
        """Waiting tickets by number, after the cursor; none is closed by another transaction until this one ends."""
        ...

    async def waiting_count(self, org_id: str) -> int: ...
    async def set_granted(self, org_id: str, numbers: Sequence[int], at: datetime) -> None: ...
    async def close(self, ref: MigrationRef) -> None: ...
    async def close_many(self, org_id: str, refs: Sequence[MigrationRef]) -> None: ...


class Ledger(Protocol):
    """One row per (organization, user, generation): licenses and storage, reserved, used or released."""

    async def reserve(self, org_id: str, holders: Sequence[tuple[MigrationRef, int]]) -> None: ...
    async def use(self, ref: MigrationRef) -> bool:
        """`reserved` becomes `used`; also moves the counters. False where nothing was reserved."""
        ...

    async def is_used(self, ref: MigrationRef) -> bool:
        """Whether this migration's license and storage are in use."""
        ...

    async def adopt(self, org_id: str, holders: Sequence[tuple[str, int]]) -> None:
        """Business Edition users who were there before us: used from the start (generation 0), counters moved."""
        ...

    async def release(self, ref: MigrationRef) -> bool:
        """`reserved` or `used` becomes `released`, counters follow. False where there was nothing to release."""
        ...

    async def release_reserved(self, org_id: str, refs: Sequence[MigrationRef]) -> int:
        """As `release` for many, of whom nothing is used yet; how many gave something back."""
        ...

    async def sums(self, org_id: str) -> Capacity:
        """The counters as the ledger alone would have them (for reconciliation and tests)."""
        ...


class CapacityTable(Protocol):
    async def get(self, org_id: str) -> Capacity: ...
    async def hold(self, org_id: str) -> Capacity: ...

    async def set_purchased(self, org_id: str, *, licenses: int | None, storage_mb: int | None) -> None:
        """A limit below what is in use refuses new and keeps old."""
        ...

    async def take(self, org_id: str, licenses: int, storage_mb: int) -> bool:
        """The one conditional UPDATE: reserves only where that many are free, else changes nothing."""
        ...

    async def set_in_use(self, sums: Capacity) -> None:
        """Writes what is reserved and used, e.g. from the ledger's sums; what was purchased stays. Hold it before."""
        ...
