"""What becomes of a mail after the relay had accepted it: delivered, come back, called unwanted. Both databases."""

from datetime import timedelta

from edition_migration.application.commands import Commands
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.purge import Purge
from edition_migration.application.selection import Selection
from edition_migration.application.steps import Steps
from edition_migration.domain.commands import Command, CommandKind
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import MailInput, MailOutcome, PageInput, StepInput
from edition_migration.domain.purge import Retention
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import InboxState
from tests.application.test_delivery import Relay, delivery
from tests.builders import NOW, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.records import mail

ADA = MigrationRef(org_id="acme", user_id="u1")
LATER = MailInput(org_id="acme", user_id="u1", generation=1, as_of=NOW)


async def told(store: Store, state: S = S.AWAITING_PASSWORD) -> None:
    """Ada, with an accepted mail m1 and one behind it."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        deadline = {"deadline_from": NOW, "deadline_at": NOW + timedelta(days=14)}
        await uow.migrations.add([migration(state=state, **deadline)])
        await uow.mails.queue(
            [
                mail("m1", state=MailState.ACCEPTED, accepted_at=NOW),
                mail("m2", kind=MailKind.INSTRUCTIONS, round=2),
            ]
        )
        await uow.commit()


async def happens(store: Store, what: str, message_id: str = "<m1@mail.example>") -> InboxState:
    clock = MovableClock()
    document = {
        "specversion": "1.0",
        "id": f"{what}-{message_id}",
        "source": "urn:relay:test",
        "type": f"mail.{what}",
        "time": NOW.isoformat(),
        "data": {"org_id": "acme", "message_id": message_id},
    }
    await Intake(store=store, clock=clock).receive(document)
    await Events(store=store, clock=clock).apply_next(PageInput(org_id="acme", as_of=NOW))
    async with store.read() as uow:
        row = await uow.inbox.get("urn:relay:test", f"{what}-{message_id}")
    assert row is not None
    return row.state


async def seen(store: Store) -> tuple[Migration, MailState, list[str]]:
    async with store.read() as uow:
        row, first = await uow.migrations.get(ADA), await uow.mails.get("m1")
        journal = await uow.journal.of_user("acme", "u1")
    assert row is not None
    assert first is not None
    return row, first.state, [entry.action for entry in journal]


async def test_delivered_is_more_than_accepted_and_changes_nobody(store: Store) -> None:
    await told(store)
    assert await happens(store, "delivered") is InboxState.APPLIED
    row, state, journal = await seen(store)
    assert (row.attention, state, journal) == (None, MailState.DELIVERED, [])


async def test_a_mail_that_came_back_parks_its_user(store: Store) -> None:
    await told(store)
    assert await happens(store, "bounced") is InboxState.APPLIED
    row, state, journal = await seen(store)
    assert (row.attention, state, journal) == (Attention.UNDELIVERABLE, MailState.BOUNCED, ["mail_bounced"])
    assert (await delivery(store, Relay()).deliver(LATER)).result == "refused"


async def test_who_called_a_mail_unwanted_gets_none_until_somebody_says_retry(store: Store) -> None:
    await told(store)
    assert await happens(store, "complained") is InboxState.APPLIED
    row, state, _ = await seen(store)
    assert (row.attention, state) == (Attention.COMPLAINT, MailState.COMPLAINED)
    relay = Relay()
    assert (await delivery(store, relay).deliver(LATER)) == MailOutcome(result="held", mail_id="m2")
    assert relay.heard == 0
    clock = MovableClock()
    commands = Commands(store=store, clock=clock, selection=Selection(store=store, clock=clock), keys=LINK_KEYS)
    answer = await commands.apply(Command(kind=CommandKind.RETRY, migration=ADA, command_id="c1"))
    assert answer.verdict == "done"
    assert (await delivery(store, relay).deliver(LATER)).result == "sent"


async def test_who_called_a_mail_unwanted_is_not_reminded_and_expires_in_silence(store: Store) -> None:
    await told(store)
    await happens(store, "complained")
    steps = Steps(store=store, clock=MovableClock(), keys=LINK_KEYS)
    await steps.await_new_password(StepInput(migration=ADA, as_of=NOW + timedelta(days=13, hours=12)))
    await steps.await_new_password(StepInput(migration=ADA, as_of=NOW + timedelta(days=14)))
    async with store.read() as uow:
        kinds = [it.kind for it in await uow.mails.of_migration(ADA)]
    assert (await seen(store))[0].state is S.EXPIRED
    assert kinds == [MailKind.INSTRUCTIONS, MailKind.INSTRUCTIONS]


async def test_after_the_end_nobody_is_parked(store: Store) -> None:
    await told(store, S.MIGRATED)
    assert await happens(store, "bounced") is InboxState.APPLIED
    assert (await seen(store))[0].attention is None


async def test_a_bounce_that_is_repeated_a_month_after_the_retry_parks_nobody_again(store: Store) -> None:
    await told(store)
    await happens(store, "bounced")
    clock = MovableClock()
    commands = Commands(store=store, clock=clock, selection=Selection(store=store, clock=clock), keys=LINK_KEYS)
    await commands.apply(Command(kind=CommandKind.RETRY, migration=ADA, command_id="c1"))
    assert (await delivery(store, Relay()).deliver(LATER)).result == "sent"
    clock.move(timedelta(days=31))
    retention = Retention(events=timedelta(days=30), rest=timedelta(days=400))
    async for _ in Purge(store=store, clock=clock, retention=retention).run():
        pass
    await happens(store, "bounced")
    row, state, _ = await seen(store)
    assert (row.attention, state) == (None, MailState.ACCEPTED)


async def test_a_mail_that_nobody_sent_fails_and_says_why(store: Store) -> None:
    await told(store)
    assert await happens(store, "bounced", "<m9@mail.example>") is InboxState.FAILED


async def test_what_was_not_accepted_does_not_come_back(store: Store) -> None:
    await told(store)
    assert await happens(store, "bounced", "m2") is InboxState.APPLIED
    _, state, _ = await seen(store)
    async with store.read() as uow:
        [row] = await uow.inbox.listing("acme", 10)
        mail = await uow.mails.get("m2")
    assert row.reason == "it changed nothing: the mail is queued"
    assert (mail and mail.state, state) == (MailState.QUEUED, MailState.ACCEPTED)
