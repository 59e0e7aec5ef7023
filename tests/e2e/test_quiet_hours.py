"""Quiet hours and an organization's pace with real workflows: held mails go at their time, and none is lost."""

from datetime import timedelta
from itertools import pairwise

from edition_migration.application.intake import Intake
from edition_migration.application.organizations import Organizations
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import World, guest

HOUR = timedelta(hours=1)


async def instructions_are_held(world: World) -> None:
    """An hour ago quiet hours began, which end in two; an hour of them has passed since Ada was instructed."""
    now = world.clock.now()
    hours = QuietHours(begins=f"{now - HOUR:%H:%M}", ends=f"{now + 2 * HOUR:%H:%M}", weekends=False)
    await world.guests(guest("ada"))
    await world.provision()
    await world.configure(quiet_hours=hours)
    await world.until("ada", S.IN_REVIEW)
    await world.until_mailed("ada@acme.example", 1)  # his account is blocked: that he hears at once
    await world.select("ada")
    await world.until("ada", S.INSTRUCTED)
    await world.skip("ada", HOUR)
    assert len(world.mails_to("ada@acme.example")) == 1


async def test_instructions_wait_for_the_morning(world: World) -> None:
    await instructions_are_held(world)
    await world.skip("ada", HOUR)
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)


async def test_held_mails_go_at_once_when_the_quiet_hours_are_taken_away(world: World) -> None:
    await instructions_are_held(world)
    intake = Intake(store=world.store, clock=world.clock)
    organizations = Organizations(store=world.store, clock=world.clock, intake=intake)
    await organizations.apply({"id": world.org_id, "settings": {"quietHours": None}})
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)


async def test_mails_of_an_organization_go_at_its_pace(world: World) -> None:
    users = [f"u{number}" for number in range(6)]
    await world.configure(mails_per_second=2.0)
    await world.guests(*(guest(user_id) for user_id in users))
    await world.provision()

    for user_id in users:
        await world.until(user_id, S.IN_REVIEW)
        await world.until_accepted(user_id, MailKind.ACCOUNT_DEACTIVATED)
    async with world.store.read() as uow:
        rows = [await world.row(user_id) for user_id in users]
        mails = [mail for row in rows if row for mail in await uow.mails.of_migration(row.ref)]
    slots = sorted(mail.not_before for mail in mails if mail.not_before)
    assert len(slots) == 6
    assert all(later - earlier >= timedelta(seconds=0.5) for earlier, later in pairwise(slots))
    assert all(mail.accepted_at and mail.not_before and mail.accepted_at >= mail.not_before for mail in mails)
