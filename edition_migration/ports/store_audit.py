"""Tables of the audit: the journal as a whole, and the seals over it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edition_migration.domain.seals import Link, NumberedEntry, Seal


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A journal entry as it is exported; without position and hash while it is not sealed yet."""

    numbered: NumberedEntry
    position: int | None
    hash: str | None


@dataclass(frozen=True, slots=True)
class Unsealed:
    """How many entries of an organization no seal covers yet; `oldest_at` is None where there are none."""

    count: int
    oldest_at: datetime | None


class Seals(Protocol):
    """Append-only: the database itself refuses to change or delete a seal or a sealed entry."""

    async def newest_entry_id(self) -> int:
        """The highest number of a sealed entry, 0 where nothing is sealed."""
        ...

    async def unsealed(self, after_entry_id: int, limit: int) -> Sequence[NumberedEntry]:
        """Entries without a seal with a higher number, of all organizations, by number."""
        ...

    async def heads(self, org_ids: Collection[str]) -> Mapping[str, Seal]:
        """The last seal of each of these organizations that has one."""
        ...

    async def add(self, seals: Sequence[Seal]) -> None:
        """Raises Conflict where a position or an entry is sealed already; the transaction is lost then."""
        ...

    async def links(self, org_id: str, after_position: int, limit: int) -> Sequence[Link]:
        """The organization's chain, by position."""
        ...

    async def entries(
        self,
        org_id: str | None,
        after_entry_id: int,
        limit: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[AuditLine]:
        """The journal by number, of one organization or all; `since` is included, `until` is not."""
        ...

    async def unsealed_of(self, org_id: str) -> Unsealed: ...
