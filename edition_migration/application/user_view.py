"""Everything about one user on one page, for `user show`."""

from datetime import datetime

from edition_migration.application import user_views as views
from edition_migration.application.capacity import why_waiting
from edition_migration.application.holds import standing
from edition_migration.application.mail_holds import Holds
from edition_migration.domain.holds import Hold
from edition_migration.domain.mail import Mail, message_id
from edition_migration.domain.migration import JournalEntry, Migration, Ticket, TicketState
from edition_migration.domain.policies import effective
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork

_FACTS = (
    "user_id",
    "email",
    "display_name",
    "locale",
    "zone",
    "org_id",
    "edition",
    "client_version",
    "account_status",
    "inactive_reason",
    "credential_state",
    "reported_status",
    "reported_inactive_reason",
    "storage_used_mb",
    "is_deleted",
)
"""Shown as the row holds them; the password hash is not."""


async def user_view(
    uow: UnitOfWork, user: User, org_id: str | None, *, now: datetime, message_domain: str
) -> views.UserView:
    """The user's facts, his newest migration, policy, journal of all generations and mails of the newest.

    `org_id`: his migration of this organization; None: of the one that has him.
    """
    row = await newest_migration(uow, user, org_id)
    journal = await uow.journal.of_user(row.org_id, user.user_id) if row else ()
    return views.UserView.model_validate(
        {
            **{name: getattr(user, name) for name in _FACTS},
            "open_sessions": await uow.sessions.open_count(user.user_id),
            "contacts": await uow.contacts.count(user.user_id),
            "migration": await _migration(uow, row, now) if row else None,
            "policy": await _policy(uow, row.org_id if row else org_id or user.org_id, user),
            "journal": tuple(_journal_line(entry) for entry in journal),
            "mails": await _mails(uow, row, now, message_domain) if row else (),
        }
    )


async def newest_migration(uow: UnitOfWork, user: User, org_id: str | None) -> Migration | None:
    """His newest one in this organization; without one named, the one that counts of whichever organization."""
    if org_id is None:
        return await uow.migrations.latest_of_user(user.user_id)
    return await uow.migrations.latest(org_id, user.user_id)


async def _migration(uow: UnitOfWork, row: Migration, now: datetime) -> views.MigrationView:
    ticket = await uow.tickets.of(row.ref)
    seen, hold = await standing(uow, row, now)
    return views.MigrationView(
        org_id=row.org_id,
        generation=row.generation,
        workflow_id=row.ref.workflow_id,
        state=row.state,
        reason=row.reason,
        since=row.since,
        step=seen.step,
        next=seen.next,
        who=seen.who,
        wave_id=row.wave_id,
        deadline=seen.deadline,
        held_by=hold.by if hold else None,
        held_until=hold.until if hold else None,
        attention=row.attention,
        ticket=await _ticket(uow, ticket) if ticket else None,
    )


async def _ticket(uow: UnitOfWork, ticket: Ticket) -> views.TicketView:
    why = await why_waiting(uow, ticket) if ticket.state is TicketState.WAITING else None
    return views.TicketView(number=ticket.number, state=ticket.state, storage_mb=ticket.storage_mb, waits_for=why)


async def _policy(uow: UnitOfWork, org_id: str | None, user: User) -> views.EffectivePolicy | None:
    """What is assigned; before activation what would be. None for a user of no organization."""
    organization = await uow.organizations.get(org_id) if org_id else None
    if organization is None:
        return None
    assigned = await uow.policies.assignment(user.user_id)
    decisions = assigned[1] if assigned else effective(await uow.policies.get(organization.org_id), user.policy_group)
    return views.EffectivePolicy(
        group=user.policy_group,
        assigned_revision=assigned[0] if assigned else None,
        current_revision=organization.policy_revision,
        lines=tuple(
            views.PolicyLine(action=action, is_allowed=decision.allowed, rule=decision.rule)
            for action, decision in decisions.items()
        ),
    )


def _journal_line(entry: JournalEntry) -> views.JournalLine:
    return views.JournalLine(
        at=entry.at,
        generation=entry.generation,
        action=entry.action,
        actor=entry.actor,
        source=entry.source,
        target=entry.target,
        detail=entry.detail,
    )


async def _mails(uow: UnitOfWork, row: Migration, now: datetime, message_domain: str) -> tuple[views.MailLine, ...]:
    holds = await Holds.at(uow, row.org_id, now)
    mails = await uow.mails.of_migration(row.ref)
    return tuple([_mail_line(mail, await holds.shown(mail), message_domain) for mail in mails])


def _mail_line(mail: Mail, hold: Hold | None, message_domain: str) -> views.MailLine:
    return views.MailLine(
        kind=mail.kind,
        round=mail.round,
        state=mail.state,
        attempts=mail.attempts,
        reply_code=mail.reply_code,
        created_at=mail.created_at,
        accepted_at=mail.accepted_at,
        message_id=message_id(mail.mail_id, message_domain),
        held_by=hold.by if hold else None,
        held_until=hold.until if hold else None,
    )
