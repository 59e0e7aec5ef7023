"""What `doctor` asks of the web process at its public address."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Silence(StrEnum):
    """Why there was no answer."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"


class PageAnswer(NamedTuple):
    """`body` is its beginning."""

    status: int
    body: str


class WebCheck(Protocol):
    async def get(self, url: str) -> PageAnswer | Silence:
        """One GET, without following redirects."""
        ...
