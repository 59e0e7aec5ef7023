"""The queue of an organization's postman: many users' and the administrators' mails, so one that is held holds nobody.

The mails of one user stay in their order.
"""

from datetime import timedelta

import pytest

from edition_migration.domain.errors import RelayUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.progress import MailInput, MailOutcome, NextMail
from edition_migration.domain.states import CancelReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.application.test_held_mails import MONDAY_8, SECOND, Post, given
from tests.builders import NOW, migration
from tests.fixtures.records import mail

CANCELLED = {"state": S.CANCELLED, "reason": CancelReason.ADMINISTRATOR}
SHORTAGE = {"kind": MailKind.CAPACITY_SHORT, "user_id": None, "generation": None}


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


async def handed_over(post: Post, *user_ids: str) -> None:
    async with post.store.write() as uow:
        for user_id in user_ids:
            await uow.mails.hand_over([migration(user_id).ref])
        await uow.mails.queue([mail("short", **SHORTAGE)])
        await uow.commit()


async def deliver(post: Post) -> MailOutcome:
    return await post.delivery.deliver(MailInput(org_id="acme", as_of=post.clock.now()))


def said(kind: MailKind, mail_id: str, until: object = None, attempt: int = 1) -> NextMail:
    return NextMail.model_validate({"kind": kind, "mail_id": mail_id, "not_before": until, "attempt": attempt})


def sent(mail_id: str, behind: NextMail | None = None, attempt: int = 1) -> MailOutcome:
    return MailOutcome(result="sent", mail_id=mail_id, next=behind, attempt=attempt)


async def test_a_mail_held_for_the_night_lets_others_mails_pass(post: Post) -> None:
    await given(post, mail("m1", kind=MailKind.CANCELLED), row=CANCELLED, quiet_hours=QuietHours())
    await handed_over(post, "u1")
    first = await deliver(post)
    assert first == MailOutcome(result="held", mail_id="m1", next=said(MailKind.CAPACITY_SHORT, "short"))
    second = await deliver(post)
    assert second == sent("short", said(MailKind.CANCELLED, "m1", MONDAY_8))
    assert await deliver(post) == MailOutcome(
        result="held", mail_id="m1", next=said(MailKind.CANCELLED, "m1", MONDAY_8)
    )
    post.clock.at = MONDAY_8
    assert await deliver(post) == sent("m1")


async def test_a_mail_that_the_relay_puts_off_lets_others_mails_pass(post: Post) -> None:
    await given(post, mail("m1", kind=MailKind.CANCELLED), row=CANCELLED)
    await handed_over(post, "u1")
    for attempt, rest in enumerate((2, 4, 8), start=1):
        post.faults.append(RelayUnavailable("450"))
        put_off = await deliver(post)
        behind = said(MailKind.CAPACITY_SHORT, "short") if attempt == 1 else None
        again = said(MailKind.CANCELLED, "m1", post.clock.at + rest * SECOND, attempt + 1)
        assert put_off == MailOutcome(result="held", mail_id="m1", next=behind or again)
        if behind is not None:
            assert (await deliver(post)).next == again
        assert [(it.state, it.attempts) for it in await post.mails()] == [(MailState.DEFERRED, attempt)]
        post.clock.move(rest * SECOND)
    assert await deliver(post) == sent("m1", attempt=4)


async def test_a_fault_of_the_whole_relay_puts_no_mail_off(post: Post) -> None:
    await given(post, mail("m1", kind=MailKind.CANCELLED), row=CANCELLED)
    await handed_over(post, "u1")
    post.faults.append(RelayUnavailable("no connection", is_for_all=True))
    with pytest.raises(RelayUnavailable):
        await deliver(post)
    assert [(it.state, it.attempts, it.held_until) for it in await post.mails()] == [(MailState.QUEUED, 0, None)]


async def test_no_mail_passes_a_held_one_to_the_same_user(post: Post) -> None:
    note = mail("m2", kind=MailKind.ADDRESS_CHANGED)
    others = mail("m3", kind=MailKind.WELCOME, user_id="u2")
    await given(post, mail("m1", kind=MailKind.UNDONE), note, others, row=CANCELLED, quiet_hours=QuietHours())
    await handed_over(post, "u1", "u2")
    went = [(await deliver(post)).mail_id for _ in range(3)]
    assert went == ["m1", "m3", "short"]
    assert [it.kind for it in await post.mails()] == [MailKind.UNDONE, MailKind.ADDRESS_CHANGED]
    post.clock.at = MONDAY_8
    assert await deliver(post) == sent("m1", said(MailKind.ADDRESS_CHANGED, "m2"))
    assert await deliver(post) == sent("m2")


async def test_what_was_held_for_the_night_goes_at_the_pace_and_holds_nobody(post: Post) -> None:
    mails = [mail(f"m{n}", kind=MailKind.UNDONE, user_id=f"u{n}") for n in (1, 2)]
    await given(post, *mails, row=CANCELLED, quiet_hours=QuietHours(), mails_per_second=1.0)
    await handed_over(post, "u1", "u2")
    assert [(await deliver(post)).mail_id for _ in range(3)] == ["m1", "m2", "short"]
    post.clock.at = MONDAY_8
    assert (await deliver(post)).mail_id == "m1"
    assert await deliver(post) == MailOutcome(
        result="held", mail_id="m2", next=said(MailKind.UNDONE, "m2", MONDAY_8 + SECOND)
    )
    post.clock.move(SECOND)
    assert await deliver(post) == sent("m2")


async def test_a_pause_holds_the_queue_whole_and_keeps_its_order(post: Post) -> None:
    await given(post, mail("m1", kind=MailKind.CANCELLED), row=CANCELLED)
    await handed_over(post, "u1")
    async with post.store.write() as uow:
        await uow.pauses.begin("acme", NOW, "staff-1")
        await uow.commit()
    assert await deliver(post) == MailOutcome(result="held", mail_id="m1")
    async with post.store.write() as uow:
        await uow.pauses.end("acme", NOW + timedelta(days=2), "staff-1")
        await uow.commit()
    post.clock.move(timedelta(days=2))
    assert [(await deliver(post)).mail_id for _ in range(2)] == ["m1", "short"]
