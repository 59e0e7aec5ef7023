"""The postman's use case: one mail, `sending` committed, SMTP spoken, `accepted` committed at the relay's 250.

A repeat that finds `sending` cannot know whether the relay has the mail; every kind sent here must arrive, so it is
sent again, byte-identical and with the same link. Names, addresses and links leave with the mail only.
"""

from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.mail_context import MailContexts
from edition_migration.application.records import as_next
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.domain.errors import AddressRefused, NotFound, RelayUnavailable
from edition_migration.domain.mail import ABOUT_THE_END, NOT_BEGUN, UNSENT, Mail, MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation, Organization
from edition_migration.domain.progress import MailInput, MailOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.mails import Envelope, Mailer, Renderer
from edition_migration.ports.store import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail marked `sending`, with whose it is."""

    mail: Mail
    ref: MigrationRef | None


class Delivery:
    """Delivers the mail at the head of one queue."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        renderer: Renderer,
        mailer: Mailer,
        contexts: MailContexts,
        breaker: RelayBreaker,
    ) -> None:
        self._store = store
        self._clock = clock
        self._renderer = renderer
        self._mailer = mailer
        self._contexts = contexts
        self._breaker = breaker

    async def deliver(self, given: MailInput) -> MailOutcome:
        """Sends one mail, or says that none may go now. Raises RelayUnavailable: repeat it later, nothing is lost."""
        begun = await self._begin(given)
        if isinstance(begun, MailOutcome):
            return begun
        envelope = await self._envelope(begun)
        if envelope is None:
            return await self._finish(given, begun, MailState.SUPPRESSED, None)
        try:
            code = await self._mailer.send(envelope)
        except AddressRefused as refusal:
            self._breaker.report(None)
            return await self._finish(given, begun, _refused(begun.mail), refusal.reply_code)
        except RelayUnavailable as outage:
            self._breaker.report(outage)
            await self._mark_unsent(begun, outage)
            raise
        self._breaker.report(None)
        return await self._finish(given, begun, MailState.ACCEPTED, code)

    async def _begin(self, given: MailInput) -> _Letter | MailOutcome:
        async with self._store.write() as uow:
            mail = await _head(uow, given)
            if mail is None:
                return MailOutcome(result="none")
            if mail.state is MailState.BOUNCED:
                return MailOutcome(result="refused", mail_id=mail.mail_id)
            if mail.not_before is not None and mail.not_before > given.as_of:
                return MailOutcome(result="held", next=as_next(mail))
            ref = _ref_of(mail)
            if ref is not None and await _is_moot(uow, mail, ref):
                return await self._suppress(uow, given, mail)
            self._breaker.admit()
            await uow.mails.mark(mail.mail_id, UNSENT, MailState.SENDING, self._clock.now())
            await uow.commit()
            return _Letter(mail, ref)

    async def _suppress(self, uow: UnitOfWork, given: MailInput, mail: Mail) -> MailOutcome:
        await uow.mails.mark(mail.mail_id, UNSENT, MailState.SUPPRESSED, self._clock.now())
        following = await _head(uow, given)
        await uow.commit()
        return MailOutcome(result="none", mail_id=mail.mail_id, next=as_next(following))

    async def _envelope(self, letter: _Letter) -> Envelope | None:
        """None where there is nobody to write to: the user is gone, or no Notification Email is known."""
        async with self._store.read() as uow:
            addressed = await self._contexts.of(uow, letter.mail)
        if addressed is None:
            return None
        return Envelope(
            mail_id=letter.mail.mail_id,
            recipient=addressed.recipient,
            created_at=letter.mail.created_at,
            content=self._renderer.render(addressed.context),
        )

    async def _mark_unsent(self, letter: _Letter, outage: RelayUnavailable) -> None:
        """A fault that every mail would have met is none of this one, which stands as before; no attempt is counted."""
        mail = letter.mail
        async with self._store.write() as uow:
            if outage.is_for_all:
                # Found `sending`, it was begun by a try that nobody heard of again.
                await uow.mails.put_back(mail.mail_id, mail.state if mail.state in NOT_BEGUN else MailState.UNKNOWN)
            else:
                state = MailState.UNKNOWN if outage.outcome_unknown else MailState.DEFERRED
                await uow.mails.mark(mail.mail_id, [MailState.SENDING], state, self._clock.now())
            await uow.commit()

    async def _finish(self, given: MailInput, letter: _Letter, state: MailState, code: int | None) -> MailOutcome:
        now = self._clock.now()
        async with self._store.write() as uow:
            row = await uow.migrations.hold(letter.ref) if letter.ref else None
            # From every unsent state: a try that was given up may have marked the mail after this one began.
            is_first_end = await uow.mails.mark(letter.mail.mail_id, UNSENT, state, now, reply_code=code)
            if is_first_end and row is not None and state in (MailState.ACCEPTED, MailState.BOUNCED):
                await self._tell_migration(uow, row, letter.mail, state, now)
            following = await _head(uow, given)
            await uow.commit()
        if is_first_end and state is MailState.BOUNCED:
            return MailOutcome(result="refused", mail_id=letter.mail.mail_id)
        return MailOutcome(result="sent", mail_id=letter.mail.mail_id, next=as_next(following))

    async def _tell_migration(
        self, uow: UnitOfWork, row: Migration, mail: Mail, state: MailState, now: datetime
    ) -> None:
        """What a step waits for: instructions accepted, the life of the link, the deadline."""
        organization = await _organization(uow, row)
        settings = organization.settings
        if state is MailState.BOUNCED:
            await uow.migrations.set_attention(row.ref, Attention.UNDELIVERABLE, now)
        elif mail.token_id is not None:
            await uow.tokens.start_life(mail.token_id, now + settings.link_lifetime)
        if mail.kind is MailKind.INSTRUCTIONS and state is MailState.ACCEPTED:
            wave = await uow.waves.get(row.org_id, row.wave_id) if row.wave_id else None
            # An organization keeps its delay in the settings whatever its activation is; only a delayed one waits.
            activate_at = now + wave.activation_delay if wave and wave.activation is Activation.DELAYED else None
            await uow.migrations.set_instructions_accepted(row.ref, now, activate_at)
        if mail.kind is MailKind.RESET_PASSWORD:
            await uow.migrations.set_deadline(row.ref, now, now + settings.deadline)


async def _is_moot(uow: UnitOfWork, mail: Mail, ref: MigrationRef) -> bool:
    """Whether the mail came too late: its migration has ended, or its link died; else makes its link live."""
    row = await uow.migrations.hold(ref)
    if row is None or (not row.is_open and mail.kind not in ABOUT_THE_END):
        return True
    return mail.token_id is not None and not await uow.tokens.make_live(mail.token_id)


def _refused(mail: Mail) -> MailState:
    """An address that the user has no more may refuse its note: that is nothing to park him for."""
    return MailState.SUPPRESSED if mail.kind is MailKind.ADDRESS_CHANGED and mail.about else MailState.BOUNCED


def _ref_of(mail: Mail) -> MigrationRef | None:
    if mail.user_id is None or mail.generation is None:
        return None
    return MigrationRef(org_id=mail.org_id, user_id=mail.user_id, generation=mail.generation)


async def _head(uow: UnitOfWork, given: MailInput) -> Mail | None:
    if given.user_id is None or given.generation is None:
        return await uow.mails.next_of_organization(given.org_id)
    ref = MigrationRef(org_id=given.org_id, user_id=given.user_id, generation=given.generation)
    return await uow.mails.next_of_migration(ref)


async def _organization(uow: UnitOfWork, row: Migration) -> Organization:
    organization = await uow.organizations.get(row.org_id)
    if organization is None:
        raise NotFound("the organization of a mail is missing", mend="restore the row of organizations")
    return organization
