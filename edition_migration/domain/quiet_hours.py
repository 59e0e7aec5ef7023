"""Until when a mail that nobody asked for is held, so that it does not reach its reader at night or on a week-end.

Pure: the reader's wall clock decides, also where it is put forward or back. Used by the postman's use case.
"""

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from edition_migration.domain.organization import QuietHours

SATURDAY = 5
MIDNIGHT = time()
_MINUTE = timedelta(minutes=1)


def held_until(now: datetime, hours: QuietHours, zone: str) -> datetime | None:
    """The first moment from `now` on, in UTC, that is not quiet; None where `now` is not. An unknown zone is UTC.

    Quiet hours that begin when they end are none; week-ends may still be quiet then.
    """
    there, moment = _zone(zone), now
    while _is_quiet(moment.astimezone(there), hours):
        moment = _next_change(moment, time.fromisoformat(hours.ends), there)
    return None if moment == now else moment


def working_until(begin: datetime, work: timedelta, hours: QuietHours, zone: str) -> datetime:
    """When this much work is done that stands still in quiet time, to the minute."""
    moment, left = begin, work
    while left > timedelta():
        if (end := held_until(moment, hours, zone)) is not None:
            moment = end
            continue
        step = min(left, _MINUTE)
        moment, left = moment + step, left - step
    return moment


def _is_quiet(local: datetime, hours: QuietHours) -> bool:
    if hours.weekends and local.weekday() >= SATURDAY:
        return True
    begins, ends, at = time.fromisoformat(hours.begins), time.fromisoformat(hours.ends), local.time()
    if begins <= ends:
        return begins <= at < ends
    return at >= begins or at < ends


def _next_change(moment: datetime, ends: time, zone: tzinfo) -> datetime:
    """The next moment at which quiet time can be over: `ends`, midnight, or a clock put forward or back."""
    today = moment.astimezone(zone).date()
    marks = (
        datetime.combine(today + timedelta(days), at, zone).replace(fold=fold).astimezone(UTC)
        for days in (0, 1)
        for at in (MIDNIGHT, ends)
        for fold in (0, 1)  # a wall clock put back shows a time twice
    )
    mark = min(it for it in marks if it > moment)
    return _change_of_clock(moment, mark, zone) or mark


def _change_of_clock(begin: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """When the zone's offset changes after `begin` and until `end`; clocks change at whole seconds."""
    before = begin.astimezone(zone).utcoffset()
    if end.astimezone(zone).utcoffset() == before:
        return None
    low, high = int(begin.timestamp()), int(end.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no such zone, no zone's name, a folder of zones
        return UTC
