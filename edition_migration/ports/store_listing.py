"""Lists of an organization's users with their newest migrations, by what administrators ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import DESELECTABLE, OPEN, SELECTABLE, MigrationState


@dataclass(frozen=True, slots=True)
class ListedUser:
    """One line of a list. Name and address are for the administrator's eyes, never for logs."""

    migration: Migration
    email: str | None
    display_name: str
    client_version: str | None
    inactive_reason: str | None


@dataclass(frozen=True, slots=True)
class Criteria:
    """Whom a list holds: all who fit each part that is given.

    `reason` is a word of any of the three: why the migration ended, what stops it, why the account is inactive.
    `client_version` is a version or its beginning, `5.2` or `5`, or empty for users without one.
    """

    states: tuple[MigrationState, ...] | None = None
    is_in_wave: bool | None = None
    is_parked: bool = False
    domain: str | None = None
    reason: str | None = None
    client_version: str | None = None
    since_before: datetime | None = None
    wave_id: str | None = None


@dataclass(frozen=True, slots=True)
class MailCriteria:
    """Which mails a list holds: all that fit each part that is given. Without users also those to administrators."""

    user_ids: tuple[str, ...] = ()
    kinds: tuple[MailKind, ...] = ()
    states: tuple[MailState, ...] = ()


EVERYBODY = Criteria()
PENDING = Criteria(states=SELECTABLE, is_in_wave=False)
"""The Migration tab."""
SELECTED = Criteria(states=DESELECTABLE, is_in_wave=True)
PARKED = Criteria(states=OPEN, is_parked=True)
"""Whom something stops that somebody must mend."""


class Listing(Protocol):
    """The newest migration of each user."""

    async def page(self, org_id: str, criteria: Criteria, limit: int, after_user_id: str = "") -> Sequence[ListedUser]:
        """By user id, behind the cursor."""
        ...

    async def count(self, org_id: str, criteria: Criteria, after_user_id: str = "") -> int:
        """How many lines the pages behind the cursor have."""
        ...

    async def mails(self, org_id: str, criteria: MailCriteria, limit: int, before: int | None = None) -> Sequence[Mail]:
        """Newest first; `before` is the `sequence` of the last one of the page in front."""
        ...

    async def mails_of_wave(self, org_id: str, wave_id: str) -> dict[tuple[MailKind, MailState], int]:
        """How many mails to the users of a wave are in which state."""
        ...
