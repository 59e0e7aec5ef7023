"""Mails to look at: with sample values, before anybody gets them. Used by `starter.py mails preview` and `send-test`.

The sample link belongs to no token, so it leads to the page that says so.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from edition_migration.application.own_text_views import MailPreview, OwnTextName, TestOrder, TestReceipt
from edition_migration.application.own_words import own_words
from edition_migration.application.queries import organization_named
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, LINK_MAILS, MailKind
from edition_migration.domain.organization import Capacity, Organization
from edition_migration.domain.own_texts import OwnTextDraft, nearest_kinds
from edition_migration.domain.states import MigrationState
from edition_migration.ports.clock import Clock
from edition_migration.ports.mails import Envelope, MailContext, Mailer, OwnWords, Renderer, WaveOutcome
from edition_migration.ports.store import Store

SAMPLE_NAME = "Ada Lovelace"
SAMPLE_LINK = "this-link-is-a-sample"
SAMPLE_DOWNLOAD = "https://example.com/client"


class MailSamples:
    """`link_base` is the public address of the web process; the renderer is made when a mail is written."""

    def __init__(
        self, *, store: Store, clock: Clock, new_renderer: Callable[[], Renderer], mailer: Mailer, link_base: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._new_renderer = new_renderer
        self._mailer = mailer
        self._link_base = link_base.rstrip("/")

    async def preview(self, name: OwnTextName, draft: OwnTextDraft | None = None) -> MailPreview:
        """The mail as its reader would get it; a draft is looked at before it is kept. Changes nothing.

        Raises NotFound, and InvalidInput where there is no such mail.
        """
        org_id, context = await self._context(name, draft)
        content = self._new_renderer().render(context)
        return MailPreview(
            org_id=org_id,
            kind=context.kind,
            language=context.locale,
            is_own=context.own_words is not None,
            subject=content.subject,
            preheader=content.preheader,
            text=content.text,
            html=content.html,
        )

    async def send_test(self, order: TestOrder) -> TestReceipt:
        """Sends the preview to one address, marked as a test. No row of ours knows of it, and a repeat sends it again.

        Raises as `preview`, InvalidInput for the address, AddressRefused and RelayUnavailable.
        """
        address = normalize_address(order.address, "address")
        org_id, context = await self._context(order, order.draft)
        code = await self._mailer.send(
            Envelope(
                mail_id=f"test-{sha256(f'{org_id}/{order.command_id}'.encode()).hexdigest()[:32]}",
                recipient=address,
                created_at=self._clock.now(),
                content=self._new_renderer().render(replace(context, is_test=True)),
            )
        )
        return TestReceipt(
            org_id=org_id,
            kind=context.kind,
            language=context.locale,
            is_own=context.own_words is not None,
            reply_code=code,
        )

    async def _context(self, name: OwnTextName, draft: OwnTextDraft | None) -> tuple[str, MailContext]:
        kind = _kind(name.kind)
        async with self._store.read() as uow:
            organization = await organization_named(uow, name.org)
            language = name.language or organization.settings.locale
            own = await own_words(uow, organization.org_id, kind, language, language)
        if draft is not None:
            own = OwnWords(draft.language, draft.subject, draft.body)
        context = sample_context(kind, language, organization, self._link_base, self._clock.now())
        return organization.org_id, replace(context, own=own)


def sample_context(
    kind: MailKind, locale: str, organization: Organization, link_base: str, now: datetime
) -> MailContext:
    """A mail of this organization as it would be written now to somebody whom nobody is."""
    settings = organization.settings
    has_link = kind in LINK_MAILS and not (kind is MailKind.REMINDER and organization.is_single_sign_on)
    deadline = now + settings.deadline
    return MailContext(
        kind=kind,
        locale=locale,
        zone=settings.zone,
        user_name="" if kind in ADMINISTRATOR_MAILS else SAMPLE_NAME,
        organization_name=organization.name,
        client_download_url=organization.client_download_url or SAMPLE_DOWNLOAD,
        help_url=settings.help_url,
        link=f"{link_base}/password/{SAMPLE_LINK}" if has_link else None,
        expires_at=min(now + settings.link_lifetime, deadline) if has_link else None,
        deadline_at=deadline,
        is_single_sign_on=organization.is_single_sign_on,
        pending_count=12,
        domains=("example.com", "example.net"),
        written_at=now,
        block_at=now + (settings.warning_period or timedelta(days=7)),
        capacity=Capacity(organization.org_id, 50, 8, 42, 5000, 800, 4200),
        waiting_count=12,
        parked_count=2,
        wave=WaveOutcome(now - timedelta(days=9), 12, ((MigrationState.MIGRATED, 11), (MigrationState.EXPIRED, 1))),
    )


def _kind(kind: str) -> MailKind:
    known = next((it for it in MailKind if it == kind), None)
    if known is None:
        mend = nearest_kinds(kind, tuple(MailKind))
        raise InvalidInput("there is no such mail", problems=(Problem("kind", "is no mail of ours", mend),))
    return known
