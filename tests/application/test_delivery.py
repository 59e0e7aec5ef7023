"""One mail at a time: what the relay's answer means for the migration, also where two tries speak for one mail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.delivery import Delivery
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Activation
from edition_migration.domain.progress import MailInput, MailOutcome
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import KeepingMeter, MovableClock, StillPace
from tests.fixtures.records import mail, wave

OK = 250
ADA = MailInput(org_id="acme", user_id="u1", generation=1, as_of=NOW)

Talk = Callable[[], Awaitable[int]]


class Relay:
    """Each conversation goes as told, the first one first; then all are accepted."""

    def __init__(self, *talks: Talk) -> None:
        self._talks = list(talks)
        self.heard = 0

    async def send(self, envelope: Envelope) -> int:
        self.heard += 1
        return await self._talks.pop(0)() if self._talks else OK


def delivery(store: Store, relay: Relay, meter: KeepingMeter | None = None) -> Delivery:
    contexts = MailContexts(keys=TokenKeys(keys={"k": b"k" * 32}, current="k"), link_base="https://go.example")
    meter = meter or KeepingMeter()
    return Delivery(
        store=store,
        clock=MovableClock(),
        renderer=TemplateRenderer(),
        mailer=relay,
        contexts=contexts,
        breaker=RelayBreaker(pace=StillPace(), meter=meter),
        pace=StillPace(),
        meter=meter,
    )


async def instructed(store: Store, **wave_fields: Any) -> None:
    """Ada has her instructions queued, in a wave with these fields."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        await uow.waves.add(wave(**wave_fields), "")
        await uow.migrations.add([migration(state=S.INSTRUCTED, wave_id="w1")])
        await uow.mails.queue([mail(kind=MailKind.INSTRUCTIONS)])
        await uow.commit()


async def found(store: Store) -> tuple[Migration, MailState]:
    async with store.read() as uow:
        row = await uow.migrations.get(migration().ref)
        mails = await uow.mails.of_migration(migration().ref)
    assert row is not None
    return row, mails[0].state


@pytest.mark.parametrize(
    ("activation", "activate_at"),
    [
        (Activation.DELAYED, NOW + timedelta(days=2)),
        (Activation.WITH_INSTRUCTIONS, None),
        (Activation.BY_HAND, None),
    ],
)
async def test_only_a_delayed_activation_waits_for_the_delay(
    store: Store, activation: Activation, activate_at: object
) -> None:
    await instructed(store, activation=activation, activation_delay=timedelta(days=2))
    assert (await delivery(store, Relay()).deliver(ADA)).result == "sent"
    row, _ = await found(store)
    assert (row.instructions_accepted_at, row.activate_at) == (NOW, activate_at)


async def test_a_refusal_to_a_try_that_was_given_up_undoes_no_acceptance(store: Store) -> None:
    """A worker that was taken for dead ends its conversation after another one's was accepted."""
    await instructed(store)
    second: list[MailOutcome] = []

    async def refused_late() -> int:
        second.append(await delivery(store, Relay()).deliver(ADA))
        raise AddressRefused("the relay refused the recipient", reply_code=550)

    first = await delivery(store, Relay(refused_late)).deliver(ADA)
    assert (second[0].result, first.result) == ("sent", "sent")
    row, state = await found(store)
    assert (row.attention, state) == (None, MailState.ACCEPTED)


async def test_an_accepted_mail_is_not_sent_again_because_another_try_was_cut(store: Store) -> None:
    await instructed(store)

    async def cut() -> int:
        raise RelayUnavailable("the connection broke", outcome_unknown=True)

    async def accepted_after_the_other_was_cut() -> int:
        with pytest.raises(RelayUnavailable):
            await delivery(store, Relay(cut)).deliver(ADA)
        return OK

    relay = Relay(accepted_after_the_other_was_cut)
    outcome = await delivery(store, relay).deliver(ADA)
    assert (outcome.result, outcome.next) == ("sent", None)
    row, state = await found(store)
    assert (row.instructions_accepted_at, state) == (NOW, MailState.ACCEPTED)


REFUSED = AddressRefused("the relay refused the recipient", reply_code=550)
PUT_OFF = RelayUnavailable("the relay answered 450 to RCPT")
DOWN = RelayUnavailable("the relay answered 421", is_for_all=True)
CUT = RelayUnavailable("the connection broke", outcome_unknown=True)


@pytest.mark.parametrize("trouble", [PUT_OFF, DOWN, CUT], ids=["put off", "relay down", "cut"])
async def test_a_try_that_was_given_up_says_nothing_of_a_later_one_under_way(
    store: Store, trouble: RelayUnavailable
) -> None:
    """Else the row would call a mail not begun of which the relay is hearing just now."""
    await instructed(store)
    later: list[asyncio.Task[MailOutcome]] = []
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def frozen_until_another_speaks() -> int:
        later.append(asyncio.create_task(delivery(store, Relay(speaks_for_long)).deliver(ADA)))
        await has_begun.wait()
        raise trouble

    async def speaks_for_long() -> int:
        has_begun.set()
        await may_end.wait()
        return OK

    with pytest.raises(RelayUnavailable):
        await delivery(store, Relay(frozen_until_another_speaks)).deliver(ADA)
    assert (await found(store))[1] is MailState.SENDING
    may_end.set()
    assert (await later[0]).result == "sent"
    assert (await found(store))[1] is MailState.ACCEPTED


@pytest.mark.parametrize(
    ("kind", "state", "trouble", "outcome"),
    [
        (MailKind.INSTRUCTIONS, S.INSTRUCTED, None, "accepted"),
        (MailKind.INSTRUCTIONS, S.INSTRUCTED, REFUSED, "bounced"),
        (MailKind.INSTRUCTIONS, S.INSTRUCTED, PUT_OFF, "deferred"),
        (MailKind.INSTRUCTIONS, S.INSTRUCTED, DOWN, "deferred"),
        (MailKind.INSTRUCTIONS, S.INSTRUCTED, CUT, "unknown"),
        (MailKind.REMINDER, S.AWAITING_PASSWORD, CUT, "unknown"),
        (MailKind.INSTRUCTIONS, S.CANCELLED, None, "suppressed"),
    ],
)
async def test_each_try_is_counted_once_by_what_it_came_to(
    store: Store, kind: MailKind, state: S, trouble: Exception | None, outcome: str
) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        await uow.migrations.add([migration(state=state)])
        await uow.mails.queue([mail(kind=kind)])
        await uow.commit()

    async def talk() -> int:
        if trouble is not None:
            raise trouble
        return OK

    meter = KeepingMeter()
    with suppress(RelayUnavailable):
        await delivery(store, Relay(talk), meter).deliver(ADA)
    assert meter.counted == {("edition_migration_mails_total", kind, outcome): 1}
