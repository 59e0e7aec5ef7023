"""Ada in any state with all that belongs to it, and an organization's drain: where tests of a moving world begin.

Events come by the intake and are applied with their errands, as the organization's workflow does it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.strength import strength
from edition_migration.application.commands import Commands
from edition_migration.application.credentials import Credentials
from edition_migration.application.delivery import Delivery
from edition_migration.application.enrollment import Enrollment
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.application.selection import Selection
from edition_migration.application.steps import Steps
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.errors import AddressRefused
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef, new_id
from edition_migration.domain.organization import Capacity
from edition_migration.domain.progress import Done, MailInput, PageInput, StepInput, Stop, Wait
from edition_migration.domain.states import AFTER_ACTIVATION, AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import ResetToken
from edition_migration.domain.user import User
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import InboxRow
from tests import builders
from tests.application.test_starting import HalfDeafGateway
from tests.doubles import CountingHasher, KeepingMeter, MovableClock, StillPace
from tests.fixtures.records import mail, wave
from tests.links import LINK_KEYS

ORG = "acme"
ADA = MigrationRef(org_id=ORG, user_id="u1")
EMAIL, ELSEWHERE = "ada.lovelace@acme.example", "ada@elsewhere.example"
NEW_EMAIL = "ada.byron@acme.example"
OLD_HASH = "$quick$of the guest"
PROVISIONED: dict[str, Any] = {
    "name": "Acme Cooperative",
    "domains": ["acme.example"],
    "licenses_purchased": 1,
    "storage_purchased_mb": 1000,
    "client_download_url": "https://acme.example/client",
    "administrators": ["admin@acme.example"],
    "notification_email": "it@acme.example",
}
WITH_LICENSE = (S.SELECTED, S.INSTRUCTED, *AFTER_ACTIVATION, S.MIGRATED)
ACTIVATED = (*AFTER_ACTIVATION, S.MIGRATED)
SELECTED = (S.SELECTED, S.WAITING_CAPACITY, S.INSTRUCTED, *ACTIVATED)
_RENDERER = TemplateRenderer()
_CREDENTIALS = {
    S.ACTIVATED: CredentialState.LOCKED,
    S.AWAITING_PASSWORD: CredentialState.RESET_ISSUED,
    S.AWAITING_FIRST_SIGN_IN: CredentialState.LOCKED,
}


class Relay:
    """Takes every mail but to those who `refuse`."""

    def __init__(self) -> None:
        self.sent: list[tuple[MailKind, str]] = []
        self.links: list[str] = []
        self.refuses: set[str] = set()
        self.kinds: dict[str, MailKind] = {}

    async def send(self, envelope: Envelope) -> int:
        if envelope.recipient in self.refuses:
            raise AddressRefused("no such user", reply_code=550)
        self.sent.append((self.kinds[envelope.mail_id], envelope.recipient))
        self.links += [word for word in envelope.content.text.split() if "/password/" in word]
        return 250


class Moving:
    """The use cases on one store, and what is to be seen of Ada."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.relay = store, MovableClock(), Relay()
        both: dict[str, Any] = {"store": store, "clock": self.clock}
        self.intake, self.events = Intake(**both), Events(**both)
        self.errands = Errands(**both, keys=LINK_KEYS)
        self.enrollment = Enrollment(**both, gateway=cast(WorkflowGateway, HalfDeafGateway()))
        self.steps = Steps(**both, keys=LINK_KEYS)
        self.commands = Commands(**both, selection=Selection(**both), keys=LINK_KEYS)
        self.credentials = Credentials(**both, hasher=CountingHasher(), strength=strength, keys=LINK_KEYS)
        self.delivery = Delivery(
            **both,
            renderer=_RENDERER,
            mailer=self.relay,
            contexts=MailContexts(keys=LINK_KEYS, link_base="https://service.example"),
            breaker=RelayBreaker(pace=StillPace(), meter=KeepingMeter()),
            pace=StillPace(),
            meter=KeepingMeter(),
        )

    # What happens

    async def happen(
        self, kind: str, *, org_id: str = ORG, at: timedelta | None = None, sequence: str | None = None, **data: Any
    ) -> InboxRow:
        """One event and all that follows from it at once; its row in the inbox. `at` sets its time apart from now."""
        self.clock.move(timedelta(seconds=1))
        event_id = new_id()
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": event_id,
            "source": "urn:test",
            "type": kind,
            "time": (self.clock.now() if at is None else builders.NOW + at).isoformat(),
            "data": {"org_id": org_id, **data},
            **({} if sequence is None else {"sequence": sequence}),
        }
        await self.intake.receive(event)
        await self.drain(org_id)
        async with self.store.read() as uow:
            row = await uow.inbox.get("urn:test", event_id)
        assert row is not None
        return row

    async def drain(self, org_id: str = ORG) -> None:
        page = PageInput(org_id=org_id, as_of=self.clock.now())
        while (await self.errands.page(page)).more:
            pass
        while (await self.events.apply_next(page)).more:
            while (await self.errands.page(page)).more:
                pass

    async def block(self, org_id: str = ORG) -> None:
        page = PageInput(org_id=org_id, as_of=self.clock.now())
        while (await self.enrollment.block_page(page)).more:
            pass

    async def rename(self, email: str, **event: Any) -> InboxRow:
        return await self.happen("user.email_changed", user_id="u1", email=email, **event)

    async def command(self, kind: CommandKind) -> CommandAnswer:
        """An administrator's on Ada; a new one each time that the clock has moved."""
        command_id = f"{kind}-{self.clock.now()}"
        request = CommandRequest(actor="admin")
        return await self.commands.apply(Command(kind=kind, migration=ADA, command_id=command_id, request=request))

    async def post(self) -> list[tuple[MailKind, str]]:
        """Delivers what may be delivered to Ada now, by whichever postman; what went where."""
        before = len(self.relay.sent)
        async with self.store.read() as uow:
            self.relay.kinds = {it.mail_id: it.kind for it in await uow.mails.of_migration(ADA)}
        given = MailInput(org_id=ORG, user_id="u1", generation=1, as_of=self.clock.now())
        while (outcome := await self.delivery.deliver(given)).next is not None and outcome.result != "held":
            pass
        return self.relay.sent[before:]

    async def step(self, name: str) -> Done | Wait | Stop:
        return await getattr(self.steps, name)(StepInput(migration=ADA, as_of=self.clock.now()))

    async def many(self, count: int, state: S) -> None:
        """As many more in this state, beside Ada."""
        ids = [f"m{number:04}" for number in range(count)]
        async with writing(self.store) as uow:
            await uow.users.put([builders.user(it, **_account(state)) for it in ids])
            await uow.migrations.add([builders.migration(it, state=state, **_row(state)) for it in ids])

    # What is seen

    async def row(self) -> Migration:
        async with self.store.read() as uow:
            row = await uow.migrations.get(ADA)
        assert row is not None
        return row

    async def ada(self) -> User:
        async with self.store.read() as uow:
            user = await uow.users.get("u1")
        assert user is not None
        return user

    async def mails(self, *states: MailState) -> list[Mail]:
        async with self.store.read() as uow:
            return [it for it in await uow.mails.of_migration(ADA) if not states or it.state in states]

    async def waiting(self) -> list[MailKind]:
        return [it.kind for it in await self.mails(MailState.QUEUED)]

    async def tokens(self) -> list[ResetToken]:
        async with self.store.read() as uow:
            return list(await uow.tokens.of_migration(ADA))

    async def journal(self) -> list[JournalEntry]:
        async with self.store.read() as uow:
            return list(await uow.journal.of_user(ORG, "u1"))

    async def capacity(self) -> Capacity:
        """The counters, after checking that the ledger says the same."""
        async with self.store.read() as uow:
            counters = await uow.capacity.get(ORG)
            assert counters == await uow.ledger.sums(ORG)
        return counters

    async def bells(self) -> set[str | None]:
        async with self.store.read() as uow:
            return {bell.user_id for bell in await uow.doorbells.oldest(100)}


@asynccontextmanager
async def writing(store: Store) -> AsyncGenerator[UnitOfWork]:
    async with store.write() as uow:
        yield uow
        await uow.commit()


async def moving(store: Store, state: S, *, organization: dict[str, Any] | None = None, **user: Any) -> Moving:
    """Ada of acme in this state: her license, account, mails and link are what they are there."""
    world = Moving(store)
    async with writing(store) as uow:
        await uow.organizations.put(builders.organization(**(organization or {})))
        await uow.domains.put(builders.domain())
        await uow.capacity.set_purchased(ORG, licenses=1, storage_mb=1000)
        await uow.users.put([builders.user(**{**_account(state), **user})])
        await uow.migrations.add([builders.migration(state=state, **_row(state))])
        if state in SELECTED:
            await uow.waves.add(wave(started_at=builders.NOW), "")
            await uow.tickets.cut(ORG, [(ADA, 100)])
        if state in WITH_LICENSE:
            await uow.tickets.set_granted(ORG, [1], builders.NOW)
            await uow.capacity.take(ORG, 1, 100)
            await uow.ledger.reserve(ORG, [(ADA, 100)])
        if state in ACTIVATED:
            await uow.ledger.use(ADA)
        await _tell(uow, state)
    return world


def _account(state: S) -> dict[str, Any]:
    if state is S.DETECTED:
        return {"password_hash": OLD_HASH}
    if state in ACTIVATED:
        credential = _CREDENTIALS.get(state, CredentialState.SET)
        return {
            "password_hash": OLD_HASH,
            "org_id": ORG,
            "edition": Edition.BUSINESS,
            "credential_state": credential,
        }
    return {
        "password_hash": OLD_HASH,
        "org_id": ORG,
        "account_status": AccountStatus.INACTIVE,
        "inactive_reason": InactiveReason.GUEST_PENDING,
    }


def _row(state: S) -> dict[str, Any]:
    now = builders.NOW
    told = {"instructions_accepted_at": now} if state in ACTIVATED else {}
    waits = {"deadline_from": now, "deadline_at": now + timedelta(days=14)}
    wave = {"wave_id": "w1"} if state in SELECTED else {}
    return {**told, **wave, **(waits if state in (S.AWAITING_PASSWORD, S.AWAITING_FIRST_SIGN_IN) else {})}


async def _tell(uow: UnitOfWork, state: S) -> None:
    """The mails that were accepted before, and in AWAITING_PASSWORD the live link."""
    kinds = [MailKind.ACCOUNT_DEACTIVATED] if state is not S.DETECTED and state is not S.BLOCKED else []
    kinds += [MailKind.INSTRUCTIONS] if state in (S.INSTRUCTED, *ACTIVATED) else []
    accepted: dict[str, Any] = {"accepted_at": builders.NOW, "state": MailState.ACCEPTED}
    if state is S.AWAITING_PASSWORD:
        token = LINK_KEYS.new_token(ORG, "u1", 1, now=builders.NOW)
        await uow.tokens.add(token)
        await uow.tokens.make_live(token.token_id)
        await uow.tokens.start_life(token.token_id, builders.NOW + timedelta(days=7))
        await uow.mails.queue([mail("reset", kind=MailKind.RESET_PASSWORD, token_id=token.token_id, **accepted)])
    await uow.mails.queue([mail(f"old-{kind}", kind=kind, **accepted) for kind in kinds])
