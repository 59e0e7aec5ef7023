"""Client versions: who is old enough to be blocked. Used by eligibility, by the sign-in gate and by filters."""

import re

VERSION = r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
_VERSION = re.compile(VERSION)


def is_version(text: str) -> bool:
    """Whether it is one that can be compared, e.g. 5.2, 5.4.1-beta or 6.0+4711."""
    return _VERSION.fullmatch(text) is not None


def is_old_client(version: str | None, minimum: str) -> bool:
    """Whether a client is older than `minimum` ("6.0"). An unknown or unreadable version counts as old.

    Numbers are compared part by part, so 5.10 is newer than 5.9, and 6 is the same as 6.0. What follows a hyphen comes
    before the version itself, so 6.0-beta is older than 6.0; what follows a plus makes no difference.
    """
    if version is None or not is_version(version.strip()):
        return True
    numbers, hyphen, _ = version.strip().partition("+")[0].partition("-")
    given, asked = _parts(numbers), _parts(minimum)
    return given < asked or (given == asked and bool(hyphen))


def _parts(version: str) -> tuple[int, ...]:
    """The numbers without closing zeros."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
