"""What the command line shows of waves, and the documented JSON of `--json`. Times are UTC.

The report holds addresses, for the administrator's eyes: never log it.
"""

from datetime import datetime, timedelta

from edition_migration.application.views import CapacityView, MailCount, PauseView, View
from edition_migration.domain.migration import Attention, WaveState
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState
from edition_migration.domain.waves import WaveCommandKind


class MemberCount(View):
    state: MigrationState
    users: int


class WaveLine(View):
    """A line of `wave list`. Of `users` selected `released` were released by the wave; `finished` are open no more."""

    wave_id: str
    actor: str
    state: WaveState
    users: int
    released: int
    finished: int
    pilot: int | None
    release_at: datetime | None
    created_at: datetime


class WaveList(View):
    """`wave list`: those that selected somebody, oldest first."""

    org_id: str
    waves: tuple[WaveLine, ...]


class WaveOrderLine(View):
    at: datetime
    kind: WaveCommandKind
    actor: str


class WaveDetail(WaveLine):
    """`wave show`: where its users are, how many were deselected since, and what was commanded to it.

    `waits` is what a paused one waits for, and says whether its pilot paused it or a command.
    """

    org_id: str
    workflow_id: str
    activation: Activation
    activation_delay: timedelta
    reported_at: datetime | None
    to_release: int
    deselected: int
    waits: str | None
    states: tuple[MemberCount, ...]
    orders: tuple[WaveOrderLine, ...]


class MemberLine(View):
    """`reason` says why the user was not migrated; `deselected` is one who is on the list again."""

    user_id: str
    email: str | None
    status: MigrationState
    reason: str
    since: datetime
    next_step: str


class WaveReport(View):
    """`wave report`: everybody who was selected, in the order of the selection."""

    org_id: str
    wave_id: str
    state: WaveState
    states: tuple[MemberCount, ...]
    deselected: int
    users: tuple[MemberLine, ...]


class Problem(View):
    """A user of the wave whom something stops."""

    user_id: str
    attention: Attention
    since: datetime | None


class WaveBoard(View):
    """`wave watch`: the wave, the mails to its users by outcome, the organization's capacity, the last problems."""

    wave: WaveDetail
    mails: tuple[MailCount, ...]
    capacity: CapacityView
    pauses: tuple[PauseView, ...]
    problems: tuple[Problem, ...]

    @property
    def is_over(self) -> bool:
        """Nobody is to be released any more, and nobody of the wave is open."""
        return self.wave.to_release == 0 and self.wave.finished == self.wave.users
