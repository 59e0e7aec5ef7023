"""When a user's time is over, and when he is reminded: pure functions of stored times and pauses.

The deadline runs while nobody pauses: it is computed when its timer fires, so that a pause moves it without touching
any row (design section 3, "Time"). Used by the fifth step and by what shows a deadline.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

LAST_REMINDER = timedelta(days=1)
"""Before the deadline."""
LONGEST_DEADLINE = timedelta(days=365)
"""An organization's own, and what one command may add to a user's."""


def is_undoable(migrated_at: datetime, window: timedelta, now: datetime) -> bool:
    """Whether a migration that was finished then may still be taken back."""
    return now - migrated_at <= window


class Pausing(Protocol):
    """One pause; `ended_at` None while it lasts."""

    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...


def paused_between(pauses: Iterable[Pausing], begin: datetime, end: datetime) -> timedelta:
    """How long of the time from `begin` to `end` was paused; pauses that overlap count once."""
    total, reached = timedelta(), begin
    for pause in sorted(pauses, key=lambda it: it.started_at):
        start = max(pause.started_at, reached)
        stop = end if pause.ended_at is None else min(pause.ended_at, end)
        if stop > start:
            total, reached = total + (stop - start), stop
    return total


def time_held(since: datetime, until: datetime, pauses: Iterable[Pausing]) -> timedelta:
    """What a hold of that span takes from a deadline's clock, which a pause of the same time has stopped already."""
    return max(until - since - paused_between(pauses, since, until), timedelta())


def reminder_times(since: datetime, deadline_at: datetime) -> Sequence[datetime]:
    """At 50 % and 80 % of the time, and one day before its end, in order; a moment outside of it is left out."""
    span = deadline_at - since
    moments = {since + span * 0.5, since + span * 0.8, deadline_at - LAST_REMINDER}
    return sorted(at for at in moments if since < at < deadline_at)


class DeadlineClock(NamedTuple):
    """A user's deadline at one moment. `lost` is the time paused since the clock began to run."""

    since: datetime
    deadline_at: datetime
    as_of: datetime
    lost: timedelta

    @classmethod
    def of(cls, since: datetime, deadline_at: datetime, pauses: Iterable[Pausing], as_of: datetime) -> "DeadlineClock":
        return cls(since, deadline_at, as_of, paused_between(pauses, since, as_of))

    @property
    def is_over(self) -> bool:
        return self.as_of - self.lost >= self.deadline_at

    @property
    def effective(self) -> datetime:
        """The deadline, as far as it can be known now."""
        return self.deadline_at + self.lost

    @property
    def reminders_due(self) -> int:
        """How many of the moments to remind have passed."""
        return sum(at + self.lost <= self.as_of for at in reminder_times(self.since, self.deadline_at))

    @property
    def next_moment(self) -> datetime:
        """The next time to remind, or the deadline: later than `as_of` unless that is over."""
        moments = (*reminder_times(self.since, self.deadline_at), self.deadline_at)
        return next((at + self.lost for at in moments if at + self.lost > self.as_of), self.effective)
