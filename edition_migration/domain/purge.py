"""What is removed once nobody needs it any more, and for how long each is kept.

What of every table becomes of time, and why: `docs/explanation/retention.md`. Used by the purge, its workflow and the
command line. Nothing personal: kinds, times and counts.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

LEAST_EVENTS = timedelta(days=4)
"""Standard Webhooks senders repeat an event for up to 76 hours, and a repeat is known by its row."""
LEAST_REST = timedelta(days=30)


class Leftover(StrEnum):
    """What is removed, in this order: a mail goes before the link that it names."""

    EVENTS = "events"
    MAILS = "mails"
    LINKS = "links"
    FORMER_ADDRESSES = "former_addresses"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long settled events are kept, and all the rest."""

    events: timedelta
    rest: timedelta

    def since(self, kind: Leftover, now: datetime, longest_undo: timedelta) -> datetime:
        """What is older is not kept. Whatever the setting, as long as a migration can be undone nothing of it goes."""
        return now - (self.events if kind is Leftover.EVENTS else max(self.rest, longest_undo))


class PurgeCursor(BaseModel):
    """Where a purge goes on: what is older than `before`, and of it what is younger than `after`."""

    model_config = ConfigDict(frozen=True)

    kind: Leftover
    before: datetime
    after: datetime | None = None

    def behind(self, until: datetime) -> "PurgeCursor":
        """The next page of the same kind."""
        return self.model_copy(update={"after": until})


class PurgePage(BaseModel):
    """One page of a purge; without a cursor the first one."""

    model_config = ConfigDict(frozen=True)

    cursor: PurgeCursor | None = None


class PurgeCounts(BaseModel):
    """How many rows are removed by now, by kind: the input and the result of the workflow, and a page's answer."""

    model_config = ConfigDict(frozen=True)

    next: PurgeCursor | None = None
    removed: dict[str, int] = {}

    def and_then(self, page: "PurgeCounts") -> "PurgeCounts":
        """The sums, going on where `page` says."""
        return PurgeCounts(next=page.next, removed=dict(Counter(self.removed) + Counter(page.removed)))


class LeftoverLine(BaseModel):
    """How many rows of a kind are older than `before` and needed by nobody."""

    model_config = ConfigDict(frozen=True)

    kind: Leftover
    before: datetime
    rows: int


class PurgeView(BaseModel):
    """`purge --json`."""

    model_config = ConfigDict(frozen=True)

    leftovers: tuple[LeftoverLine, ...]

    @property
    def rows(self) -> int:
        return sum(it.rows for it in self.leftovers)

    def with_rows(self, removed: Mapping[str, int]) -> "PurgeView":
        """The same kinds with the rows that were removed in the end: meanwhile some more may have become old."""
        lines = (it.model_copy(update={"rows": removed.get(it.kind, 0)}) for it in self.leftovers)
        return PurgeView(leftovers=tuple(lines))
