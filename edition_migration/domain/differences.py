"""What `reconcile` names: kinds of differences between rows, ledgers, mails, links and workflows, in words.

Used by reconciliation, its workflow and the command line. Nothing personal: ids only.
"""

from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class DifferenceKind(StrEnum):
    WORKFLOW_MISSING = "workflow_missing"
    WORKFLOW_ENDED = "workflow_ended"
    WORKFLOW_NOT_STARTED = "workflow_not_started"
    WORKFLOW_AHEAD = "workflow_ahead"
    WORKFLOW_UNAWARE = "workflow_unaware"
    END_LOST = "end_lost"
    WORKFLOW_LEFT_OVER = "workflow_left_over"
    WORKFLOW_STRAY = "workflow_stray"
    WAVE_STOPPED = "wave_stopped"
    ORGANIZATION_STOPPED = "organization_stopped"
    COUNTERS_WRONG = "counters_wrong"
    LEDGER_OPEN = "ledger_open"
    LEDGER_MISSING = "ledger_missing"
    LEDGER_STRAY = "ledger_stray"
    TICKET_OPEN = "ticket_open"
    TICKET_WAITING = "ticket_waiting"
    MAIL_STUCK = "mail_stuck"
    MAIL_DOUBTFUL = "mail_doubtful"
    LINK_ALIVE = "link_alive"
    LINK_MISSING = "link_missing"
    STATE_NOT_JOURNALED = "state_not_journaled"
    PASSWORD_MISSING = "password_missing"  # noqa: S105 - a difference, no password
    ACCOUNT_ACTIVE = "account_active"
    LOCKED_OUT = "locked_out"
    DOORBELL_OLD = "doorbell_old"
    ERRAND_OLD = "errand_old"
    EVENT_OLD = "event_old"
    JOURNAL_NOT_SEALED = "journal_not_sealed"
    CHAIN_BROKEN = "chain_broken"


class _Words(NamedTuple):
    """`mended` says what reconciliation does about it; None where only people can say what is right: `to_do`."""

    sentence: str
    mended: str | None
    to_do: str


K = DifferenceKind

_RUN = "run `starter.py reconcile` without --dry-run"
_REPAIR = "compare the user's row, ledger and journal (`starter.py user show`) and repair the database by hand"

WORDS: dict[DifferenceKind, _Words] = {
    K.WORKFLOW_MISSING: _Words(
        "The migration is open, but its workflow does not exist, or has failed.", "it is started again", _RUN
    ),
    K.WORKFLOW_ENDED: _Words(
        "The migration is open, but somebody ended its workflow.",
        None,
        "if the user shall go on: `starter.py retry`; if not: `starter.py cancel`",
    ),
    K.WORKFLOW_NOT_STARTED: _Words("The migration's workflow was never started.", "it is started", _RUN),
    K.WORKFLOW_AHEAD: _Words(
        "The workflow is past the place where the migration stands, as after a restore of the database.",
        "it is started anew and goes on from the row",
        _RUN,
    ),
    K.WORKFLOW_UNAWARE: _Words(
        "The workflow shows another state than the migration's, as after a restore of Temporal.", "it is rung", _RUN
    ),
    K.END_LOST: _Words(
        "The migration is open, but its workflow saw it cancelled, skipped or deleted, as before a restore.",
        None,
        "have the events sent again; then whoever is still named: `starter.py cancel`, or `starter.py retry` to go on",
    ),
    K.WORKFLOW_LEFT_OVER: _Words("The migration or wave has ended, but its workflow still runs.", "it is rung", _RUN),
    K.WORKFLOW_STRAY: _Words(
        "A workflow runs for a migration or wave that the database does not know.", "it is ended", _RUN
    ),
    K.WAVE_STOPPED: _Words("The wave is not done, but its workflow does not run.", "it is started again", _RUN),
    K.ORGANIZATION_STOPPED: _Words(
        "The organization has work to do, but its workflow does not run.", "it is started again", _RUN
    ),
    K.COUNTERS_WRONG: _Words(
        "The counters of licenses and storage are not the sums of the ledger.", "they are written from the ledger", _RUN
    ),
    K.LEDGER_OPEN: _Words(
        "The migration has ended without its goal, but still holds license or storage.", "both are released", _RUN
    ),
    K.LEDGER_MISSING: _Words("The user is granted or activated, but the ledger has no license for him.", None, _REPAIR),
    K.LEDGER_STRAY: _Words(
        "License or storage is held for a migration that does not exist, or for a deleted user who was there before.",
        "both are released",
        _RUN,
    ),
    K.TICKET_OPEN: _Words("The migration has ended, but still stands in the queue for licenses.", "it leaves", _RUN),
    K.TICKET_WAITING: _Words(
        "Users wait for licenses and storage that are free.", "the organization is rung to grant them", _RUN
    ),
    K.MAIL_STUCK: _Words("A mail is not sent although nothing holds it back.", "its workflow is rung", _RUN),
    K.MAIL_DOUBTFUL: _Words(
        "A mail waits, and after a restore its workflow may believe that it is sent.",
        "the workflow is started anew and sends it",
        _RUN,
    ),
    K.LINK_ALIVE: _Words("A link lives although nobody waits for a password.", "it is dead now", _RUN),
    K.LINK_MISSING: _Words(
        "A password is awaited, but there is no link, or no mail with one.", None, "`starter.py resend`"
    ),
    K.STATE_NOT_JOURNALED: _Words("The state is not the one that the journal says.", None, _REPAIR),
    K.PASSWORD_MISSING: _Words("A password is said to be set, but the user has none.", None, _REPAIR),
    K.ACCOUNT_ACTIVE: _Words("The account is active although its migration says that it must not be.", None, _REPAIR),
    K.LOCKED_OUT: _Words(
        "The migration has ended and no block of a domain holds the user any more, but the account is inactive.",
        "it is looked at again, and let out",
        _RUN,
    ),
    K.DOORBELL_OLD: _Words("Doorbells wait to be rung for more than an hour.", "they are rung", _RUN),
    K.ERRAND_OLD: _Words("An errand waits for more than an hour.", "the organization is rung", _RUN),
    K.EVENT_OLD: _Words("An event waits for more than an hour.", "the organization is rung", _RUN),
    K.JOURNAL_NOT_SEALED: _Words(
        "Entries of the journal are not sealed for more than an hour.", "they are sealed", _RUN
    ),
    K.CHAIN_BROKEN: _Words(
        "The journal's chain does not hold.", None, "see `starter.py audit verify`; restore the journal from a backup"
    ),
}


class Difference(BaseModel):
    """One difference. `mend` is what was done about it, or what to do."""

    model_config = ConfigDict(frozen=True)

    kind: DifferenceKind
    org_id: str
    user_id: str | None = None
    generation: int | None = None
    wave_id: str | None = None
    sentence: str
    is_mended: bool
    mend: str


class DifferencesView(BaseModel):
    """`reconcile --json`."""

    model_config = ConfigDict(frozen=True)

    differences: tuple[Difference, ...]


def is_mendable(kind: DifferenceKind) -> bool:
    """Whether it is provable what is right."""
    return WORDS[kind].mended is not None


def named(
    kind: DifferenceKind,
    org_id: str,
    *,
    is_mended: bool,
    user_id: str | None = None,
    generation: int | None = None,
    wave_id: str | None = None,
) -> Difference:
    """The difference in words."""
    words = WORDS[kind]
    mend = words.mended if is_mended and words.mended else words.to_do
    return Difference(
        kind=kind,
        org_id=org_id,
        user_id=user_id,
        generation=generation,
        wave_id=wave_id,
        sentence=words.sentence,
        is_mended=is_mended,
        mend=mend,
    )


class Part(StrEnum):
    """What is looked at, in this order."""

    ORGANIZATION = "organization"
    JOURNAL = "journal"
    ROWS = "rows"
    WORKFLOWS = "workflows"


class ReconcileCursor(BaseModel):
    """Where a look goes on: in the journal behind this position, in the rows behind this user and generation.

    In the workflows with Temporal's token of the page; there `org_id` is empty where all organizations are looked at.
    """

    model_config = ConfigDict(frozen=True)

    org_id: str
    part: Part = Part.ORGANIZATION
    position: int = 0
    user_id: str = ""
    generation: int = 0
    token: str = ""


class ReconcilePage(BaseModel):
    """One page of a look, of one organization or of all. `is_dry`: names only, changes nothing.

    `is_restored`: a database was restored and no worker runs, so nothing is too young to be a difference between rows
    and workflows; and nobody knows what rings were lost, so organizations begin anew, and everybody is rung.
    """

    model_config = ConfigDict(frozen=True)

    cursor: ReconcileCursor | None = None
    org_id: str | None = None
    is_dry: bool = False
    is_restored: bool = False


class ReconcileOutcome(BaseModel):
    """What one page found. `next` None: that was all. `rows` is how many migrations were looked at."""

    model_config = ConfigDict(frozen=True)

    differences: tuple[Difference, ...] = ()
    next: ReconcileCursor | None = None
    rows: int = 0


class ReconcileCounts(BaseModel):
    """What has been found so far, by kind: the input and the result of the workflow, and what one activity answers."""

    model_config = ConfigDict(frozen=True)

    next: ReconcileCursor | None = None
    rows: int = 0
    found: dict[str, int] = {}
    mended: dict[str, int] = {}

    def and_then(self, page: "ReconcileCounts") -> "ReconcileCounts":
        """The sums, going on where `page` says."""
        return ReconcileCounts(
            next=page.next,
            rows=self.rows + page.rows,
            found=dict(Counter(self.found) + Counter(page.found)),
            mended=dict(Counter(self.mended) + Counter(page.mended)),
        )


def counted(outcome: ReconcileOutcome) -> ReconcileCounts:
    """The outcome by kind, without any id but the cursor's."""
    return ReconcileCounts(
        next=outcome.next,
        rows=outcome.rows,
        found=Counter(str(it.kind) for it in outcome.differences),
        mended=Counter(str(it.kind) for it in outcome.differences if it.is_mended),
    )
