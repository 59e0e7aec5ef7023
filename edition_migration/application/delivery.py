"""The postman's use case: one mail, `sending` committed, SMTP spoken, `accepted` committed at the relay's 250.

A repeat that finds `sending` cannot know whether the relay has the mail: what must arrive is sent again, byte-identical
and with the same link; a reminder is not. Names, addresses and links leave with the mail only.
"""

from dataclasses import dataclass, replace

from edition_migration.application.awaiting import replace_lapsed
from edition_migration.application.insistence import insist
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.mail_ends import overrule_refusal, start_life, tell_migration
from edition_migration.application.mail_figures import settle_figures
from edition_migration.application.mail_holds import hold_of
from edition_migration.application.moot_mails import has_dead_link, is_moot
from edition_migration.application.records import as_next
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.holds import ENDED_BY_RING, HeldBy, Hold
from edition_migration.domain.mail import (
    AT_MOST_ONCE,
    NOT_BEGUN,
    SENDABLE_ONCE,
    UNSENT,
    Mail,
    MailKind,
    MailState,
    rest_after,
)
from edition_migration.domain.metrics import MAILS
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import MailInput, MailOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.mails import Envelope, Mailer, Renderer
from edition_migration.ports.metrics import Meter
from edition_migration.ports.passwords import Pace
from edition_migration.ports.store import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail as it was before this attempt marked it `sending`, with whose it is."""

    mail: Mail
    ref: MigrationRef | None

    @property
    def attempt(self) -> int:
        return self.mail.attempts + 1


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
        pace: Pace,
        meter: Meter,
    ) -> None:
        self._store = store
        self._clock = clock
        self._renderer = renderer
        self._mailer = mailer
        self._contexts = contexts
        self._breaker = breaker
        self._pace = pace
        self._meter = meter

    async def deliver(self, given: MailInput) -> MailOutcome:
        """Sends one mail, or says that none may go now. Raises RelayUnavailable: repeat it later, nothing is lost.

        In an organization's queue a mail that the relay puts off alone is held, and lets the others pass.
        """
        begun = await self._begin(given)
        if isinstance(begun, MailOutcome):
            return begun
        envelope = await self._envelope(begun)
        if envelope is None:
            return await self._finish(given, begun, MailState.SUPPRESSED, None)
        try:
            code = await self._mailer.send(envelope)
        except AddressRefused as refusal:
            doubt = self._breaker.report_refusal(begun.mail.mail_id, refusal)
            if doubt is None:
                return await self._finish(given, begun, _refused(begun.mail), refusal.reply_code)
            return await self._put_off(given, begun, doubt)
        except RelayUnavailable as outage:
            self._breaker.report_fault(outage)
            return await self._put_off(given, begun, outage)
        self._breaker.report_taken(begun.mail.mail_id)
        return await self._finish(given, begun, MailState.ACCEPTED, code)

    async def _begin(self, given: MailInput) -> _Letter | MailOutcome:
        present = max(given.as_of, self._clock.now())  # a try that waited for the relay is later than it was asked for
        async with self._store.write() as uow:
            mail = await _head(uow, given)
            if mail is None:
                return MailOutcome(result="none")
            if mail.state is MailState.BOUNCED:
                return MailOutcome(result="refused", mail_id=mail.mail_id)
            ref = mail.ref
            row = await uow.migrations.hold(ref) if ref else None
            if row is not None and row.attention is Attention.COMPLAINT:
                if not row.is_open:  # nobody says retry any more, and those behind it may be others' mails
                    return await self._pass(uow, given, mail, MailState.SUPPRESSED)
                return MailOutcome(result="held", mail_id=mail.mail_id)  # `retry` rings
            if mail.is_given_up:
                return await self._pass(uow, given, mail, MailState.UNKNOWN)
            if ref is not None and await is_moot(uow, mail, row):
                return await self._pass(uow, given, mail, MailState.SUPPRESSED)
            if row is not None and await has_dead_link(uow, mail, present):
                await replace_lapsed(uow, row, mail, present)
                return await self._pass(uow, given, mail, MailState.SUPPRESSED)
            hold = await hold_of(uow, mail, present)
            if hold is not None:
                outcome = await _held(uow, given, mail, hold)
                await uow.commit()
                return outcome
            self._breaker.admit()
            if not await self._begin_sending(uow, mail):
                return MailOutcome(result="none", next=as_next(await _head(uow, given)))
            await uow.commit()
            return _Letter(mail, ref)

    async def _begin_sending(self, uow: UnitOfWork, mail: Mail) -> bool:
        """Makes its link live. False where another try was first with a mail that is not to be sent again."""
        if mail.token_id is not None:
            await uow.tokens.make_live(mail.token_id)
        sources = SENDABLE_ONCE if mail.kind in AT_MOST_ONCE else UNSENT
        return await uow.mails.mark(mail.mail_id, sources, MailState.SENDING, self._clock.now())

    async def _pass(self, uow: UnitOfWork, given: MailInput, mail: Mail, state: MailState) -> MailOutcome:
        """The mail is not sent, or not again; those behind it follow, and the steps hear of it."""
        await uow.mails.mark(mail.mail_id, UNSENT, state, self._clock.now())
        if state is MailState.UNKNOWN:
            await start_life(uow, mail, self._clock.now())
        following = await _head(uow, given)
        await uow.commit()
        self._count(mail, state)
        return MailOutcome(result="none", mail_id=mail.mail_id, attempt=mail.attempts + 1, next=as_next(following))

    async def _envelope(self, letter: _Letter) -> Envelope | None:
        """None where there is nobody to write to: the user is gone, or no Notification Email is known.

        Also where another try has brought the mail to its end, while this one was frozen and taken for dead.
        """
        await settle_figures(self._store, letter.mail)
        async with self._store.read() as uow:
            mail = await uow.mails.get(letter.mail.mail_id)
            addressed = await self._contexts.of(uow, mail, self._clock.now()) if mail is not None else None
        if addressed is None or mail is None or mail.state not in UNSENT:
            return None
        return Envelope(
            mail_id=letter.mail.mail_id,
            recipient=addressed.recipient,
            created_at=letter.mail.created_at,
            content=self._renderer.render(addressed.context),
            sheet=addressed.sheet,
        )

    async def _put_off(self, given: MailInput, letter: _Letter, outage: RelayUnavailable) -> MailOutcome:
        """Raises the outage where the try is to be repeated."""
        if outage.outcome_unknown and letter.mail.kind in AT_MOST_ONCE:
            return await self._finish(given, letter, MailState.UNKNOWN, None)
        self._count(letter.mail, MailState.UNKNOWN if outage.outcome_unknown else MailState.DEFERRED)
        put_off = await self._mark_unsent(given, letter, outage)
        if put_off is None:
            raise outage
        return put_off

    async def _mark_unsent(self, given: MailInput, letter: _Letter, outage: RelayUnavailable) -> MailOutcome | None:
        """A fault that every mail would have met is none of this one, which stands as before; no attempt is counted.

        None where the try is to be repeated: of a user's own queue nobody else's mail waits behind it.
        """
        mail, put_off, is_its_own = letter.mail, None, not outage.is_for_all
        state = _put_off(mail, outage) if is_its_own else _as_before(mail)
        async with self._store.write() as uow:
            await uow.mails.end_attempt(mail.mail_id, letter.attempt, state, is_counted=is_its_own)
            if is_its_own and _is_of_many(given):
                put_off = await _held(
                    uow, given, mail, Hold(HeldBy.RELAY, self._clock.now() + rest_after(mail.attempts))
                )
            await uow.commit()
        return put_off

    async def _finish(self, given: MailInput, letter: _Letter, state: MailState, code: int | None) -> MailOutcome:
        """Insists: what is not written down now is sent again."""
        return await insist(lambda: self._settle(given, letter, state, code), self._pace)

    async def _settle(self, given: MailInput, letter: _Letter, state: MailState, code: int | None) -> MailOutcome:
        now, mail_id, attempt = self._clock.now(), letter.mail.mail_id, letter.attempt
        async with self._store.write() as uow:
            row = await uow.migrations.hold(letter.ref) if letter.ref else None
            # From every unsent state: a try that was given up may have marked the mail after this one began.
            is_first_end = await uow.mails.mark(mail_id, UNSENT, state, now, reply_code=code)
            if not is_first_end and state is MailState.ACCEPTED:
                is_first_end = await overrule_refusal(uow, row, mail_id, now, code)
            if is_first_end and row is not None:
                await tell_migration(uow, row, letter.mail, state, now)
            following = await _head(uow, given)
            await uow.commit()
        if is_first_end:
            self._count(letter.mail, state)
        if is_first_end and state is MailState.BOUNCED:
            # A migration's mails wait behind it; in an organization's queue those behind are others' and follow.
            return MailOutcome(result="refused", mail_id=mail_id, attempt=attempt, next=as_next(following))
        return MailOutcome(result="sent", mail_id=mail_id, attempt=attempt, next=as_next(following))

    def _count(self, mail: Mail, outcome: MailState) -> None:
        self._meter.count(MAILS, kind=mail.kind, outcome=outcome)


def _put_off(mail: Mail, outage: RelayUnavailable) -> MailState:
    """What an earlier try may have brought there is not undone by a later one that was put off."""
    is_unknown = outage.outcome_unknown or mail.state not in SENDABLE_ONCE
    return MailState.UNKNOWN if is_unknown else MailState.DEFERRED


def _as_before(mail: Mail) -> MailState:
    """Found `sending`, it was begun by a try that nobody heard of again."""
    return mail.state if mail.state in NOT_BEGUN else MailState.UNKNOWN


async def _held(uow: UnitOfWork, given: MailInput, mail: Mail, hold: Hold) -> MailOutcome:
    """The mail and its time; none where the end of the hold rings, until which the postman sleeps.

    In an organization's queue the one that is due next, which may be another's.
    """
    if hold.until is None or hold.by in ENDED_BY_RING:
        return MailOutcome(result="held", mail_id=mail.mail_id)
    following: Mail | None = replace(mail, not_before=hold.until)
    if _is_of_many(given):
        await uow.mail_times.set_held_until(mail.mail_id, hold.until)
        following = await _head(uow, given)
    return MailOutcome(result="held", mail_id=mail.mail_id, next=as_next(following))


def _is_of_many(given: MailInput) -> bool:
    """Whether this is an organization's queue, where those behind a mail are others'."""
    return given.user_id is None


def _refused(mail: Mail) -> MailState:
    """An address that the user has no more may refuse its note: that is nothing to park him for."""
    return MailState.SUPPRESSED if mail.kind is MailKind.ADDRESS_CHANGED and mail.about else MailState.BOUNCED


async def _head(uow: UnitOfWork, given: MailInput) -> Mail | None:
    if given.user_id is None or given.generation is None:
        return await uow.mails.next_of_organization(given.org_id)
    ref = MigrationRef(org_id=given.org_id, user_id=given.user_id, generation=given.generation)
    return await uow.mails.next_of_migration(ref)
