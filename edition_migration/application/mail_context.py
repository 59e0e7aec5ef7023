"""From a mail's row to what its template may know and to whom it goes, read at the moment of sending.

What a mail to administrators counts was read before it was first sent (`mail_figures`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edition_migration.application.mail_figures import figures_of
from edition_migration.application.own_words import words_of_mail
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.wave_report import result_of
from edition_migration.domain.deadlines import DeadlineClock
from edition_migration.domain.languages import locale_read
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, Mail, MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import CancelReason, MigrationState
from edition_migration.domain.token import ResetToken
from edition_migration.domain.user import User
from edition_migration.ports.mails import MailContext, Sheet
from edition_migration.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True, repr=False)
class Addressed:
    """A context and its recipient; the recipient comes from the store, never from a request (CVE-2019-19844)."""

    recipient: str
    context: MailContext
    sheet: Sheet | None = None


class MailContexts:
    """`link_base` is the public address of the web process, from the settings and never from a Host header."""

    def __init__(self, *, keys: TokenKeys, link_base: str) -> None:
        self._keys = keys
        self._link_base = link_base.rstrip("/")

    async def of(self, uow: UnitOfWork, mail: Mail, now: datetime) -> Addressed | None:
        """None where nobody can be written to. `now` is when it is sent: deadlines are as the pauses moved them."""
        organization = await uow.organizations.get(mail.org_id)
        if organization is None:
            return None
        if mail.kind in ADMINISTRATOR_MAILS:
            return await self._to_administrators(uow, organization, mail)
        user = await uow.users.get(mail.user_id) if mail.user_id else None
        if user is None or user.email is None:
            return None
        # What it is about is an address that the user had; it is erased with him.
        recipient = await uow.former_addresses.get(mail.about) if mail.about else user.email
        if not recipient:
            return None
        addressed = await self._to_user(uow, organization, user, recipient, mail, now)
        own = await words_of_mail(uow, mail, user.locale or organization.settings.locale, addressed.context.locale)
        return replace(addressed, context=replace(addressed.context, own=own))

    async def _to_administrators(self, uow: UnitOfWork, organization: Organization, mail: Mail) -> Addressed | None:
        if not organization.notification_email:
            return None
        settings = organization.settings
        figures = await figures_of(uow, mail)
        context = MailContext(
            kind=mail.kind,
            locale=settings.locale,
            zone=settings.zone,
            user_name="",
            organization_name=organization.name,
            client_download_url=organization.client_download_url,
            help_url=settings.help_url,
            pending_count=figures.pending_count,
            domains=figures.domains,
            capacity=figures.capacity,
            waiting_count=figures.waiting_count,
            parked_count=figures.refused_count,
        )
        if mail.kind is not MailKind.WAVE_REPORT:
            return Addressed(organization.notification_email, context)
        result = await result_of(uow, organization.org_id, mail.about, figures.members)
        context = replace(context, wave=result.outcome)
        return Addressed(organization.notification_email, context, result.sheet)

    async def _to_user(
        self, uow: UnitOfWork, organization: Organization, user: User, recipient: str, mail: Mail, now: datetime
    ) -> Addressed:
        settings = organization.settings
        token = await uow.tokens.get(mail.token_id) if mail.token_id else None
        row = await _migration(uow, mail)
        deadline = await _deadline(uow, row, now) if row else None
        domain = await uow.domains.get(user.domain) if user.domain else None
        context = MailContext(
            kind=mail.kind,
            locale=locale_read(user.locale, settings.locale),
            zone=user.zone or settings.zone,
            user_name=user.display_name or recipient,
            organization_name=organization.name,
            client_download_url=organization.client_download_url,
            help_url=settings.help_url,
            link=f"{self._link_base}/password/{self._keys.text_of(token)}" if token else None,
            expires_at=_expiry(mail, token, settings.link_lifetime, deadline, now) if token else None,
            deadline_at=deadline,
            is_single_sign_on=organization.is_single_sign_on,
            written_at=now,
            block_at=domain.block_at if domain else None,
            is_requested=token is not None and token.is_requested,
            is_again=mail.round > 1,
            is_former_address=bool(mail.about),
            cancel_reason=_cancel_reason(row),
            is_guest_again=user.org_id is None,
        )
        return Addressed(recipient, context)


def _cancel_reason(row: Migration | None) -> CancelReason | None:
    if row is None or row.state is not MigrationState.CANCELLED or row.reason is None:
        return None
    return CancelReason(row.reason)


async def _migration(uow: UnitOfWork, mail: Mail) -> Migration | None:
    """The one that the mail is of; a later generation may have another end and another deadline."""
    if mail.user_id is None or mail.generation is None:
        return None
    ref = MigrationRef(org_id=mail.org_id, user_id=mail.user_id, generation=mail.generation)
    return await uow.migrations.get(ref)


async def _deadline(uow: UnitOfWork, row: Migration, now: datetime) -> datetime | None:
    if row.deadline_at is None:
        return None
    pauses = await uow.pauses.of(row.org_id)
    return DeadlineClock.of(row.deadline_from or row.deadline_at, row.deadline_at, pauses, now).effective


def _expiry(mail: Mail, token: ResetToken, lifetime: timedelta, deadline: datetime | None, now: datetime) -> datetime:
    """The promise made to the reader: never later than what holds, since the link's life starts at the relay's 250.

    A repeat makes the same promise, but not a mail that was held until half of the time was over.
    """
    since = mail.created_at if now - mail.created_at < lifetime / 2 else now
    expiry = token.expires_at or since + lifetime
    return min(expiry, deadline) if deadline is not None else expiry
