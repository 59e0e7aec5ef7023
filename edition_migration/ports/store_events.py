"""Tables of what is to be done: the inbox, doorbells, errands."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef


class InboxState(StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNKNOWN_TYPE = "unknown_type"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One event as it came. `body` is the document's JSON; `digest` its SHA-256, to tell a repeat from a forgery.

    `user_id` is whom the event is about, where its type is known and it is about one user (of one about a mail the
    mail says so, once it is applied); `failure` is the code of
    the error that a failed one met, and `wants` the address, normalized, that somebody else has.
    """

    inbox_id: int
    source: str
    event_id: str
    type: str
    org_id: str | None
    body: str
    digest: str
    received_at: datetime
    state: InboxState
    reason: str | None = None
    user_id: str | None = None
    failure: str | None = None
    wants: str | None = None


class Received(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Doorbell:
    """Somebody's row changed. Without a user and a wave it rings the organization."""

    bell_id: int
    org_id: str
    user_id: str | None
    generation: int | None
    rung_at: datetime
    wave_id: str | None = None

    @property
    def wave(self) -> WaveRef | None:
        return None if self.wave_id is None else WaveRef(org_id=self.org_id, wave_id=self.wave_id)

    @property
    def migration(self) -> MigrationRef | None:
        if self.user_id is None or self.generation is None:
            return None
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)

    @property
    def organization(self) -> OrganizationRef:
        return OrganizationRef(org_id=self.org_id)


@dataclass(frozen=True, slots=True)
class Errand:
    """A fact that touches many rows, worked off page by page. `argument` is e.g. the domain that was removed."""

    errand_id: int
    org_id: str
    kind: str
    argument: str
    cursor: str
    created_at: datetime


class Inbox(Protocol):
    async def receive(self, row: InboxRow) -> Received:
        """Unique by source and event id; `inbox_id` is numbered by the store."""
        ...

    async def next_pending(self, org_id: str) -> InboxRow | None:
        """The oldest pending one of the organization."""
        ...

    async def settle(
        self,
        inbox_id: int,
        state: InboxState,
        reason: str | None,
        *,
        failure: str | None = None,
        wants: str | None = None,
    ) -> None: ...
    async def set_user(self, inbox_id: int, user_id: str) -> None: ...
    async def retry_failed(
        self, failure: str, types: Collection[str], *, user_id: str | None = None, wants: str | None = None
    ) -> Sequence[str]:
        """Failed events of these types that met this failure are pending again; their organizations, each once.

        Only those about this user, and of those that say what they want only those that want this.
        """
        ...

    async def get(self, source: str, event_id: str) -> InboxRow | None: ...
    async def listing(self, org_id: str | None, limit: int) -> Sequence[InboxRow]:
        """Newest first."""
        ...

    async def of_user(self, org_id: str, user_id: str) -> Sequence[InboxRow]:
        """What this organization's events said of the user, oldest first."""
        ...

    async def has_pending_detection(self, org_id: str, user_id: str) -> bool:
        """Whether a `user.detected` of this user waits or was ever applied."""
        ...


class Doorbells(Protocol):
    async def add_migrations(self, refs: Sequence[MigrationRef], at: datetime) -> None: ...
    async def add_organization(self, org_id: str, at: datetime) -> None: ...
    async def add_wave(self, ref: WaveRef, at: datetime) -> None: ...
    async def oldest(self, limit: int) -> Sequence[Doorbell]: ...
    async def remove(self, bell_ids: Sequence[int]) -> None: ...


class Errands(Protocol):
    async def add(self, org_id: str, kind: str, argument: str, at: datetime) -> None: ...
    async def next(self, org_id: str) -> Errand | None:
        """The oldest errand of the organization."""
        ...

    async def advance(self, errand_id: int, cursor: str) -> None: ...
    async def finish(self, errand_id: int) -> None: ...


SERVICE = "*"
"""The scope of a pause of the whole service; no organization's id can be this."""


@dataclass(frozen=True, slots=True)
class Pause:
    """`scope` is an organization's id or `SERVICE`; `ended_at` None while it lasts. `actor` began it."""

    pause_id: int
    scope: str
    started_at: datetime
    ended_at: datetime | None
    actor: str
    ended_by: str | None = None


class Pauses(Protocol):
    async def begin(self, scope: str, at: datetime, actor: str) -> bool:
        """False where this scope is paused already."""
        ...

    async def end(self, scope: str, at: datetime, actor: str) -> bool:
        """False where this scope is not paused."""
        ...

    async def of(self, org_id: str) -> Sequence[Pause]:
        """All that concern this organization, the service's too, oldest first."""
        ...

    async def is_paused(self, org_id: str) -> bool:
        """Whether the organization or the whole service is paused now."""
        ...

    async def running(self) -> Sequence[Pause]:
        """Those that last, of all scopes, oldest first."""
        ...

    async def held_back(self, org_id: str, after: MigrationRef | None, limit: int) -> Sequence[MigrationRef]:
        """Whom the end of a pause concerns, by user id and generation behind `after`: open migrations whose workflow
        was started, and ended ones with mails to send in their own queue."""
        ...
