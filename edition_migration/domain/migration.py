"""One user's migration as a row, its journal, waves and tickets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import OPEN, MigrationState

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
    WORKFLOW_MISSING = "workflow_missing"


@dataclass(frozen=True, slots=True)
class Migration:
    """A row of migrations: every state and fact of one generation."""

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
    deadline_at: datetime | None = None
    attention: Attention | None = None

    @property
    def ref(self) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=self.user_id, generation=self.generation)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


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


class WaveState(StrEnum):
    RELEASING = "releasing"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Wave:
    """One selection. `result` is the first answer, given again to a repeat of the same command."""

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
