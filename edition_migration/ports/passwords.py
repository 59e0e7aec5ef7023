"""What the use cases of sign-in and password choice ask of password hashing, and of time that only passes.

Hashing takes tens of milliseconds and tens of MiB on purpose, so it happens outside every transaction and bounded.
"""

from typing import Protocol


class Hasher(Protocol):
    """One-way password hashes as PHC strings. Every method raises Busy where too many wait already."""

    async def hash(self, password: str) -> str:
        """A new salted hash under the current parameters; of the whole password, never of a part."""
        ...

    async def verify(self, password: str, password_hash: str) -> bool:
        """Whether the password is the one of this hash. A hash of no known kind is false, after the same work."""
        ...

    async def verify_nothing(self, password: str) -> None:
        """The work of one `verify` for an account that has no hash, so that the time does not tell."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the current parameters would make another kind of hash, or a stronger one."""
        ...


class Pace(Protocol):
    """Time that only passes, in seconds; tests move it without sleeping."""

    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...
