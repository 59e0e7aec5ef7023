"""Tables of who is who: organizations, domains, users, sessions, contacts, policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from edition_migration.domain.organization import Domain, Organization
from edition_migration.domain.policies import Decision, PolicyAction, PolicySet
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.user import User


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in session; `digest` is the SHA-256 of its token."""

    session_id: str
    user_id: str
    digest: str
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One entry of a guest's contact list. Never carried over."""

    owner_user_id: str
    email: str
    name: str
    group: str


class Organizations(Protocol):
    async def get(self, org_id: str) -> Organization | None: ...

    async def hold(self, org_id: str) -> Organization | None:
        """As `get`, and no other transaction changes the row until this one ends."""
        ...

    async def put(self, organization: Organization) -> None:
        """Inserts or replaces the row (and makes the counters' row at zero where there is none)."""
        ...

    async def list_ids(self) -> Sequence[str]:
        """All of them, by id."""
        ...

    async def longest_undo(self) -> timedelta | None:
        """The longest undo window of all organizations, None without any."""
        ...

    async def with_work(self, now: datetime) -> Sequence[str]:
        """Ids, also of organizations that only events name yet, for which something is to be done: a pending event, an
        errand, a migration or wave not started, a mail of the organization's postman, a report or a block that is due,
        a license for one who waits."""
        ...


class Domains(Protocol):
    async def get(self, name: str) -> Domain | None: ...
    async def hold(self, name: str) -> Domain | None: ...
    async def put(self, domain: Domain) -> None: ...

    async def of_organization(self, org_id: str, *, claimed_only: bool = True) -> Sequence[Domain]:
        """Ordered by name."""
        ...


class Users(Protocol):
    async def get(self, user_id: str) -> User | None: ...
    async def get_many(self, user_ids: Sequence[str]) -> Sequence[User]: ...
    async def by_email(self, email: str) -> User | None:
        """The one not deleted user of this normalised address."""
        ...

    async def by_emails(self, emails: Sequence[str]) -> Sequence[User]: ...
    async def hold(self, user_id: str) -> User | None: ...

    async def hold_many(self, user_ids: Sequence[str]) -> Sequence[User]:
        """As `get_many`, and no other transaction changes these rows until this one ends; locked by user id."""
        ...

    async def put(self, users: Sequence[User]) -> None:
        """Inserts or replaces rows by `user_id`. Raises Conflict where an address belongs to another user."""
        ...

    async def set_account(
        self,
        user_ids: Sequence[str],
        *,
        status: AccountStatus,
        reason: InactiveReason | None,
        org_id: str | None,
        edition: Edition | None = None,
        credential: CredentialState | None = None,
    ) -> int:
        """Sets what the account is worth for each id (None for edition and credential leaves them); rows changed."""
        ...

    async def set_password(self, user_id: str, password_hash: str, credential: CredentialState) -> None: ...

    async def rehash(self, user_id: str, old_hash: str, new_hash: str) -> bool:
        """Keeps a stronger hash of the same password, only while the old one still stands."""
        ...

    async def to_enroll(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[tuple[User, int]]:
        """Living users with an address in `domains` who have no migration of this organization (generation 1), or whose
        newest one was CANCELLED because the domain or the service went (the next generation): `limit` of them
        at most, whichever, in the order of their ids."""
        ...


class Sessions(Protocol):
    async def add(self, session: Session) -> None: ...

    async def end_all(self, user_ids: Sequence[str], at: datetime) -> int:
        """Ends every open session of these users; how many ended."""
        ...

    async def open_count(self, *user_ids: str) -> int:
        """Of these users together."""
        ...

    async def of_user(self, user_id: str) -> Sequence[Session]:
        """Open and ended ones, oldest first."""
        ...


class Contacts(Protocol):
    async def put(self, contacts: Sequence[Contact]) -> None:
        """Adds contacts; an entry of the same owner and address is overwritten."""
        ...

    async def erase(self, owner_user_id: str) -> None: ...
    async def count(self, *owner_user_ids: str) -> int:
        """Of these owners together."""
        ...


class FormerAddresses(Protocol):
    """Where a note of the change goes. Kept no longer than the user."""

    async def add(self, address_id: str, user_id: str, email: str, at: datetime) -> None: ...
    async def get(self, address_id: str) -> str | None: ...
    async def erase(self, user_id: str) -> None: ...


class Policies(Protocol):
    async def get(self, org_id: str) -> PolicySet:
        """The organization's policies and groups; an empty set where none was ever given."""
        ...

    async def put(self, org_id: str, policies: PolicySet) -> None: ...

    async def assign(
        self, user_id: str, org_id: str, group: str | None, revision: int, decisions: Mapping[PolicyAction, Decision]
    ) -> None:
        """Replaces the user's effective policy."""
        ...

    async def remove_assignment(self, user_id: str) -> None: ...

    async def assignment(self, user_id: str) -> tuple[int, Mapping[PolicyAction, Decision]] | None:
        """The revision and the decisions in force for the user; None where no policy is assigned."""
        ...
