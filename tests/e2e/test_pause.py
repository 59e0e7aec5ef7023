"""A pause of an organization with real users: nobody is told, nothing is lost, and after it everybody goes on."""

import asyncio
from datetime import timedelta

from edition_migration.application.pauses import Pauses
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store_events import SERVICE
from tests.e2e.test_seen import metadata
from tests.e2e.world import World, guest, until

USERS = ("ada", "bob", "cleo")
TOLD = (MailKind.INSTRUCTIONS, MailKind.RESET_PASSWORD, MailKind.CANCELLED)


async def test_who_was_paused_before_his_instructions_goes_on_after_the_resume(world: World) -> None:
    pauses = Pauses(store=world.store, clock=world.clock)
    await world.guests(*(guest(user_id) for user_id in (*USERS, "dora")))
    await world.provision()
    for user_id in (*USERS, "dora"):
        await world.until(user_id, S.IN_REVIEW)
        await world.until_mailed(f"{user_id}@acme.example", 1)
    await pauses.pause(world.org_id, "admin")

    await world.select(*USERS)
    for user_id in USERS:
        await world.until(user_id, S.SELECTED)
    await world.command(CommandKind.CANCEL, "dora")
    await world.ended("dora")  # with her last mail held
    await asyncio.gather(*(until_said(world, user_id, "paused") for user_id in USERS))
    assert [len(world.mails_to(f"{user_id}@acme.example")) for user_id in (*USERS, "dora")] == [1, 1, 1, 1]

    await world.skip("ada", timedelta(days=2))
    assert [len(world.mails_to(f"{user_id}@acme.example")) for user_id in USERS] == [1, 1, 1]
    await pauses.resume(world.org_id, "admin")
    await world.bells.ring_due()
    for user_id in USERS:
        await world.until(user_id, S.AWAITING_PASSWORD)
        await world.until_accepted(user_id, MailKind.RESET_PASSWORD)
    await world.until_accepted("dora", MailKind.CANCELLED)
    async with world.store.read() as uow:
        counts = await uow.mails.counts(world.org_id)
    assert {kind: count for (kind, state), count in counts.items() if state is MailState.ACCEPTED and kind in TOLD} == {
        MailKind.INSTRUCTIONS: 3,
        MailKind.RESET_PASSWORD: 3,
        MailKind.CANCELLED: 1,
    }


async def test_the_whole_service_paused_holds_steps_and_mails_and_goes_on_after_the_resume(world: World) -> None:
    """Ada, who has her link, finishes in the pause; nobody is told of anything before its end."""
    pauses = Pauses(store=world.store, clock=world.clock)
    await world.guests(guest("ada"), guest("bob"))
    await world.provision()
    for user_id in ("ada", "bob"):
        await world.until(user_id, S.IN_REVIEW)
        await world.until_mailed(f"{user_id}@acme.example", 1)
    await world.select("ada")
    await world.until_accepted("ada", MailKind.RESET_PASSWORD)
    assert (await pauses.pause(SERVICE, "operator")).verdict == "paused"

    await world.select("bob")
    await world.until("bob", S.SELECTED)
    await until_said(world, "bob", "paused")
    assert (await world.choose_password("ada@acme.example")).status_code == 200
    await world.until("ada", S.MIGRATED)
    await world.skip("bob", timedelta(days=2))
    assert [len(world.mails_to(f"{user_id}@acme.example")) for user_id in ("ada", "bob")] == [3, 1]

    assert (await pauses.resume(SERVICE, "operator")).verdict == "resumed"
    await world.bells.ring_due()
    await world.until("bob", S.AWAITING_PASSWORD)
    await world.until_accepted("bob", MailKind.RESET_PASSWORD)
    await world.until_accepted("ada", MailKind.WELCOME)
    assert [len(world.mails_to(f"{user_id}@acme.example")) for user_id in ("ada", "bob")] == [4, 3]


async def test_the_deadline_moves_by_the_time_that_was_paused(world: World) -> None:
    pauses = Pauses(store=world.store, clock=world.clock)
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.select("ada")
    await world.until_deadline("ada")
    await pauses.pause(world.org_id, "admin")
    await world.bells.ring_due()
    await world.skip("ada", timedelta(days=10))
    await pauses.resume(world.org_id, "admin")
    await world.bells.ring_due()
    await world.skip("ada", timedelta(days=13, hours=12))  # 23.5 days after the mail, 13.5 of them not paused
    assert (await world.until("ada", S.AWAITING_PASSWORD, S.EXPIRED)).state is S.AWAITING_PASSWORD
    await world.skip("ada", timedelta(hours=13))
    await world.until("ada", S.EXPIRED)


async def until_said(world: World, user_id: str, words: str) -> None:
    """Returns once the user's workflow shows operators these words."""

    async def there() -> bool:
        return words in (await metadata(world.handle(user_id))).current_details

    await until(there, lambda: f"{user_id} does not say {words!r}")
