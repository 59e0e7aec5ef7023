"""What `doctor` asks of the store: of the database itself, whatever state it is in. Looks only, and makes no file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from edition_migration.domain.token import ResetToken


@dataclass(frozen=True, slots=True)
class SchemaRevision:
    """`found` None: there is none of ours. `is_newer`: newer code made it. `is_served`: this code may run on it."""

    found: str | None
    wanted: str
    is_newer: bool
    is_served: bool


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Where the database's file lies, or will."""

    folder: str
    free_bytes: int
    is_writable: bool


@dataclass(frozen=True, slots=True)
class LinksToMail:
    """How many links of one key are still to be mailed, or mailed again, and the newest of them.

    Only these need their key: a link that the user has is found by its digest.
    """

    key_id: str
    links: int
    newest: ResetToken


class StoreDiagnosis(Protocol):
    """Each raises ConfigurationError where the database's URL is wrong, StoreUnavailable where it cannot answer."""

    async def kind(self) -> str:
        """What answers, with its version, e.g. `PostgreSQL 17.2`. Raises StoreUnavailable for a file not made yet."""
        ...

    async def revision(self) -> SchemaRevision: ...

    async def clock(self) -> datetime | None:
        """The database's own time; None where it has this machine's."""
        ...

    async def disk(self) -> DiskSpace | None:
        """None where the database has a machine of its own."""
        ...

    async def links_to_mail(self) -> Sequence[LinksToMail]:
        """By key; raises StoreUnavailable where the schema is not this code's."""
        ...

    async def longest_undo(self) -> timedelta | None:
        """The longest undo window of all organizations, None without any; raises as `links_to_mail`."""
        ...

    async def dispose(self) -> None: ...
