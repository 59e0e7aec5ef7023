"""Commands on a whole wave and their answers, for command line, Updates and native Cancel of the wave's workflow."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from edition_migration.domain.commands import Verdict
from edition_migration.domain.migration import WaveState
from edition_migration.domain.names import OPAQUE_ID


class WaveCommandKind(StrEnum):
    """Pause releases nobody more, resume goes on, cancel gives back whom the wave has not instructed."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class WaveRequest(_Message):
    """What an operator sends from the Temporal UI with an Update of a wave."""

    actor: str = Field(
        default="temporal", pattern=f"^{OPAQUE_ID.pattern}$", description="Who decides: an opaque staff id, no address"
    )


class WaveCommand(_Message):
    """One command on one wave. A repeat of `command_id` gets the first answer."""

    kind: WaveCommandKind
    org_id: str
    wave_id: str
    actor: str
    command_id: str


class WaveAnswer(_Message):
    """What became of it. `reason` is a stable code, `mend` a sentence.

    Of a cancelled wave `deselected` users go back to the list, page by page from now on, and `going_on` are instructed
    or further and go on.
    """

    wave_id: str
    kind: WaveCommandKind
    verdict: Verdict
    state: WaveState
    reason: str = ""
    mend: str = ""
    deselected: int = 0
    going_on: int = 0
