"""What the command line shows: one model each, and the documented JSON of `--json`. Times are UTC.

They hold names and addresses, for the administrator's eyes: never log them.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from edition_migration.domain.commands import CommandAnswer, SelectionAnswer
from edition_migration.domain.holds import HeldBy
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, WaveState
from edition_migration.domain.organization import Activation, OrganizationSettings, ServiceStatus
from edition_migration.domain.organization_changes import Change
from edition_migration.domain.policies import PolicySet
from edition_migration.domain.states import InactiveReason, MigrationState
from edition_migration.ports.store_events import InboxState, Received


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class CapacityView(View):
    """Licenses in pieces, storage in MB. `waiting` users hold a ticket; `waiting_for` is `license` or `storage`."""

    licenses_purchased: int
    licenses_reserved: int
    licenses_used: int
    licenses_free: int
    storage_purchased_mb: int
    storage_reserved_mb: int
    storage_used_mb: int
    storage_free_mb: int
    waiting: int
    waiting_for: str | None


class DomainView(View):
    name: str
    blocked_since: datetime | None


class OrganizationLine(View):
    """A line of `org list`."""

    org_id: str
    name: str
    status: ServiceStatus
    domains: int
    pending: int


class OrganizationList(View):
    """`org list`, by id."""

    organizations: tuple[OrganizationLine, ...]


class OrganizationView(View):
    """`org show`."""

    org_id: str
    name: str
    status: ServiceStatus
    domains: tuple[DomainView, ...]
    administrators: tuple[str, ...]
    notification_email: str
    client_download_url: str
    is_single_sign_on: bool
    settings: OrganizationSettings
    policies: PolicySet
    policy_revision: int
    capacity: CapacityView


class UserLine(View):
    """A line of a list of users. `reason` is why the migration ended, `attention` what stops it."""

    user_id: str
    email: str | None
    display_name: str
    client_version: str | None
    inactive_reason: InactiveReason | None
    state: MigrationState
    reason: str | None
    since: datetime
    wave_id: str | None
    deadline_at: datetime | None
    attention: Attention | None
    attention_at: datetime | None
    next_step: str


class UserPage(View):
    """`pending`, `parked`, `export`: `total` users in all; `next` is what `--after` takes for the following page, None
    on the last."""

    org_id: str
    users: tuple[UserLine, ...]
    total: int
    next: str | None


class ListedMail(View):
    """A line of `mails list`. `number` orders them; without a user it went to the Notification Email.

    `not_before` is its slot of the organization's pace; `message_id` is what the relay's log knows it by. `held_by` is
    why it is not sent yet, `held_until` when that ends, if it is known.
    """

    number: int
    user_id: str | None
    kind: MailKind
    round: int
    state: MailState
    attempts: int
    reply_code: int | None
    created_at: datetime
    not_before: datetime | None
    accepted_at: datetime | None
    message_id: str
    held_by: HeldBy | None
    held_until: datetime | None


class MailPage(View):
    """`mails list`, newest first; `next` is what `--before` takes for the older ones, None on the last page."""

    org_id: str
    mails: tuple[ListedMail, ...]
    next: int | None


class CommandPreview(View):
    """How many `users` a command would change; `activated` of them lose their license, storage and open sessions."""

    users: int
    activated: int
    storage_mb: int
    sessions: int


class StateCount(View):
    state: MigrationState
    reason: str | None
    users: int


class MailCount(View):
    kind: MailKind
    state: MailState
    mails: int


class WaveView(View):
    wave_id: str
    actor: str
    state: WaveState
    users: int
    activation: Activation
    activation_delay: timedelta
    created_at: datetime


class PauseView(View):
    """A pause that lasts. `org_id` None: of the whole service."""

    org_id: str | None
    started_at: datetime
    actor: str


class PauseVerdict(StrEnum):
    PAUSED = "paused"
    ALREADY_PAUSED = "already_paused"
    RESUMED = "resumed"
    NOT_PAUSED = "not_paused"


class PauseAnswer(View):
    """`pause`, `resume`: what was done, and the `pauses` that hold the organization, or the service, from now on."""

    org_id: str | None
    verdict: PauseVerdict
    pauses: tuple[PauseView, ...]


class StatusView(View):
    """`status`: users by state and reason (newest generation only), capacity, waves, mails by kind and state.

    `pauses` are those that hold the organization now, the whole service's too.
    """

    org_id: str
    pauses: tuple[PauseView, ...]
    states: tuple[StateCount, ...]
    pending: int
    parked: int
    capacity: CapacityView
    waves: tuple[WaveView, ...]
    mails: tuple[MailCount, ...]


class EventLine(View):
    """`superseded`: something newer was faster. `reason` is why it failed, was superseded, or changed nothing.

    `user_id` is whom it is about; of an event about a mail the mail says so, once it is applied.
    """

    received_at: datetime
    source: str
    event_id: str
    type: str
    org_id: str | None
    state: InboxState
    reason: str | None
    user_id: str | None


class InboxView(View):
    """`inbox`: newest first."""

    events: tuple[EventLine, ...]


class ReceiptView(View):
    """`event`: `new`, or `repeated` where it was received before."""

    event_id: str
    outcome: Received
    org_id: str | None
    is_known_type: bool


class SelectionView(SelectionAnswer):
    """`select`. `is_dry`: nothing of it was kept, and there is no wave."""

    org_id: str
    is_dry: bool
    command_id: str


class CommandView(View):
    """Every command on users but `select`: the answer for each of them. `is_dry`: nothing of it was kept."""

    org_id: str
    is_dry: bool = False
    command_id: str
    answers: tuple[CommandAnswer, ...]


class AppliedChanges(View):
    """`org apply`: what was changed; facts take effect when the worker has applied their events."""

    changes: tuple[Change, ...]
