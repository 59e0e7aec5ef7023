"""Some users' mails, a scripted relay behind a real socket, and the delivery between them. For the faults of mail.

Time is moved, never waited for: `clock` is the stored time, `pace` the time that the breaker rests.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.smtp import Relay, SmtpMailer
from edition_migration.application.delivery import Delivery
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.domain.errors import RelayUnavailable
from edition_migration.domain.mail import LINK_MAILS, Mail, MailKind, MailState
from edition_migration.domain.migration import Migration
from edition_migration.domain.progress import MailInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import ResetToken
from edition_migration.ports.mails import RelaySecurity
from edition_migration.ports.store import Store
from tests.builders import migration, organization, user
from tests.doubles import KeepingMeter, MovableClock, StillPace
from tests.fixtures.records import mail, wave
from tests.fixtures.smtp import HOST, Received, SmtpServer
from tests.links import LINK_KEYS

LOGIN = ("worker", "s3cret-of-the-relay")
HELD_BACK = "Held back, the relay serves nobody: "


def relay(port: int) -> Relay:
    return Relay(HOST, port, "no-reply@relay.example.com", "mail.example.com", RelaySecurity.NONE, timeout=5)


@dataclass
class Post:
    store: Store
    relay: Relay
    server: SmtpServer
    clock: MovableClock = field(default_factory=MovableClock)
    pace: StillPace = field(default_factory=StillPace)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As a new process."""
        self._delivery = Delivery(
            store=self.store,
            clock=self.clock,
            renderer=TemplateRenderer(),
            mailer=SmtpMailer(self.relay),
            contexts=MailContexts(keys=LINK_KEYS, link_base="https://go.example"),
            breaker=RelayBreaker(pace=self.pace, meter=KeepingMeter()),
            pace=self.pace,
            meter=KeepingMeter(),
        )

    async def queue(self, *user_ids: str, kind: MailKind = MailKind.INSTRUCTIONS, state: S = S.INSTRUCTED) -> None:
        """One mail for each user, in a migration of this state; a link where the kind has one."""
        links = {it: LINK_KEYS.new_token("acme", it, 1, now=self.clock.now()) for it in user_ids if kind in LINK_MAILS}
        async with self.store.write() as uow:
            await uow.organizations.put(organization())
            await uow.users.put([user(it, org_id="acme", email=f"{it}@acme.example") for it in user_ids])
            await uow.waves.add(wave(), "")
            await uow.migrations.add([migration(it, state=state, wave_id="w1") for it in user_ids])
            for link in links.values():
                await uow.tokens.add(link)
            ids = {it: links[it].token_id if it in links else None for it in user_ids}
            mails = [
                mail(f"m-{it}", user_id=it, kind=kind, token_id=token_id, created_at=self.clock.now())
                for it, token_id in ids.items()
            ]
            await uow.mails.queue(mails)
            await uow.commit()

    async def deliver(self, user_id: str) -> str:
        """One try: the delivery's result, or why it could not be made."""
        given = MailInput(org_id="acme", user_id=user_id, generation=1, as_of=self.clock.now())
        try:
            return (await self._delivery.deliver(given)).result
        except RelayUnavailable as outage:
            return outage.message

    async def deliver_for(self, span: timedelta, user_ids: Sequence[str], *, every: timedelta) -> list[str]:
        """All that the tries of these users came to, who try again after each pause."""
        results: list[str] = []
        end = self.clock.at + span
        while self.clock.at < end:
            results += [await self.deliver(it) for it in user_ids]
            self.move(every)
        return results

    def move(self, by: timedelta) -> None:
        self.clock.move(by)
        self.pace.seconds += by.total_seconds()

    async def mail(self, user_id: str) -> Mail:
        async with self.store.read() as uow:
            (found,) = await uow.mails.of_migration(migration(user_id).ref)
        return found

    async def mails(self, *user_ids: str) -> list[tuple[MailState, int]]:
        """State and counted attempts of the users' mails."""
        return [(it.state, it.attempts) for it in [await self.mail(user_id) for user_id in user_ids]]

    async def row(self, user_id: str) -> Migration:
        async with self.store.read() as uow:
            row = await uow.migrations.get(migration(user_id).ref)
        assert row is not None
        return row

    async def links(self, user_id: str) -> list[ResetToken]:
        async with self.store.read() as uow:
            return list(await uow.tokens.of_migration(migration(user_id).ref))

    def received(self, user_id: str) -> list[Received]:
        return [it for it in self.server.received if it.recipient == f"{user_id}@acme.example"]
