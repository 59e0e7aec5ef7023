"""Rows that nobody needs any more, of whatever table."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edition_migration.domain.purge import Leftover


@dataclass(frozen=True, slots=True)
class RemovedPage:
    """How many rows of a page were removed, and the time up to which it looked; None: it was the last one."""

    count: int
    until: datetime | None


class Leftovers(Protocol):
    """Never what is still to be done, and nothing of a user with a migration that is open, or ended since `before`.

    The order of a kind's pages is that of time: of arrival, making, or change.
    """

    async def count(self, kind: Leftover, before: datetime) -> int:
        """How many rows older than this would go."""
        ...

    async def remove_page(self, kind: Leftover, before: datetime, after: datetime | None, limit: int) -> RemovedPage:
        """Removes them from the next `limit` rows that are older than `before` and younger than `after`.

        Rows of one moment are of one page, even if they are more.
        """
        ...
