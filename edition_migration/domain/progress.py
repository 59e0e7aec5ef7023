"""What a step answers its workflow, and the overview that operators see. Nothing personal: it enters histories."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Attention, Step, WaveState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class StepInput(_Message):
    """Which migration, and the workflow's time, which decides what is due."""

    migration: MigrationRef
    as_of: datetime


class NextMail(_Message):
    """The first mail of the migration's or organization's queue that may be sent; `not_before` None means now.

    `is_requested`: the user asked for it himself, and waits for it. `attempt` is the number of the one under way, or
    of the next: so a mail that is put back after its end, since it bounced, is told from old news of it.
    """

    kind: MailKind
    not_before: datetime | None = None
    mail_id: str | None = None
    is_requested: bool = False
    attempt: int = 0


class Overview(_Message):
    """Where the user stands, since when, what comes next and who must act."""

    state: MigrationState
    since: datetime
    step: Step | None = None
    next: str = ""
    who: str = ""
    wave_id: str | None = None
    deadline: datetime | None = None
    attention: Attention | None = None


class Done(_Message):
    """The step's effect is on disk. `then` says what the next step waits for, so that it is not asked in vain."""

    kind: Literal["done"] = "done"
    overview: Overview
    mail: NextMail | None = None
    then: "Wait | None" = None


class Wait(_Message):
    """Not yet, and not a failure: until a ring, or until `until`, which is later than `as_of`."""

    kind: Literal["wait"] = "wait"
    why: str
    until: datetime | None = None
    overview: Overview
    mail: NextMail | None = None


class Stop(_Message):
    """The migration is in a terminal state, or a newer generation took over."""

    kind: Literal["stop"] = "stop"
    state: MigrationState
    overview: Overview
    mail: NextMail | None = None


StepOutcome = Annotated[Done | Wait | Stop, Field(discriminator="kind")]


class MailInput(_Message):
    """Whose queue of mails: a user's migration, or the organization's where `user_id` is None."""

    org_id: str
    user_id: str | None = None
    generation: int | None = None
    as_of: datetime


class MailOutcome(_Message):
    """What became of one mail, `mail_id`. `next` is the one to try next: behind a sent one, or the held one itself.

    A held one has a `not_before` later than `as_of`, but is not `next` while a pause or a complaint holds all: its end
    rings. A refused one stops those behind it, so it has no `next` either. `attempt` is the number of the one that
    ended it.
    """

    result: Literal["sent", "held", "refused", "none"]
    next: NextMail | None = None
    mail_id: str | None = None
    attempt: int = 0


class PageInput(_Message):
    """One page of an organization's drain."""

    org_id: str
    as_of: datetime


class PageOutcome(_Message):
    """`more` asks for another page at once; `due` is when to look again although nobody rang."""

    more: bool
    due: datetime | None = None
    mail: NextMail | None = None
    count: int = 0


class WaveInput(_Message):
    """One page of a wave's release: its workflow's time decides when the next may follow."""

    org_id: str
    wave_id: str
    as_of: datetime


class WaveOutcome(_Message):
    """`released` users in this page. `done` ends the wave's workflow; `resume_at` is when the next page may follow.

    `why` is what the wave waits for: a ring, or its time. Without it only the pace is kept, whoever rings.
    """

    done: bool
    released: int
    remaining: int
    resume_at: datetime | None = None
    why: str = ""
    state: WaveState | None = None
