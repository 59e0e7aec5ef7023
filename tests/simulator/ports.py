"""The product's ports as the simulator gives them: the real store behind faults, a mail sink, a clock that is moved."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edition_migration.domain.errors import AddressRefused, RelayUnavailable, StoreUnavailable
from edition_migration.domain.mail import MailState
from edition_migration.ports.mails import Envelope, MailContent, MailContext
from edition_migration.ports.store import UnitOfWork
from tests.simulator.database import StoreInPlace
from tests.simulator.evidence import ReceivedMail
from tests.simulator.faults import Faults
from tests.simulator.stage import CURRENT, Stage

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GONE = "the database is away"
BEFORE_A_COMMIT = 0.3
"""Of the borders, those before a commit that count: others who write can only wait there."""


@dataclass
class VirtualClock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass
class VirtualPace:
    """Seconds that only pass: those of the clock."""

    clock: VirtualClock

    def monotonic(self) -> float:
        return self.clock.at.timestamp()

    async def sleep(self, seconds: float) -> None: ...


class FaultyUnitOfWork:
    """The real unit of work; only its commit can fail, before or behind the disk."""

    def __init__(self, real: UnitOfWork, stage: Stage, faults: Faults) -> None:
        vars(self).update(vars(real))
        self._real = real
        self._stage = stage
        self._faults = faults

    async def commit(self) -> None:
        work = CURRENT.get()
        await self._stage.border(BEFORE_A_COMMIT)
        if self._faults.strikes("dependency", 0.15):
            self._faults.leaves_unknown(work)
            raise StoreUnavailable(GONE)
        await self._real.commit()
        work.unsettled_mail = None
        if self._faults.strikes("answer_lost", 0.5):
            raise StoreUnavailable("the answer to a commit was lost")


class FaultyStore:
    """The real store with a border before each transaction and behind each commit, where work may stop or die.

    At times it stops before the commit: what is done inside a transaction must not count on what nobody sees yet.
    """

    def __init__(self, real: StoreInPlace, stage: Stage, faults: Faults) -> None:
        self._real = real
        self._stage = stage
        self._faults = faults

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[UnitOfWork]:
        await self._enter()
        async with self._real.write() as uow:
            yield FaultyUnitOfWork(uow, self._stage, self._faults)  # pyright: ignore[reportReturnType] - it has all of it
        await self._stage.border()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[UnitOfWork]:
        await self._enter()
        async with self._real.read() as uow:
            yield uow

    async def _enter(self) -> None:
        await self._stage.border()
        if self._faults.strikes("dependency", 0.15):
            self._faults.leaves_unknown(CURRENT.get())
            raise StoreUnavailable(GONE)

    async def check(self) -> None: ...

    async def dispose(self) -> None: ...


class PlainRenderer:
    """A mail of nothing but its link: words are tested elsewhere."""

    def render(self, context: MailContext) -> MailContent:
        return MailContent(subject=context.kind, text=context.link or "", html="")


@dataclass
class MailSink:
    """The relay and the mailboxes behind it. `state_on_disk` tells what a mail's row says for everybody to see."""

    stage: Stage
    faults: Faults
    clock: VirtualClock
    state_on_disk: Callable[[str], MailState | None]
    dead_addresses: set[str] = field(default_factory=set)
    received: list[ReceivedMail] = field(default_factory=list)

    async def send(self, envelope: Envelope) -> int:
        await self.stage.border()
        if self.faults.strikes("dependency"):
            raise RelayUnavailable("the relay refuses, or says 4xx")
        if self.faults.strikes("answer_lost", 0.3):
            raise RelayUnavailable("cut after the final dot, not received", outcome_unknown=True)
        if envelope.recipient in self.dead_addresses:
            raise AddressRefused("the relay answered 550", reply_code=550)
        self._receive(envelope)
        await self.stage.border()
        if self.faults.strikes("answer_lost", 0.7):
            self.faults.leaves_unknown(CURRENT.get())
            raise RelayUnavailable("cut after the final dot", outcome_unknown=True)
        return 250

    def _receive(self, envelope: Envelope) -> None:
        work = CURRENT.get()
        work.unsettled_mail = envelope.mail_id
        if work.is_given_up:
            self.faults.leaves_unknown(work)
        self.received.append(
            ReceivedMail(
                mail_id=envelope.mail_id,
                recipient=envelope.recipient,
                link=envelope.content.text,
                at=self.clock.now(),
                state_on_disk=self.state_on_disk(envelope.mail_id),
            )
        )
