"""The fifth step by itself: reminders, the deadline and pauses, at times that the test says. Both databases."""

from datetime import datetime, timedelta

from edition_migration.application.steps import Steps
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import StepInput, Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import SERVICE
from tests.builders import NOW, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock

ADA = MigrationRef(org_id="acme", user_id="u1")
DEADLINE = NOW + timedelta(days=14)


async def awaiting(store: Store, *, link_ends: timedelta = timedelta(days=7), **row: object) -> Steps:
    """Ada waits since NOW, with a live link of so long a life."""
    facts: dict[str, object] = {"state": S.AWAITING_PASSWORD, "deadline_from": NOW, "deadline_at": DEADLINE, **row}
    token = LINK_KEYS.new_token("acme", "u1", 1, now=NOW)
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        await uow.migrations.add([migration(**facts)])
        await uow.tokens.add(token)
        await uow.tokens.make_live(token.token_id)
        await uow.tokens.start_life(token.token_id, NOW + link_ends)
        await uow.commit()
    return Steps(store=store, clock=MovableClock(), keys=LINK_KEYS)


async def waits_at(steps: Steps, as_of: datetime) -> datetime | None:
    outcome = await steps.await_new_password(StepInput(migration=ADA, as_of=as_of))
    assert isinstance(outcome, Wait)
    return outcome.until


async def reminders(store: Store) -> list[tuple[int, MailState]]:
    async with store.read() as uow:
        mails = await uow.mails.of_migration(ADA)
    return [(mail.round, mail.state) for mail in mails if mail.kind is MailKind.REMINDER]


async def adas_row(store: Store) -> Migration:
    async with store.read() as uow:
        row = await uow.migrations.get(ADA)
    assert row is not None
    return row


async def test_each_look_says_the_next_moment_and_reminds_once(store: Store) -> None:
    steps = await awaiting(store)
    assert await waits_at(steps, NOW) == NOW + timedelta(days=7)
    assert await reminders(store) == []
    for _ in range(2):
        assert await waits_at(steps, NOW + timedelta(days=7)) == NOW + timedelta(days=14) * 0.8
    assert await reminders(store) == [(1, MailState.QUEUED)]


async def test_after_an_outage_of_three_reminders_one_is_sent(store: Store) -> None:
    steps = await awaiting(store)
    assert await waits_at(steps, DEADLINE - timedelta(hours=12)) == DEADLINE
    assert await reminders(store) == [(1, MailState.QUEUED)]
    assert (await adas_row(store)).reminders == 3


async def test_a_reminder_that_was_not_sent_gives_way_to_the_next(store: Store) -> None:
    steps = await awaiting(store)
    await waits_at(steps, NOW + timedelta(days=7))
    await waits_at(steps, NOW + timedelta(days=12))
    assert await reminders(store) == [(1, MailState.SUPPRESSED), (2, MailState.QUEUED)]


async def test_a_reminder_carries_the_live_link_where_that_lasts_until_the_next(store: Store) -> None:
    steps = await awaiting(store, link_ends=timedelta(days=12))
    await waits_at(steps, NOW + timedelta(days=7))
    async with store.read() as uow:
        tokens = await uow.tokens.of_migration(ADA)
        mails = await uow.mails.of_migration(ADA)
    assert [mail.token_id for mail in mails] == [token.token_id for token in tokens]


async def test_a_reminder_carries_a_new_link_where_the_live_one_would_be_dead_in_the_readers_hand(
    store: Store,
) -> None:
    steps = await awaiting(store, link_ends=timedelta(days=8))
    await waits_at(steps, NOW + timedelta(days=7))
    async with store.read() as uow:
        issued = await uow.tokens.of_migration(ADA, [TokenState.ISSUED])
        mails = await uow.mails.of_migration(ADA)
    assert [mail.token_id for mail in mails] == [token.token_id for token in issued]


async def test_to_a_refused_address_no_reminder_is_added(store: Store) -> None:
    steps = await awaiting(store, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    await waits_at(steps, NOW + timedelta(days=8))
    assert await reminders(store) == []
    assert (await adas_row(store)).reminders == 1


async def test_at_the_deadline_he_expires_and_a_moment_before_he_does_not(store: Store) -> None:
    steps = await awaiting(store)
    assert await waits_at(steps, DEADLINE - timedelta(microseconds=1)) == DEADLINE
    outcome = await steps.await_new_password(StepInput(migration=ADA, as_of=DEADLINE))
    assert (outcome.kind, (await adas_row(store)).state) == ("stop", S.EXPIRED)


async def test_a_pause_moves_the_deadline_by_its_length_when_its_timer_fires(store: Store) -> None:
    steps = await awaiting(store)
    async with store.write() as uow:
        await uow.pauses.begin("acme", NOW + timedelta(days=8), "admin")
        await uow.pauses.begin(SERVICE, NOW + timedelta(days=9), "operator")
        await uow.pauses.end("acme", NOW + timedelta(days=10), "admin")
        await uow.pauses.end(SERVICE, NOW + timedelta(days=11), "operator")
        await uow.commit()
    assert await waits_at(steps, DEADLINE) == NOW + timedelta(days=14) * 0.8 + timedelta(days=3)
    assert await waits_at(steps, DEADLINE + timedelta(days=2)) == DEADLINE + timedelta(days=3)
    outcome = await steps.await_new_password(StepInput(migration=ADA, as_of=DEADLINE + timedelta(days=3)))
    assert outcome.kind == "stop"


async def test_while_it_is_paused_nobody_is_reminded_and_nobody_expires(store: Store) -> None:
    steps = await awaiting(store)
    async with store.write() as uow:
        await uow.pauses.begin("acme", NOW + timedelta(days=1), "admin")
        await uow.commit()
    assert await waits_at(steps, DEADLINE + timedelta(days=100)) is None
    assert await reminders(store) == []


async def test_with_single_sign_on_the_reminder_has_no_link(store: Store) -> None:
    steps = await awaiting(store, state=S.AWAITING_FIRST_SIGN_IN)
    await waits_at(steps, NOW + timedelta(days=7))
    async with store.read() as uow:
        mails = await uow.mails.of_migration(ADA)
    assert [(mail.kind, mail.token_id) for mail in mails] == [(MailKind.REMINDER, None)]
