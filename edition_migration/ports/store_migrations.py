"""Tables of one user's migration: the row, its journal, reset tokens and mails."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention, JournalEntry, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState
from edition_migration.domain.token import ResetToken, TokenState


class Migrations(Protocol):
    async def get(self, ref: MigrationRef) -> Migration | None: ...
    async def latest(self, org_id: str, user_id: str) -> Migration | None:
        """The row of the highest generation."""
        ...

    async def latest_of_user(self, user_id: str) -> Migration | None:
        """Of whichever organization: the open one, else the migrated one (it holds a license), else the newest."""
        ...

    async def latest_many(self, org_id: str, user_ids: Sequence[str]) -> Sequence[Migration]: ...

    async def with_open_ones(self, user_ids: Sequence[str]) -> frozenset[str]:
        """Those of these users who have an open migration in any organization."""
        ...

    async def hold(self, ref: MigrationRef) -> Migration | None:
        """As `get`, and no other transaction changes the row until this one ends. Call it first."""
        ...

    async def hold_many(self, refs: Sequence[MigrationRef]) -> Sequence[Migration]:
        """As `hold`, of those that there are, in one order for all who hold many."""
        ...

    async def add(self, migrations: Sequence[Migration]) -> Sequence[MigrationRef]:
        """Inserts rows; one that exists already is left as it is. Returns those that were new."""
        ...

    async def move(
        self,
        ref: MigrationRef,
        sources: Collection[MigrationState],
        target: MigrationState,
        at: datetime,
        *,
        reason: str | None = None,
    ) -> bool:
        """The guarded UPDATE: state and generation in the WHERE. False where the row was in no source state.

        Whatever ends a row ends its hold.
        """
        ...

    async def set_started(self, refs: Sequence[MigrationRef], at: datetime) -> None: ...
    async def set_deadline(self, ref: MigrationRef, since: datetime, deadline_at: datetime) -> None:
        """Sets the deadline, and since when its clock runs, where none is set yet."""
        ...

    async def move_deadline(self, ref: MigrationRef, since: datetime | None, deadline_at: datetime | None) -> None:
        """Replaces both, and forgets which reminders were due; None: none is set any more."""
        ...

    async def set_reminders(self, ref: MigrationRef, count: int) -> None: ...
    async def set_password_set(self, ref: MigrationRef, at: datetime) -> None:
        """His act, which ends a hold: he goes on, whatever becomes of his domain. So with `set_signed_in`."""
        ...

    async def set_hold(self, ref: MigrationRef, ends_at: datetime | None) -> None: ...

    async def has_open_in_wave(self, org_id: str, wave_id: str) -> bool: ...
    async def set_instructions_accepted(
        self, ref: MigrationRef, at: datetime, activate_at: datetime | None
    ) -> None: ...
    async def request_activation(self, ref: MigrationRef, at: datetime) -> None: ...
    async def set_signed_in(self, ref: MigrationRef, at: datetime) -> None: ...
    async def set_attention(self, ref: MigrationRef, attention: Attention | None, at: datetime) -> None:
        """Shows it, unless a heavier one is shown (`domain.migration.gives_way_to`); None clears whatever is shown.

        Since when counts from the first time that it is this one.
        """
        ...

    async def restart(self, ref: MigrationRef) -> None:
        """Forgets that the workflow was started, so that the organization starts it again."""
        ...

    async def unclaim(self, ref: MigrationRef) -> None:
        """Takes the row out of its wave and forgets what the wave said of it."""
        ...

    async def claim(
        self, org_id: str, refs: Sequence[MigrationRef], wave_id: str, activation: Activation
    ) -> Sequence[MigrationRef]:
        """Gives unclaimed BLOCKED and IN_REVIEW rows to a wave; the refs that were claimed, in the given order."""
        ...

    async def unstarted(self, org_id: str, limit: int) -> Sequence[Migration]:
        """Open rows whose workflow was not started yet, oldest first."""
        ...

    async def detected_of_domains(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[Migration]:
        """DETECTED rows of users with an address in one of these domains, held, by user id."""
        ...

    async def awaiting_block(self, org_id: str, domains: Sequence[str], limit: int) -> Sequence[Migration]:
        """The newest rows, `left_to_the_block`, of users of these domains whom nobody holds and whose mark is taken
        back; held, by user id."""
        ...

    async def mark_enrolled(self, user_ids: Sequence[str], org_id: str | None) -> None:
        """By whom these users are enrolled; None takes the mark back, so that the next block looks at them again.

        Whatever adds a row sets it.
        """
        ...

    async def in_states(
        self,
        org_id: str,
        states: Collection[MigrationState],
        after_user_id: str,
        limit: int,
        *,
        or_with: Collection[Attention] = (),
    ) -> Sequence[Migration]:
        """Rows of the organization in these states, and its open ones with this attention; by user id, after the
        cursor."""
        ...

    async def newest_of_domain(self, org_id: str, domain: str, after_user_id: str, limit: int) -> Sequence[Migration]:
        """The newest row, open or not, of each user with an address in `domain`, by user id, after the cursor."""
        ...

    async def counts(self, org_id: str) -> dict[tuple[MigrationState, str | None], int]:
        """How many users are in each state and reason, their newest generation only."""
        ...


class Journal(Protocol):
    async def add(self, entries: Sequence[JournalEntry]) -> None:
        """Appends; raises Conflict where the key was used before in this migration."""
        ...

    async def find(self, ref: MigrationRef, key: str) -> JournalEntry | None: ...
    async def find_of_user(self, org_id: str, user_id: str, key: str) -> JournalEntry | None:
        """As `find`, in whichever generation; the first where there are several."""
        ...

    async def has_of_any(self, org_id: str, user_ids: Sequence[str], key: str) -> bool:
        """Whether `find_of_user` finds something for any of them."""
        ...

    async def of_user(self, org_id: str, user_id: str) -> Sequence[JournalEntry]:
        """All generations, oldest first."""
        ...

    async def newest_entry_id(self, org_id: str | None = None, until: datetime | None = None) -> int:
        """The highest number of an entry, of one organization or all, from before `until`; 0 without any."""
        ...


class Tokens(Protocol):
    async def add(self, token: ResetToken) -> None: ...
    async def get(self, token_id: str) -> ResetToken | None: ...
    async def by_digest(self, digest: str) -> ResetToken | None: ...

    async def make_live(self, token_id: str) -> bool:
        """`issued` becomes `live` and every other live one of the migration dies. Also true where it was live."""
        ...

    async def start_life(self, token_id: str, expires_at: datetime) -> None:
        """Sets the end of life where none is set yet."""
        ...

    async def consume(self, digest: str, at: datetime) -> ResetToken | None:
        """The one conditional UPDATE: live and not expired becomes used. None for everyone but the first."""
        ...

    async def kill_all(self, ref: MigrationRef) -> int:
        """Issued and live tokens of the migration die."""
        ...

    async def requested_since(self, ref: MigrationRef, since: datetime) -> int:
        """How many links the user himself asked for since then."""
        ...

    async def of_migration(
        self, ref: MigrationRef, states: Collection[TokenState] | None = None
    ) -> Sequence[ResetToken]: ...


class Mails(Protocol):
    async def queue(self, mails: Sequence[Mail]) -> None:
        """Appends (the store numbers `sequence`); one of the same organization, user, generation, kind and round
        that exists already is left as it is."""
        ...

    async def next_of_migration(self, ref: MigrationRef) -> Mail | None:
        """The first mail that is neither accepted nor suppressed; a bounced one stops those behind it.

        An `unknown` one of a kind that is sent at most once is passed, here and in all that asks what is to be sent.
        """
        ...

    async def next_of_organization(self, org_id: str) -> Mail | None:
        """The unsent mail that is due first: to the Notification Email, or left behind by a closed migration.

        The held ones come behind the others, in the order in which their holds end; none passes an older one to the
        same user.
        """
        ...

    async def last_to_organization(self, org_id: str, kind: MailKind) -> Mail | None:
        """The newest mail of this kind to the Notification Email, in whatever state: the one of the highest round."""
        ...

    async def get(self, mail_id: str) -> Mail | None: ...

    async def mark(
        self,
        mail_id: str,
        sources: Collection[MailState],
        target: MailState,
        at: datetime,
        *,
        reply_code: int | None = None,
    ) -> bool:
        """Guarded. `sending` counts the attempt and keeps `sending_at`, and of a mail that nobody has yet the
        `text_revision`; `accepted` keeps `accepted_at`."""
        ...

    async def figures(self, mail_id: str) -> str | None:
        """What was kept of this mail by `keep_figures`."""
        ...

    async def keep_figures(self, mail_id: str, figures: str) -> None:
        """Keeps what a mail to administrators says, as JSON without names and addresses; the first ones stay."""
        ...

    async def end_attempt(self, mail_id: str, attempt: int, state: MailState, *, is_counted: bool) -> None:
        """The attempt of this number brought the mail to no end: it is `sending` no more, but `state`.

        Where another has begun since, or the mail has its end, all stays as it is. One not counted was none.
        """
        ...

    async def of_migration(self, ref: MigrationRef) -> Sequence[Mail]: ...
    async def counts(self, org_id: str) -> dict[tuple[MailKind, MailState], int]:
        """How many mails of the organization, its users' and its own, are in each state."""
        ...

    async def suppress_unsent(self, ref: MigrationRef, kinds: Collection[MailKind] | None = None) -> int:
        """Mails not begun, of these kinds or all, are not sent any more; one on its way keeps its own end."""
        ...

    async def requeue_refused(self, ref: MigrationRef) -> int:
        """What the relay refused for good is sent again, as it was: its address or the relay was mended."""
        ...

    async def was_any_accepted(self, ref: MigrationRef) -> bool: ...

    async def hand_over(self, refs: Sequence[MigrationRef]) -> frozenset[str]:
        """Unsent mails of these migrations go to the organization's postman from now on; whose these are."""
        ...
