"""The order of facts: which event's word about a field holds, however often and in whatever order events arrive.

Design section 6, "Order of events": every fact keeps the stamp of the event that set it. A stamp is one string; of two
stamps the greater is the newer. Compare stamps in Python or under a binary collation, never under a language's.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Merged(NamedTuple):
    """`accepted` are the fields to write; `stamps` are the stamps of all fields afterwards."""

    accepted: dict[str, object]
    stamps: dict[str, str]


def stamp_of(sequence: str | None, time: datetime, event_id: str) -> str:
    """The place of an event in the total order: with a sequence before without, then time, then id.

    `sequence` (the CloudEvents extension) is compared as text and must hold no space, so that a space, which sorts
    below all it may hold, ends it: "1" < "10" < "2". `time` must be aware; it counts to the microsecond, in UTC.
    """
    moment = time.astimezone(UTC).isoformat(timespec="microseconds")
    if sequence is None:
        return f"0 {moment} {event_id}"
    return f"1{sequence} {moment} {event_id}"


def moment_of(stamp: str) -> datetime:
    """When the event of this stamp happened."""
    return datetime.fromisoformat(stamp.split(" ")[1])


def is_older(stamp: str, other: str, skew: timedelta) -> bool:
    """Whether the event of `stamp` happened before the other one, about something else and perhaps of another sender.

    By time alone, and by more than `skew`, in which clocks may differ: a sequence says nothing across senders. Nothing
    is older than what nobody has said yet ("").
    """
    return other != "" and moment_of(stamp) < moment_of(other) - skew


def turned_at(stamps: Mapping[str, str], name: str) -> str:
    """The stamp of the word since which the field has its value; words that repeated it are newer. "": ever since."""
    return stamps.get(f"{name}:since", stamps.get(name, ""))


def turned(stamps: Mapping[str, str], name: str, stamp: str, *, is_same: bool) -> dict[str, str]:
    """The stamps, with what `turned_at` needs after one more word about the field. Call it before `merge`.

    `is_same`: the word repeats the value that the field has. Words may come late: one that repeats it and is older
    moves the turn back, unless another value was said between; such a one moves it to the newest word there is.
    """
    last, since, against = stamps.get(name, ""), turned_at(stamps, name), stamps.get(f"{name}:against", "")
    if stamp > last and not is_same:
        since, against = stamp, last
    elif not is_same and stamp > against:
        since, against = since if since > stamp else last, stamp
    elif is_same and against < stamp < since:
        since = stamp
    return {**stamps, f"{name}:since": since, f"{name}:against": against}


def overruled(stamps: Mapping[str, str], names: Iterable[str], stamp: str) -> dict[str, str]:
    """The stamps after an administrator's own word about these fields, which holds whatever was said of them before.

    The sender's next word still wins, and an older one that comes late does not: no stamp ever becomes lower.
    """
    return {**stamps, **{name: max(stamp, stamps.get(name, "")) for name in names}}


def merge(stamps: Mapping[str, str], fields: Mapping[str, object], stamp: str) -> Merged:
    """Newest wins, field by field: a field is accepted where `stamp` is newer than the one that set it.

    The same event again is not newer, so a repeat accepts nothing and changes no stamp.
    """
    accepted = {name: value for name, value in fields.items() if stamp > stamps.get(name, "")}
    return Merged(accepted, {**stamps, **dict.fromkeys(accepted, stamp)})
