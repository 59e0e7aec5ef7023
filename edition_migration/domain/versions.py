"""Client versions: who is old enough to be blocked. Used by eligibility, by the sign-in gate and by filters."""

import re

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}")


def is_version(text: str) -> bool:
    """Whether it is one that can be compared, e.g. 5.2."""
    return _VERSION.fullmatch(text) is not None


def is_old_client(version: str | None, minimum: str) -> bool:
    """Whether a client is older than `minimum` ("6.0"). An unknown or unreadable version counts as old.

    Numbers are compared part by part, so 5.10 is newer than 5.9, and 6 is the same as 6.0.
    """
    if version is None or not is_version(version.strip()):
        return True
    return _parts(version.strip()) < _parts(minimum)


def _parts(version: str) -> tuple[int, ...]:
    """The numbers without closing zeros."""
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
