"""One user's migration as a row, its journal, waves and tickets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import HELD_WITHOUT_DOMAIN, LEFT_TO_THE_BLOCK, OPEN, InactiveReason, MigrationState

ADOPTED = 0
"""The generation under which the ledger keeps a Business Edition user who was there before us."""


class Step(StrEnum):
    """The six steps, in order; each is an activity of this name."""

    NOTIFY_DEACTIVATION = "notify_deactivation"
    SEND_INSTRUCTIONS = "send_instructions"
    ACTIVATE = "activate"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a step, no password
    AWAIT_NEW_PASSWORD = "await_new_password"  # noqa: S105 - a step, no password
    APPLY_POLICIES = "apply_policies"


class Attention(StrEnum):
    """What somebody should look at; shown to operators, an empty one is None."""

    UNDELIVERABLE = "undeliverable"
    COMPLAINT = "complaint"
    POLICY = "policy"
    WORKFLOW_MISSING = "workflow_missing"


MAILLESS = frozenset({Attention.UNDELIVERABLE, Attention.COMPLAINT})
"""No mail reaches, or may reach, this user until somebody has mended it."""


ADMINISTRATORS_TO_MEND = (Attention.UNDELIVERABLE, Attention.COMPLAINT, Attention.POLICY)
"""What an administrator is told of by mail; a missing workflow is the operator's."""


_BY_WEIGHT = (Attention.WORKFLOW_MISSING, Attention.UNDELIVERABLE, Attention.POLICY, Attention.COMPLAINT)


def gives_way_to(attention: Attention) -> tuple[Attention, ...]:
    """What is shown may be replaced by this one; heavier ones stay until somebody has mended them.

    A person's complaint of our mail is hidden by nothing. The others are found again once the heavier one is gone: a
    missing workflow by its next ring, a refused mail by its next try.
    """
    return _BY_WEIGHT[: _BY_WEIGHT.index(attention)]


@dataclass(frozen=True, slots=True)
class Migration:
    """A row of migrations: every state and fact of one generation.

    `deadline_at` is the deadline without pauses, which count from `deadline_from`; `reminders` is how many moments to
    remind have passed; `password_set_at` is a password set elsewhere before it was awaited; until `hold_ends_at` an
    activated user is held, whose domain is gone.
    """

    org_id: str
    user_id: str
    generation: int
    state: MigrationState
    since: datetime
    reason: str | None = None
    wave_id: str | None = None
    started_at: datetime | None = None
    activation: Activation = Activation.WITH_INSTRUCTIONS
    activate_at: datetime | None = None
    activation_requested_at: datetime | None = None
    instructions_accepted_at: datetime | None = None
    signed_in_at: datetime | None = None
    deadline_from: datetime | None = None
    deadline_at: datetime | None = None
    reminders: int = 0
    password_set_at: datetime | None = None
    hold_ends_at: datetime | None = None
    attention: Attention | None = None
    attention_at: datetime | None = None

    @property
    def ref(self) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def held_until(self) -> datetime | None:
        """When the hold ends him whose domain is gone, whatever his deadline; None where nothing of it holds him."""
        return self.hold_ends_at if self.state in HELD_WITHOUT_DOMAIN else None

    @property
    def has_acted(self) -> bool:
        """Whether he has done what is awaited of him, or will be: he goes on, whatever becomes of his domain."""
        if self.state is MigrationState.ACTIVATED:
            return self.password_set_at is not None or self.signed_in_at is not None
        return self.state is MigrationState.AWAITING_FIRST_SIGN_IN and self.signed_in_at is not None

    @property
    def left_to_the_block(self) -> InactiveReason | None:
        """Why the account is inactive while its domain is blocked, where this row's end left that to the block."""
        return LEFT_TO_THE_BLOCK.get((self.state, self.reason))


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One change, by whom and when. `key` makes the repeat find it: `{step}/{round}` or the command id."""

    org_id: str
    user_id: str
    generation: int
    key: str
    action: str
    actor: str
    at: datetime
    source: MigrationState | None
    target: MigrationState
    detail: dict[str, str | int | bool | None]

    @property
    def ref(self) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)


class WaveState(StrEnum):
    """A paused wave releases nobody until it is resumed; a cancelled one gave back whom it had not instructed."""

    RELEASING = "releasing"
    PAUSED = "paused"
    RELEASED = "released"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wave:
    """One selection: released not before `release_at`, `pilot` users first, after whom it pauses itself."""

    org_id: str
    wave_id: str
    command_id: str
    actor: str
    state: WaveState
    activation: Activation
    activation_delay: timedelta
    created_at: datetime
    started_at: datetime | None
    size: int
    release_at: datetime | None = None
    pilot: int | None = None
    released: int = 0
    reported_at: datetime | None = None


class TicketState(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the organization's one queue for licenses; the lowest number is served first."""

    org_id: str
    number: int
    user_id: str
    generation: int
    state: TicketState
    storage_mb: int
    granted_at: datetime | None = None
