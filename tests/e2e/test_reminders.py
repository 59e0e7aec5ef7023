"""Reminders, resend, more time, and the warning before the block, on the real server with time that is skipped."""

from datetime import timedelta

from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from tests.e2e.scenes import ada_awaits_her_password
from tests.e2e.world import NEW_PASSWORD, OLD_PASSWORD, World, guest, until

ADA = "ada@acme.example"


async def live_tokens(world: World) -> int:
    row = await world.row("ada")
    assert row is not None
    async with world.store.read() as uow:
        return len(await uow.tokens.of_migration(row.ref, [TokenState.LIVE]))


async def test_reminders_come_at_half_of_the_time_at_four_fifths_and_a_day_before_the_end(world: World) -> None:
    await ada_awaits_her_password(world)
    for count, days in ((1, 7.1), (2, 4.2), (3, 1.9)):
        await world.skip("ada", timedelta(days=days))
        await world.until_accepted("ada", MailKind.REMINDER, count)
        assert await live_tokens(world) == 1
    page = await world.choose_password(ADA)
    assert page.status_code == 200
    await world.until("ada", S.MIGRATED)
    assert await world.sign_in(ADA, NEW_PASSWORD, "6.0") == "signed_in"


async def test_extended_by_a_week_the_user_expires_a_week_later(world: World) -> None:
    await ada_awaits_her_password(world)
    before = (await world.until("ada", S.AWAITING_PASSWORD)).deadline_at
    answer = await world.command(CommandKind.EXTEND_DEADLINE, "ada", extension=timedelta(days=7))
    assert answer.verdict == "done"
    after = (await world.until("ada", S.AWAITING_PASSWORD)).deadline_at
    assert before is not None
    assert after == before + timedelta(days=7)
    await world.skip("ada", timedelta(days=20))
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.skip("ada", timedelta(days=1, hours=1))
    await world.until("ada", S.EXPIRED)


async def test_resend_gives_a_new_link_and_kills_the_older(world: World) -> None:
    await ada_awaits_her_password(world)
    older = world.link_of(ADA)
    assert (await world.command(CommandKind.RESEND, "ada")).verdict == "done"
    await world.until_accepted("ada", MailKind.NEW_LINK)
    assert world.link_of(ADA) != older
    assert 'name="password"' not in (await world.web.get(older)).text
    assert (await world.choose_password(ADA)).status_code == 200


async def warn_ada(world: World) -> None:
    """She has a password, and a week until the block."""
    password_hash = await PwdlibHasher(memory_kib=1024, passes=1, lanes=1).hash(OLD_PASSWORD)
    await world.configure(warning_period=timedelta(days=7))
    await world.guests(guest("ada", password_hash=password_hash))
    await world.provision()


async def test_in_the_warning_period_the_guest_is_told_and_still_signs_in_until_the_block_begins(world: World) -> None:
    await warn_ada(world)
    row = await world.until("ada", S.DETECTED)
    await world.until_accepted("ada", MailKind.COMING_SOON)
    assert (await world.user("ada")).account_status is AccountStatus.ACTIVE
    assert await world.sign_in(ADA, OLD_PASSWORD) == "signed_in"
    await world.skip_organization(timedelta(days=7, minutes=1))
    await world.until("ada", S.IN_REVIEW)
    await world.until_accepted("ada", MailKind.ACCOUNT_DEACTIVATED)
    assert (await world.user("ada")).account_status is AccountStatus.INACTIVE
    assert row.generation == 1
    assert await world.sign_in(ADA, OLD_PASSWORD) == "deactivated"


async def test_cancelled_by_temporal_in_the_warning_period_the_guest_signs_in_until_the_block_begins(
    world: World,
) -> None:
    await warn_ada(world)
    await world.until("ada", S.DETECTED)
    await world.until_accepted("ada", MailKind.COMING_SOON)
    await world.handle("ada").cancel()
    assert (await world.until("ada", S.CANCELLED)).reason == "administrator"
    await world.ended("ada")
    assert await world.sign_in(ADA, OLD_PASSWORD) == "signed_in"
    await world.skip_organization(timedelta(days=7, minutes=1))

    async def is_shut() -> bool:
        return (await world.user("ada")).account_status is AccountStatus.INACTIVE

    await until(is_shut, lambda: "the block never reached the account")
    assert await world.sign_in(ADA, OLD_PASSWORD) == "deactivated"
    assert len(world.mails_to(ADA)) == 1
