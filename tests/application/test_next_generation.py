"""What a next generation takes over from the one before: that he knows of the block, and that he wants no mail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edition_migration.application.enrollment import Enrollment, add_enrolled
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.application.steps import Steps
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.progress import MailInput, PageInput, StepInput
from edition_migration.domain.states import CancelReason, SkipReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.application.test_delivery import Relay, delivery
from tests.application.test_starting import HalfDeafGateway
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.records import entry, mail

PAGE = PageInput(org_id="acme", as_of=NOW)
SECOND = migration(generation=2)
ENDS = {
    "skipped with a newer client": ((S.SKIPPED, SkipReason.NEWER_CLIENT), True),
    "skipped as an administrator": ((S.SKIPPED, SkipReason.ADMINISTRATOR), True),
    "let out when the service ended": ((S.CANCELLED, CancelReason.DEPROVISIONED), True),
    "let out with the domain": ((S.CANCELLED, CancelReason.DOMAIN_REMOVED), True),
    "cancelled by an administrator": ((S.CANCELLED, CancelReason.ADMINISTRATOR), False),
    "expired": ((S.EXPIRED, None), False),
    "undone": ((S.UNDONE, None), False),
}


async def ended(store: Store, state: S, reason: str | None = None, attention: Attention | None = None) -> None:
    """Ada's first generation, of which the block holds her account or not."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.domains.put(domain())
        await uow.capacity.set_purchased("acme", licenses=5, storage_mb=1000)
        await uow.users.put([user()])
        at = {"attention_at": NOW - timedelta(days=1)} if attention else {}
        await uow.migrations.add([migration(state=state, reason=reason, attention=attention, **at)])
        await uow.commit()


async def newest(store: Store) -> Migration:
    async with store.read() as uow:
        row = await uow.migrations.latest("acme", "u1")
    assert row is not None
    return row


@pytest.mark.parametrize(("end", "is_told"), ENDS.values(), ids=ENDS)
async def test_who_was_let_out_is_told_of_the_next_block_and_who_stayed_inactive_knows(
    store: Store, end: tuple[S, str | None], *, is_told: bool
) -> None:
    await ended(store, *end)
    await journaled(store, "notify_deactivation")
    await begun_again(store)
    assert await told(store) == ([MailKind.ACCOUNT_DEACTIVATED] if is_told else [])


@pytest.mark.parametrize("actions", [(), ("notify_deactivation", "block")], ids=["never told", "shut since"])
async def test_whom_a_block_shut_without_a_word_is_told_when_he_is_selected(
    store: Store, actions: tuple[str, ...]
) -> None:
    """Cancelled in the warning period; or let out with the domain, which came back."""
    await ended(store, S.CANCELLED, CancelReason.ADMINISTRATOR)
    await journaled(store, *actions)
    await begun_again(store)
    assert await told(store) == [MailKind.ACCOUNT_DEACTIVATED]


async def journaled(store: Store, *actions: str) -> None:
    """Of Ada's first generation, at its end."""
    row = await newest(store)
    async with store.write() as uow:
        await uow.journal.add([entry(it, action=it, source=row.state, target=row.state) for it in actions])
        await uow.commit()


async def begun_again(store: Store) -> None:
    async with store.write() as uow:
        await uow.migrations.add([SECOND])
        await uow.commit()


async def told(store: Store) -> list[MailKind]:
    """The mails of the second generation's first step."""
    steps = Steps(store=store, clock=MovableClock(), keys=LINK_KEYS)
    await steps.notify_deactivation(StepInput(migration=SECOND.ref, as_of=NOW))
    async with store.read() as uow:
        return [it.kind for it in await uow.mails.of_migration(SECOND.ref)]


@pytest.mark.parametrize("attention", [Attention.COMPLAINT, Attention.UNDELIVERABLE, None])
async def test_who_wants_no_mail_is_not_selected_anew_into_getting_some(
    store: Store, attention: Attention | None
) -> None:
    await ended(store, S.CANCELLED, CancelReason.ADMINISTRATOR, attention)
    order = SelectionOrder(org_id="acme", user_ids=("u1",), actor="admin", command_id="c1")
    await Selection(store=store, clock=MovableClock()).select(order)
    row = await newest(store)
    complaint = attention if attention is Attention.COMPLAINT else None
    assert (row.generation, row.attention, row.attention_at) == (2, complaint, complaint and NOW)


async def test_who_wants_no_mail_is_blocked_anew_without_one(store: Store) -> None:
    await ended(store, S.CANCELLED, CancelReason.DEPROVISIONED, Attention.COMPLAINT)
    async with store.write() as uow:
        await uow.migrations.mark_enrolled(["u1"], None)
        await uow.commit()
    await Enrollment(store=store, clock=MovableClock(), gateway=HalfDeafGateway()).block_page(PAGE)
    row = await newest(store)
    assert (row.generation, row.state, row.attention) == (2, S.BLOCKED, Attention.COMPLAINT)


async def test_who_calls_his_last_mail_unwanted_gets_none_of_what_follows_the_end(store: Store) -> None:
    welcome = mail("m1", kind=MailKind.WELCOME, state=MailState.ACCEPTED, accepted_at=NOW)
    undone = mail("m2", kind=MailKind.UNDONE)
    await ended(store, S.MIGRATED)
    await queued(store, welcome, undone)
    await complained(store)
    assert (await newest(store)).attention is Attention.COMPLAINT
    relay = Relay()
    await delivery(store, relay).deliver(MailInput(org_id="acme", user_id="u1", generation=1, as_of=NOW))
    async with store.read() as uow:
        left = await uow.mails.get("m2")
    assert left is not None
    assert (relay.heard, left.state) == (0, MailState.SUPPRESSED)


async def test_a_complaint_of_an_older_mail_holds_the_generation_that_is_open(store: Store) -> None:
    """Such reports come late."""
    await ended(store, S.EXPIRED)
    await begun_again(store)
    await queued(store, mail("m1", kind=MailKind.EXPIRED, state=MailState.ACCEPTED, accepted_at=NOW))
    await complained(store)
    async with store.read() as uow:
        rows = [await uow.migrations.get(ref) for ref in (migration().ref, SECOND.ref)]
        journal = await uow.journal.of_user("acme", "u1")
    assert [row and row.attention for row in rows] == [Attention.COMPLAINT] * 2
    assert [(it.generation, it.action) for it in journal] == [(1, "mail_complained"), (2, "mail_complained")]


async def test_a_generation_that_was_skipped_keeps_the_complaint(store: Store) -> None:
    await ended(store, S.CANCELLED, CancelReason.DOMAIN_REMOVED, Attention.COMPLAINT)
    skipped = replace(SECOND, state=S.SKIPPED, reason=SkipReason.NEWER_CLIENT)
    for row in (skipped, migration(generation=3)):
        async with store.write() as uow:
            await add_enrolled(uow, [row], NOW, actor="provisioning")
            await uow.commit()
    row = await newest(store)
    assert (row.generation, row.attention) == (3, Attention.COMPLAINT)


async def complained(store: Store) -> None:
    """About the mail m1."""
    document = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:relay:test",
        "type": "mail.complained",
        "time": NOW.isoformat(),
        "data": {"org_id": "acme", "message_id": "<m1@mail.example>"},
    }
    await Intake(store=store, clock=MovableClock()).receive(document)
    await Events(store=store, clock=MovableClock()).apply_next(PAGE)


async def queued(store: Store, *mails: Mail) -> None:
    async with store.write() as uow:
        await uow.mails.queue(mails)
        await uow.commit()
