"""Commands of administrators and operators, and their answers. The same models serve command line and Updates."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from edition_migration.domain.names import OPAQUE_ID, MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import OPEN, SELECTABLE, MigrationState, sources_of


class CommandKind(StrEnum):
    SELECT = "select"
    EXCLUDE = "exclude"
    ACTIVATE = "activate"
    CANCEL = "cancel"


LEGAL_IN: dict[CommandKind, frozenset[MigrationState]] = {
    CommandKind.SELECT: frozenset(SELECTABLE),
    CommandKind.EXCLUDE: sources_of(MigrationState.SKIPPED),
    CommandKind.ACTIVATE: frozenset({MigrationState.INSTRUCTED}),
    CommandKind.CANCEL: frozenset(OPEN),
}
"""The states in which a command may change something; who is in a wave already can be neither selected nor excluded."""

_BEFORE_A_WAVE = frozenset({CommandKind.SELECT, CommandKind.EXCLUDE})


def legal_commands(state: MigrationState, *, is_in_wave: bool) -> tuple[CommandKind, ...]:
    """What may change something now, for whom to show it."""
    return tuple(
        kind for kind, states in LEGAL_IN.items() if state in states and not (is_in_wave and kind in _BEFORE_A_WAVE)
    )


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class CommandRequest(_Message):
    """What an operator sends from the Temporal UI with one user's Update."""

    actor: str = Field(
        default="temporal", pattern=f"^{OPAQUE_ID.pattern}$", description="Who decides: an opaque staff id, no address"
    )
    activation: Activation | None = Field(default=None, description="select only: when the user is activated")
    activation_delay: timedelta | None = Field(default=None, description="select only: with activation=delayed")


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
    state: MigrationState | None = None
    reason: str = ""
    mend: str = ""
    wave_id: str | None = None


class SelectionAnswer(_Message):
    """The first answer to a selection, kept with the wave and given again to a repeat."""

    wave_id: str | None
    answers: tuple[CommandAnswer, ...]
    licenses_free: int
    waiting_for_capacity: int
