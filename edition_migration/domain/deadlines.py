"""When a user's time is over, and when he is reminded: pure functions of stored times and pauses.

The deadline runs while nobody pauses: it is computed when its timer fires, so that a pause moves it without touching
any row (design section 3, "Time"). Used by the fifth step and by what shows a deadline.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

LAST_REMINDER = timedelta(days=1)
"""Before the deadline."""


class Pausing(NamedTuple):
    """One pause; `ended_at` None while it lasts."""

    started_at: datetime
    ended_at: datetime | None


def paused_between(pauses: Iterable[Pausing], begin: datetime, end: datetime) -> timedelta:
    """How long of the time from `begin` to `end` was paused; pauses that overlap count once."""
    total, reached = timedelta(), begin
    for pause in sorted(pauses, key=lambda it: it.started_at):
        start = max(pause.started_at, reached)
        stop = end if pause.ended_at is None else min(pause.ended_at, end)
        if stop > start:
            total, reached = total + (stop - start), stop
    return total


def effective_deadline(
    deadline_at: datetime, since: datetime | None, pauses: Iterable[Pausing], as_of: datetime
) -> datetime:
    """The deadline as far as it can be known at `as_of`: moved by the time paused since its clock began."""
    return deadline_at if since is None else deadline_at + paused_between(pauses, since, as_of)


def reminder_times(since: datetime, deadline_at: datetime) -> Sequence[datetime]:
    """At 50 % and 80 % of the time, and one day before its end, in order; a moment outside of it is left out."""
    span = deadline_at - since
    moments = {since + span * 0.5, since + span * 0.8, deadline_at - LAST_REMINDER}
    return sorted(at for at in moments if since < at < deadline_at)
