"""What `plan` shows, and the documented JSON of `plan --json`. It holds ids only."""

from datetime import datetime, timedelta

from edition_migration.application.views import View
from edition_migration.domain.commands import CommandAnswer
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Activation


class RefusalCount(View):
    reason: str
    users: int


class CapacityPlan(View):
    """`needed` by those who go; `free` now, and `left` when all of them have it: below 0 that much is missing."""

    needed: int
    free: int
    left: int


class MailPlan(View):
    """How many mails of a kind; `only_if` says which users get it, empty for all."""

    kind: MailKind
    mails: int
    only_if: str


class PacePlan(View):
    """Mails that the selection itself sends: they take so long at `per_second`, and are sent by `done_at`.

    Quiet hours are counted in the organization's zone; they hold the first mail until `quiet_until`. A user in another
    zone has his own.
    """

    mails: int
    per_second: float
    takes: timedelta
    quiet_until: datetime | None
    done_at: datetime


class LossPlan(View):
    """What those who go lose: contacts are not transferred, sessions end, the old password is not valid any more."""

    contacts: int
    sessions: int
    passwords: int


class PlanView(View):
    """`plan`: what `select` would do with the same users, changing nothing.

    `now` of those who `go` get their license and storage at once, `waiting` wait for it behind those who wait already.
    `parked` of those who go stop until somebody mends what their answers name.
    """

    org_id: str
    asked: int
    go: int
    now: int
    waiting: int
    parked: int
    refused: tuple[RefusalCount, ...]
    licenses: CapacityPlan
    storage_mb: CapacityPlan
    activation: Activation
    activation_delay: timedelta
    release_at: datetime | None
    pilot: int | None
    deadline: timedelta
    mails: tuple[MailPlan, ...]
    pace: PacePlan
    losses: LossPlan
    answers: tuple[CommandAnswer, ...]
