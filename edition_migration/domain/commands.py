"""Commands of administrators and operators, and their answers. The same models serve command line and Updates."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from edition_migration.domain.names import OPAQUE_ID, MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import AWAITING_USER, DESELECTABLE, OPEN, RESELECTABLE, SELECTABLE, sources_of
from edition_migration.domain.states import MigrationState as S


class CommandKind(StrEnum):
    SELECT = "select"
    DESELECT = "deselect"
    EXCLUDE = "exclude"
    ACTIVATE = "activate"
    RESEND = "resend"
    EXTEND_DEADLINE = "extend_deadline"
    FIX_ADDRESS = "fix_address"
    RETRY = "retry"
    CANCEL = "cancel"
    UNDO = "undo"


LEGAL_IN: dict[CommandKind, frozenset[S]] = {
    CommandKind.SELECT: frozenset({*SELECTABLE, *RESELECTABLE}),
    CommandKind.DESELECT: frozenset(DESELECTABLE),
    CommandKind.EXCLUDE: sources_of(S.SKIPPED),
    CommandKind.ACTIVATE: frozenset({S.INSTRUCTED}),
    CommandKind.RESEND: frozenset({S.INSTRUCTED, *AWAITING_USER}),
    CommandKind.EXTEND_DEADLINE: frozenset(AWAITING_USER),
    CommandKind.RETRY: frozenset(OPEN),
    CommandKind.CANCEL: frozenset(OPEN),
    CommandKind.UNDO: frozenset({S.MIGRATED}),
}
"""The states in which an Update may change something; who is in a wave already can be neither selected nor excluded.

`fix_address` takes an address and is no Update.
"""

_BEFORE_A_WAVE = frozenset({CommandKind.SELECT, CommandKind.EXCLUDE})


def legal_commands(state: S, *, is_in_wave: bool, has_attention: bool = False) -> tuple[CommandKind, ...]:
    """What may change something now, for whom to show it."""
    ruled_out = _BEFORE_A_WAVE if is_in_wave and state in OPEN else frozenset({CommandKind.DESELECT})
    if not has_attention:
        ruled_out |= {CommandKind.RETRY}
    return tuple(kind for kind, states in LEGAL_IN.items() if state in states and kind not in ruled_out)


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class CommandRequest(_Message):
    """What an operator sends from the Temporal UI with one user's Update."""

    actor: str = Field(
        default="temporal", pattern=f"^{OPAQUE_ID.pattern}$", description="Who decides: an opaque staff id, no address"
    )
    activation: Activation | None = Field(default=None, description="select only: when the user is activated")
    activation_delay: timedelta | None = Field(default=None, description="select only: with activation=delayed")
    confirm_administrator: bool = Field(
        default=False, description="select only: yes, although the user administers the organization"
    )
    extension: timedelta | None = Field(
        default=None, description="extend_deadline only: by how much; by the organization's own deadline unless given"
    )

    @property
    def extension_text(self) -> str | None:
        """By how much, as the journal keeps it: `P7D`."""
        return self.model_dump(mode="json")["extension"]


class UserRequest(CommandRequest):
    """What an operator sends with an Update of the organization's workflow: for a user whose own has ended."""

    user_id: str = Field(pattern=f"^{OPAQUE_ID.pattern}$", description="Whose migration: the user's id, no address")


class Command(_Message):
    """One command on one user. A repeat of `command_id` gets the first answer."""

    kind: CommandKind
    migration: MigrationRef
    command_id: str
    request: CommandRequest = CommandRequest()


class Verdict(StrEnum):
    DONE = "done"
    REFUSED = "refused"


class CommandAnswer(_Message):
    """What became of a command on one user; `reason` is a stable code, `mend` a sentence."""

    user_id: str
    verdict: Verdict
    state: S | None = None
    reason: str = ""
    mend: str = ""
    wave_id: str | None = None


class SelectionAnswer(_Message):
    """The first answer to a selection, kept with the wave and given again to a repeat."""

    wave_id: str | None
    answers: tuple[CommandAnswer, ...]
    licenses_free: int
    waiting_for_capacity: int
