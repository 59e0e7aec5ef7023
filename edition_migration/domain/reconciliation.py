"""Which facts about one migration contradict each other: pure rules over what the store and Temporal say.

Each rule gives one kind of `domain.differences`. Used by reconciliation twice: to find, and once more before it mends,
when the row is held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from edition_migration.domain.differences import DifferenceKind
from edition_migration.domain.mail import Mail, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.overview import STEP_OF_STATE, is_past
from edition_migration.domain.states import (
    AFTER_ACTIVATION,
    BEFORE_ACTIVATION,
    TERMINAL,
    AccountStatus,
    CredentialState,
)
from edition_migration.domain.states import MigrationState as S

OLD = timedelta(hours=1)
"""What is younger may still be on its way."""

K = DifferenceKind

_SHUT = frozenset({*BEFORE_ACTIVATION, S.EXPIRED} - {S.DETECTED})
"""The account is ours in these states, and inactive."""
_ON_ITS_WAY = (MailState.QUEUED, MailState.SENDING, MailState.UNKNOWN)
"""A deferred mail is being tried again; a bounced one waits for somebody."""
_TO_BE_SENT = (*_ON_ITS_WAY, MailState.DEFERRED)


class WorkflowStatus(StrEnum):
    """How a workflow is, in Temporal's words; `missing`: there is none of this id (any more)."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"
    MISSING = "missing"


_STARTABLE = (WorkflowStatus.MISSING, WorkflowStatus.FAILED, WorkflowStatus.TIMED_OUT)
"""Nobody wanted it so: what was lost or failed is started again. What somebody ended is not started behind his back."""

_ENDED_BY_OTHERS = frozenset(TERMINAL) - {S.MIGRATED, S.EXPIRED}
"""Ends to which no workflow comes again by itself, as somebody else's word made them; but a hold that runs out does."""


@dataclass(frozen=True, slots=True)
class WorkflowSeen:
    """How a workflow is, and in which state it saw its row last; None where it shows none."""

    status: WorkflowStatus
    state: S | None = None


MISSING = WorkflowSeen(WorkflowStatus.MISSING)


@dataclass(frozen=True, slots=True)
class Holder:
    """What matters of the user. `is_unblocked`: his domain is not the organization's, or not blocked, and no errand of
    the organization is on its way that might let him out."""

    org_id: str | None
    account_status: AccountStatus
    credential_state: CredentialState
    has_password: bool
    is_deleted: bool
    zone: str | None
    is_unblocked: bool = False


@dataclass(frozen=True, slots=True)
class RowFacts:
    """All that the store says about one migration.

    `first_mail` is the head of its queue; `journaled` is where the journal saw it move last, None where it saw nothing.
    """

    row: Migration
    is_newest: bool
    holder: Holder
    has_reserved: bool
    has_used: bool
    has_open_ticket: bool
    has_granted_ticket: bool
    has_open_link: bool
    has_link_mail: bool
    first_mail: Mail | None
    journaled: S | None

    @property
    def is_ours(self) -> bool:
        """Whether nothing newer decides about this user."""
        return self.is_newest and self.holder.org_id == self.row.org_id and not self.holder.is_deleted


def contradictions(facts: RowFacts, now: datetime, *, is_held: bool) -> Iterator[DifferenceKind]:
    """What is wrong within the store. `is_held`: a pause or quiet hours keep his mails back, or did just now."""
    row = facts.row
    if row.is_open and row.started_at is None and row.since <= now - OLD:
        yield K.WORKFLOW_NOT_STARTED
    yield from _capacity(facts)
    is_stopped = row.attention is Attention.COMPLAINT or row.hold_ends_at is not None
    if _is_stuck(facts.first_mail, now) and not (is_held or is_stopped):
        yield K.MAIL_STUCK
    yield from _links(facts)
    if facts.journaled is not row.state:
        yield K.STATE_NOT_JOURNALED
    yield from _account(facts)


def workflow_difference(
    facts: RowFacts, seen: WorkflowSeen, now: datetime, *, is_restored: bool = False
) -> DifferenceKind | None:
    """What is wrong between a row and its workflow. What is young the workflow may still come to hear.

    With `is_restored` nobody works, so nothing is young; and of a mail that waits the workflow may believe that it is
    sent, and then never touches it again.
    """
    row, is_running = facts.row, seen.status is WorkflowStatus.RUNNING
    is_old = is_restored or row.since <= now - OLD
    if not row.is_open:
        return K.WORKFLOW_LEFT_OVER if is_running and is_old and facts.first_mail is None else None
    if row.started_at is None and not is_running:
        return None
    if seen.status is WorkflowStatus.COMPLETED or seen.state in TERMINAL:  # also one that only delivers its last mails
        is_others = seen.state in _ENDED_BY_OTHERS and row.hold_ends_at is None
        return K.END_LOST if is_others else K.WORKFLOW_AHEAD
    if _is_ahead(seen, row):
        return K.WORKFLOW_AHEAD
    if is_running and is_restored and facts.first_mail is not None and facts.first_mail.state in _TO_BE_SENT:
        return K.MAIL_DOUBTFUL
    if is_running:
        return K.WORKFLOW_UNAWARE if is_old and seen.state not in (None, row.state) else None
    return K.WORKFLOW_MISSING if seen.status in _STARTABLE else K.WORKFLOW_ENDED


def _is_ahead(seen: WorkflowSeen, row: Migration) -> bool:
    step = STEP_OF_STATE.get(seen.state) if seen.state else None
    return step is not None and is_past(step, row)


def _capacity(facts: RowFacts) -> Iterator[DifferenceKind]:
    row, holds_any = facts.row, facts.has_reserved or facts.has_used
    if not row.is_open and row.state is not S.MIGRATED and holds_any:
        yield K.LEDGER_OPEN
    needs_used = row.state in AFTER_ACTIVATION or (row.state is S.MIGRATED and facts.is_ours)
    is_granted = row.state in BEFORE_ACTIVATION and facts.has_granted_ticket
    if (needs_used and not facts.has_used) or (is_granted and not holds_any):
        yield K.LEDGER_MISSING
    if not row.is_open and row.state is not S.MIGRATED and facts.has_open_ticket:
        yield K.TICKET_OPEN


def _is_stuck(mail: Mail | None, now: datetime) -> bool:
    if mail is None or mail.state not in _ON_ITS_WAY:
        return False
    return max(at for at in (mail.created_at, mail.not_before, mail.sending_at) if at is not None) <= now - OLD


def _links(facts: RowFacts) -> Iterator[DifferenceKind]:
    if facts.row.state is not S.AWAITING_PASSWORD:
        if facts.has_open_link:
            yield K.LINK_ALIVE
    elif facts.row.hold_ends_at is None and not (facts.has_open_link and facts.has_link_mail):
        yield K.LINK_MISSING


def _account(facts: RowFacts) -> Iterator[DifferenceKind]:
    holder = facts.holder
    is_set = facts.row.state is S.PASSWORD_SET and holder.credential_state is CredentialState.SET
    if is_set and not holder.has_password:
        yield K.PASSWORD_MISSING
    if facts.row.state in _SHUT and facts.is_ours and holder.account_status is AccountStatus.ACTIVE:
        yield K.ACCOUNT_ACTIVE
    is_shut = facts.row.left_to_the_block is not None and holder.account_status is AccountStatus.INACTIVE
    if is_shut and facts.is_ours and holder.is_unblocked:
        yield K.LOCKED_OUT
