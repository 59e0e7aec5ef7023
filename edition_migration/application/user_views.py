"""What `user show` shows of one user, and the documented JSON of `--json`. Times are UTC.

It holds a name and an address, for the administrator's eyes: never log it.
"""

from datetime import datetime

from edition_migration.application.views import View
from edition_migration.domain.holds import HeldBy
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Step, TicketState
from edition_migration.domain.policies import PolicyAction
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason, MigrationState


class TicketView(View):
    """`waits_for` says what a waiting one lacks: a license, or storage alone."""

    number: int
    state: TicketState
    storage_mb: int
    waits_for: str | None


class MigrationView(View):
    """`next` says what comes next, `who` whose turn it is. `held_by` is what keeps it from going on now, and
    `held_until` when that ends, if it is known."""

    org_id: str
    generation: int
    workflow_id: str
    state: MigrationState
    reason: str | None
    since: datetime
    step: Step | None
    next: str
    who: str
    wave_id: str | None
    deadline: datetime | None
    held_by: HeldBy | None
    held_until: datetime | None
    attention: Attention | None
    ticket: TicketView | None


class JournalLine(View):
    at: datetime
    generation: int
    action: str
    actor: str
    source: MigrationState | None
    target: MigrationState
    detail: dict[str, str | int | bool | None]


class MailLine(View):
    """`message_id` is what the relay's log knows it by. `held_by` is why it is not sent yet, `held_until` when that
    ends, if it is known."""

    kind: MailKind
    round: int
    state: MailState
    attempts: int
    reply_code: int | None
    created_at: datetime
    accepted_at: datetime | None
    message_id: str
    held_by: HeldBy | None
    held_until: datetime | None


class PolicyLine(View):
    """`rule` decided: `default`, `organization`, `group:<name>` or `unknown_group:<name>`."""

    action: PolicyAction
    is_allowed: bool
    rule: str


class EffectivePolicy(View):
    """`assigned_revision` None: not in force yet, so the lines say what activation would assign."""

    group: str | None
    assigned_revision: int | None
    current_revision: int
    lines: tuple[PolicyLine, ...]


class UserView(View):
    """`user show`: the facts that are never merged, where the migration stands, and how it came there."""

    user_id: str
    email: str | None
    display_name: str
    locale: str | None
    zone: str | None
    org_id: str | None
    edition: Edition
    client_version: str | None
    account_status: AccountStatus
    inactive_reason: InactiveReason | None
    credential_state: CredentialState
    reported_status: AccountStatus
    reported_inactive_reason: InactiveReason | None
    storage_used_mb: int
    is_deleted: bool
    open_sessions: int
    contacts: int
    migration: MigrationView | None
    policy: EffectivePolicy | None
    journal: tuple[JournalLine, ...]
    mails: tuple[MailLine, ...]
