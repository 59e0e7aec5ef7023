"""A reminder that is held until its link is dead: one with a living link goes instead, and never three at once."""

from datetime import datetime, timedelta

from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.progress import Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store
from tests.application.moving import ADA, ORG, Moving, moving, writing
from tests.builders import NOW
from tests.links import LINK_KEYS

HALF, FOUR_FIFTHS, LAST = NOW + timedelta(days=7), NOW + timedelta(days=11.2), NOW + timedelta(days=13)
SENT, LAPSED = MailState.ACCEPTED, MailState.SUPPRESSED


async def reminded(store: Store, at: datetime, *, link_ends: datetime) -> Moving:
    """Ada awaits her password for fourteen days from NOW; her reminder of `at` waits, with the link that she has."""
    world = await moving(store, S.AWAITING_PASSWORD)
    token = LINK_KEYS.new_token(ORG, "u1", 1, now=NOW)
    async with writing(store) as uow:
        await uow.tokens.add(token)
        await uow.tokens.make_live(token.token_id)
        await uow.tokens.start_life(token.token_id, link_ends)
    world.clock.at = at
    assert isinstance(await world.step("await_new_password"), Wait)
    assert [it.token_id for it in await world.mails(MailState.QUEUED)] == [token.token_id]
    return world


async def pause(world: Moving, begin: datetime, end: datetime) -> None:
    async with writing(world.store) as uow:
        await uow.pauses.begin(ORG, begin, "staff-1")
        await uow.pauses.end(ORG, end, "staff-1")
    world.clock.at = end


async def reminders(world: Moving) -> list[MailState]:
    return [it.state for it in await world.mails() if it.kind is MailKind.REMINDER]


async def links_sent(world: Moving) -> list[TokenState]:
    """Of the tokens whose reminder was accepted, what became of them."""
    sent = {it.token_id for it in await world.mails(SENT) if it.kind is MailKind.REMINDER}
    return [it.state for it in await world.tokens() if it.token_id in sent]


async def test_after_a_long_pause_one_reminder_with_a_living_link_goes_out(store: Store) -> None:
    world = await reminded(store, HALF, link_ends=NOW + timedelta(days=12))
    await pause(world, HALF, NOW + timedelta(days=13))
    await world.step("await_new_password")
    assert await world.post() == [], "the postman finds that its link is dead"
    for _ in range(2):
        await world.step("await_new_password")
        await world.post()
    assert await reminders(world) == [LAPSED, SENT]
    assert await links_sent(world) == [TokenState.LIVE]
    assert (await world.row()).reminders == 1


async def test_a_link_that_dies_within_the_hour_is_not_reminded_of(store: Store) -> None:
    ends = NOW + timedelta(days=12)
    world = await reminded(store, HALF, link_ends=ends)
    await pause(world, HALF, ends - timedelta(minutes=59))
    assert await world.post() == []
    assert (await reminders(world), (await world.row()).reminders) == ([LAPSED], 0)


async def test_a_reminder_of_a_link_that_the_user_asked_for_is_not_asked_for_itself(store: Store) -> None:
    """He asked on the fifth day; at two in the night of the seventh nobody waits at a screen."""
    world = await moving(store, S.AWAITING_PASSWORD, organization={"quiet_hours": QuietHours(weekends=False)})
    [old] = await world.tokens()
    world.clock.at = NOW + timedelta(days=5)
    await world.credentials.request_new_link(LINK_KEYS.text_of(old))
    assert [kind for kind, _ in await world.post()] == [MailKind.NEW_LINK]
    world.clock.at = NOW + timedelta(days=7, hours=14)
    outcome = await world.step("await_new_password")
    assert outcome.mail is not None
    assert (outcome.mail.kind, outcome.mail.is_requested) == (MailKind.REMINDER, False)
    assert await world.post() == []
    world.clock.at = NOW + timedelta(days=7, hours=20)
    assert [kind for kind, _ in await world.post()] == [MailKind.REMINDER]
    assert await links_sent(world) == [TokenState.LIVE]


async def test_a_link_that_lives_on_is_sent_as_it_is(store: Store) -> None:
    ends = NOW + timedelta(days=12)
    world = await reminded(store, HALF, link_ends=ends)
    await pause(world, HALF, ends - timedelta(minutes=61))
    assert [kind for kind, _ in await world.post()] == [MailKind.REMINDER]
    assert (await reminders(world), (await world.row()).reminders) == ([SENT], 1)


async def test_several_moments_that_passed_while_it_was_held_bring_one_reminder(store: Store) -> None:
    """The relay put it off for so long; nobody paused, so that the deadline stands where it stood."""
    world = await reminded(store, HALF, link_ends=NOW + timedelta(days=12))
    world.clock.at = LAST + timedelta(hours=1)
    assert await world.post() == []
    await world.step("await_new_password")
    await world.post()
    assert (await reminders(world), await links_sent(world)) == ([LAPSED, SENT], [TokenState.LIVE])
    assert (await world.row()).reminders == 3


async def test_close_to_the_deadline_no_moment_comes_again(store: Store) -> None:
    world = await reminded(store, FOUR_FIFTHS, link_ends=LAST + timedelta(hours=2))
    world.clock.at = NOW + timedelta(days=14) - timedelta(minutes=30)
    assert await world.post() == []
    assert (await reminders(world), (await world.row()).reminders) == ([LAPSED], 2)


async def test_a_reminder_whose_link_a_newer_one_killed_is_not_made_up_for(store: Store) -> None:
    world = await reminded(store, HALF, link_ends=NOW + timedelta(days=12))
    async with writing(store) as uow:
        await uow.tokens.kill_all(ADA)
    assert await world.post() == []
    assert (await reminders(world), (await world.row()).reminders) == ([LAPSED], 1)
