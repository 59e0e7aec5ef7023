"""Durations as people write them in files: `7d`, `12h`, `30m`, `45s`, or ISO 8601 (`P7D`)."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from edition_migration.domain.validation import broken

LONGEST = timedelta(days=36_500)
"""More is a slip of the keys; and a moment so far away may be none that the calendar has."""
_SHORT = re.compile(r"^(\d+)\s*([smhdw])$")
_BARE = re.compile(r"^[+-]?\d+(\.\d*)?$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse(value: object) -> object:
    """A short form becomes a timedelta; everything else is left to pydantic, which knows ISO 8601."""
    if not isinstance(value, str) or not (match := _SHORT.match(value.strip())):
        return value
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):  # more days, or more digits, than Python can count
        return value


def _with_unit(value: object) -> object:
    """As `parse`, and no bare number: pydantic takes it for seconds, who writes an undo window of 30 means days."""
    if isinstance(value, int | float) or (isinstance(value, str) and _BARE.match(value.strip())):
        raise broken("has no unit", "write it like 7d, 12h or 30m")
    return parse(value)


Duration = Annotated[timedelta, BeforeValidator(_with_unit)]
