"""What holds a mail, and for how long: pauses, quiet hours, the organization's pace; what is said once, what never."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.delivery import Delivery
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.progress import MailInput, MailOutcome, NextMail
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import KeepingMeter, MovableClock, StillPace
from tests.fixtures.records import mail, token

# NOW is a Sunday, 12:00 UTC.
MONDAY_8 = NOW + timedelta(hours=20)
SECOND = timedelta(seconds=1)
REMINDER = {"kind": MailKind.REMINDER, "token_id": "t1"}


class Post:
    """One store, its relay and its time. `faults` are met first, one a mail; then all is accepted."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = MovableClock()
        self.faults: list[Exception] = []
        self.sent: list[Envelope] = []
        keys = TokenKeys(keys={"k1": b"k" * 32}, current="k1")
        self.delivery = Delivery(
            store=store,
            clock=self.clock,
            renderer=TemplateRenderer(),
            mailer=self,
            contexts=MailContexts(keys=keys, link_base="https://go.example"),
            breaker=RelayBreaker(pace=StillPace(), meter=KeepingMeter()),
            pace=StillPace(),
            meter=KeepingMeter(),
        )

    async def send(self, envelope: Envelope) -> int:
        self.sent.append(envelope)
        if self.faults:
            raise self.faults.pop(0)
        return 250

    async def deliver(self, user_id: str = "u1") -> MailOutcome:
        return await self.delivery.deliver(
            MailInput(org_id="acme", user_id=user_id, generation=1, as_of=self.clock.now())
        )

    async def mails(self, user_id: str = "u1") -> list[Mail]:
        async with self.store.read() as uow:
            return list(await uow.mails.of_migration(migration(user_id).ref))

    async def states(self) -> list[MailState]:
        return [it.state for it in await self.mails()]


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


async def given(
    post: Post,
    *mails: Mail,
    zone: str | None = None,
    row: dict[str, Any] | None = None,
    second_link: TokenState = TokenState.ISSUED,
    **settings: Any,
) -> None:
    """Users who wait for their password, with these mails; tokens `t1`, live, and `t2` where mails have them."""
    user_ids = sorted({it.user_id or "" for it in mails})
    async with post.store.write() as uow:
        await uow.organizations.put(organization(**settings))
        await uow.users.put([user(user_id, org_id="acme", zone=zone) for user_id in user_ids])
        fields: dict[str, Any] = {"state": S.AWAITING_PASSWORD, **(row or {})}
        await uow.migrations.add([migration(user_id, **fields) for user_id in user_ids])
        if any(it.token_id == "t1" for it in mails):
            await uow.tokens.add(token(state=TokenState.LIVE))
        if any(it.token_id == "t2" for it in mails):
            await uow.tokens.add(token("t2", state=second_link))
        if any(it.token_id == "asked" for it in mails):
            await uow.tokens.add(token("asked", is_requested=True))
        await uow.mails.queue(mails)
        await uow.commit()


def held(kind: MailKind, until: datetime | None, mail_id: str = "m1") -> MailOutcome:
    following = NextMail(kind=kind, not_before=until, mail_id=mail_id, attempt=1) if until else None
    return MailOutcome(result="held", mail_id=mail_id, next=following)


async def test_a_pause_holds_every_mail_and_names_no_time(post: Post) -> None:
    await given(post, mail(kind=MailKind.NEW_LINK, token_id="asked"))
    async with post.store.write() as uow:
        await uow.pauses.begin("*", NOW, "operator")
        await uow.commit()
    assert await post.deliver() == held(MailKind.NEW_LINK, None)
    assert (post.sent, await post.states()) == ([], [MailState.QUEUED])
    async with post.store.write() as uow:
        assert (await uow.tokens.of_migration(migration().ref))[0].state is TokenState.ISSUED
        await uow.pauses.end("*", NOW, "operator")
        await uow.commit()
    assert (await post.deliver()).result == "sent"


async def test_the_link_of_who_is_held_without_his_domain_waits_and_names_no_time(post: Post) -> None:
    link = mail(kind=MailKind.NEW_LINK, token_id="t1")
    await given(post, link, row={"hold_ends_at": NOW + timedelta(hours=1)})
    assert await post.deliver() == held(MailKind.NEW_LINK, None)
    assert (post.sent, await post.states()) == ([], [MailState.QUEUED])


HELD = {
    MailKind.COMING_SOON, MailKind.INSTRUCTIONS, MailKind.RESET_PASSWORD, MailKind.NEW_LINK, MailKind.REMINDER,
    MailKind.EXPIRED, MailKind.CANCELLED, MailKind.UNDONE,
}  # fmt: skip
AT_ONCE = {MailKind.ACCOUNT_DEACTIVATED, MailKind.WELCOME, MailKind.ADDRESS_CHANGED}


@pytest.mark.parametrize("kind", sorted(HELD | AT_ONCE))
async def test_quiet_hours_hold_what_nobody_asked_for(post: Post, kind: MailKind) -> None:
    has_link = kind in (MailKind.RESET_PASSWORD, MailKind.NEW_LINK, MailKind.REMINDER)
    await given(post, mail(kind=kind, token_id="t1" if has_link else None), quiet_hours=QuietHours())
    if kind in AT_ONCE:
        assert (await post.deliver()).result == "sent"
        return
    assert await post.deliver() == held(kind, MONDAY_8)
    assert (await post.mails())[0].not_before is None
    post.clock.at = MONDAY_8
    assert (await post.deliver()).result == "sent"


@pytest.mark.parametrize("kind", [MailKind.NEW_LINK, MailKind.RESET_PASSWORD])
async def test_what_the_user_asked_for_goes_at_once(post: Post, kind: MailKind) -> None:
    await given(post, mail(kind=kind, token_id="asked"), quiet_hours=QuietHours(), mails_per_second=0.001)
    async with post.store.write() as uow:
        await uow.mail_times.take_slot("acme", NOW, timedelta(hours=1))
        await uow.commit()
    assert (await post.deliver()).result == "sent"
    assert (await post.mails())[0].not_before is None


async def test_quiet_hours_are_those_of_the_users_zone(post: Post) -> None:
    hours = QuietHours(begins="18:00", ends="08:00", weekends=False)
    await given(post, mail(), zone="Asia/Tokyo", quiet_hours=hours)  # 21:00 there
    assert await post.deliver() == held(MailKind.INSTRUCTIONS, NOW + timedelta(hours=11))


async def test_a_repeat_that_comes_at_night_waits_for_the_morning(post: Post) -> None:
    """Asked for in the day, kept back by the relay until night: the present decides, not when it was asked for."""
    await given(post, mail(), quiet_hours=QuietHours(weekends=False))
    asked = MailInput(org_id="acme", user_id="u1", generation=1, as_of=NOW)
    post.clock.at = NOW + timedelta(hours=8)
    assert await post.delivery.deliver(asked) == held(MailKind.INSTRUCTIONS, MONDAY_8)


async def test_each_mail_takes_one_slot_of_the_pace(post: Post) -> None:
    await given(post, *(mail(f"m{n}", user_id=f"u{n}") for n in (1, 2, 3)), mails_per_second=0.5)
    assert (await post.deliver("u1")).result == "sent"
    for _ in range(2):
        assert await post.deliver("u2") == held(MailKind.INSTRUCTIONS, NOW + 2 * SECOND, "m2")
    assert await post.deliver("u3") == held(MailKind.INSTRUCTIONS, NOW + 4 * SECOND, "m3")
    post.clock.move(2 * SECOND)
    assert ((await post.deliver("u2")).result, (await post.deliver("u3")).result) == ("sent", "held")
    post.clock.move(2 * SECOND)
    assert (await post.deliver("u3")).result == "sent"
    assert [(await post.mails(it))[0].not_before for it in ("u1", "u2", "u3")] == [
        NOW, NOW + 2 * SECOND, NOW + 4 * SECOND,
    ]  # fmt: skip


async def test_who_missed_his_slot_in_a_pause_takes_another(post: Post) -> None:
    await given(post, *(mail(f"m{n}", user_id=f"u{n}") for n in (1, 2, 3)), mails_per_second=1.0)
    results = [(await post.deliver(it)).result for it in ("u1", "u2", "u3")]
    assert results == ["sent", "held", "held"]
    async with post.store.write() as uow:
        await uow.pauses.begin("acme", NOW, "staff-1")
        await uow.pauses.end("acme", NOW + timedelta(days=2), "staff-1")
        await uow.commit()
    post.clock.move(timedelta(days=2))
    assert (await post.deliver("u3")).result == "sent"
    assert await post.deliver("u2") == held(MailKind.INSTRUCTIONS, post.clock.at + SECOND, "m2")


async def test_who_missed_his_slot_at_night_takes_another(post: Post) -> None:
    quiet = QuietHours(begins="12:00", ends="13:00", weekends=False)
    await given(post, mail(not_before=NOW + SECOND), quiet_hours=quiet, mails_per_second=1.0)
    post.clock.move(timedelta(minutes=30))
    assert (await post.deliver()).next == NextMail(
        kind=MailKind.INSTRUCTIONS, not_before=NOW + timedelta(hours=1), mail_id="m1", attempt=1
    )
    post.clock.at = NOW + timedelta(hours=1)
    async with post.store.write() as uow:
        await uow.mail_times.take_slot("acme", post.clock.at, SECOND)
        await uow.commit()
    assert await post.deliver() == held(MailKind.INSTRUCTIONS, post.clock.at + SECOND)


async def test_a_reminder_found_sending_is_never_sent_again(post: Post) -> None:
    await given(post, mail(state=MailState.SENDING, **REMINDER), mail("m2", kind=MailKind.WELCOME))
    outcome = await post.deliver()
    assert outcome == MailOutcome(
        result="none", mail_id="m1", attempt=1, next=NextMail(kind=MailKind.WELCOME, mail_id="m2", attempt=1)
    )
    assert (await post.states(), post.sent) == ([MailState.UNKNOWN, MailState.QUEUED], [])
    async with post.store.read() as uow:
        assert [it.expires_at for it in await uow.tokens.of_migration(migration().ref)] == [NOW + timedelta(days=7)]


async def test_a_reminder_cut_after_the_dot_is_unknown_and_those_behind_it_follow(post: Post) -> None:
    await given(post, mail(**REMINDER), mail("m2", kind=MailKind.ADDRESS_CHANGED))
    post.faults.append(RelayUnavailable("cut", outcome_unknown=True))
    assert (await post.deliver()).next == NextMail(kind=MailKind.ADDRESS_CHANGED, mail_id="m2", attempt=1)
    assert (await post.deliver()).mail_id == "m2"
    assert (await post.states(), len(post.sent)) == ([MailState.UNKNOWN, MailState.ACCEPTED], 2)


async def test_a_reminder_that_the_relay_did_not_take_is_tried_again(post: Post) -> None:
    await given(post, mail(**REMINDER))
    post.faults.append(RelayUnavailable("busy"))
    with pytest.raises(RelayUnavailable):
        await post.deliver()
    assert await post.states() == [MailState.DEFERRED]
    assert ((await post.deliver()).result, await post.states()) == ("sent", [MailState.ACCEPTED])


async def test_a_reminders_new_link_lives_from_its_acceptance_and_moves_no_deadline(post: Post) -> None:
    await given(post, mail(kind=MailKind.REMINDER, token_id="t2"), mail("m0", kind=MailKind.NEW_LINK, token_id="t1"))
    assert (await post.deliver()).result == "sent"
    async with post.store.read() as uow:
        tokens = {it.token_id: (it.state, it.expires_at) for it in await uow.tokens.of_migration(migration().ref)}
        row = await uow.migrations.get(migration().ref)
    assert tokens == {"t1": (TokenState.DEAD, None), "t2": (TokenState.LIVE, NOW + timedelta(days=7))}
    assert row is not None
    assert row.deadline_at is None


async def test_an_expired_or_dead_link_is_not_mailed(post: Post) -> None:
    await given(post, mail(**REMINDER), mail("m2", kind=MailKind.NEW_LINK, token_id="t2"), second_link=TokenState.DEAD)
    async with post.store.write() as uow:
        await uow.tokens.start_life("t1", NOW)
        await uow.commit()
    assert (await post.deliver()).next == NextMail(kind=MailKind.NEW_LINK, mail_id="m2", attempt=1)
    assert await post.deliver() == MailOutcome(result="none", mail_id="m2", attempt=1)
    assert (await post.states(), post.sent) == ([MailState.SUPPRESSED] * 2, [])


async def test_who_has_acted_overnight_is_not_reminded_in_the_morning(post: Post) -> None:
    """Under single sign-on a reminder has no link that his act could kill."""
    await given(post, mail(kind=MailKind.REMINDER), mail("m2", kind=MailKind.WELCOME), row={"state": S.PASSWORD_SET})
    assert await post.deliver() == MailOutcome(
        result="none", mail_id="m1", attempt=1, next=NextMail(kind=MailKind.WELCOME, mail_id="m2", attempt=1)
    )
    assert (await post.states(), post.sent) == ([MailState.SUPPRESSED, MailState.QUEUED], [])


async def test_the_relays_250_wins_over_a_refusal_by_a_try_that_was_given_up(post: Post) -> None:
    await given(post, mail(), row={"state": S.INSTRUCTED})
    second = Post(post.store)
    second.faults.append(AddressRefused("refused", reply_code=550))

    async def accepted_late(envelope: Envelope) -> int:
        assert (await second.deliver()).result == "refused"
        return 250

    post.send = accepted_late  # type: ignore[method-assign]
    assert (await post.deliver()).result == "sent"
    async with post.store.read() as uow:
        row = await uow.migrations.get(migration().ref)
        bells = await uow.doorbells.oldest(10)
    assert row is not None
    assert (row.attention, row.instructions_accepted_at) == (None, NOW)
    assert await post.states() == [MailState.ACCEPTED]
    assert [bell.user_id for bell in bells] == ["u1"]


async def test_a_refused_mail_parks_its_user(post: Post) -> None:
    await given(post, mail())
    post.faults.append(AddressRefused("refused", reply_code=550))
    assert await post.deliver() == MailOutcome(result="refused", mail_id="m1", attempt=1)
    async with post.store.read() as uow:
        row = await uow.migrations.get(migration().ref)
    assert row is not None
    assert row.attention is Attention.UNDELIVERABLE


async def test_a_reminder_shows_the_deadline_as_the_pause_moved_it(post: Post) -> None:
    fields = {"deadline_from": NOW - timedelta(days=7), "deadline_at": NOW + timedelta(days=2)}
    await given(post, mail(**REMINDER), row=fields)
    async with post.store.write() as uow:
        await uow.tokens.start_life("t1", NOW + timedelta(days=9))
        await uow.pauses.begin("acme", NOW - timedelta(days=4), "staff-1")
        await uow.pauses.end("acme", NOW - timedelta(days=1), "staff-1")
        await uow.commit()
    assert (await post.deliver()).result == "sent"
    text = post.sent[0].content.text
    assert "You have 5 days left." in text
    assert "Friday, 27 November 2026, 12:00 (UTC)" in text


async def test_a_link_that_was_held_for_long_is_promised_from_its_sending(post: Post) -> None:
    await given(post, mail(kind=MailKind.RESET_PASSWORD, token_id="t1"))
    post.clock.move(timedelta(days=10))
    assert (await post.deliver()).result == "sent"
    assert "Wednesday, 9 December 2026, 12:00 (UTC)" in post.sent[0].content.text
