"""docs/how-to/restore.md, rehearsed: a database is set back to a backup of a minute ago, and everybody comes to an end.

Real PostgreSQL with pg_dump and pg_restore, a real Temporal server on its file. What happened in the lost minute is
named user by user; what of it is mended, what people must say again, and what nobody can know, is what the page says.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edition_migration.application.audit import Audit
from edition_migration.application.pauses import Pauses
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveCommandKind
from edition_migration.ports.store_events import SERVICE
from tests.e2e.world import NEW_PASSWORD, PATIENCE, World, until
from tests.operations.office import ORG, Office, named, until_drained

LATER = timedelta(days=2)
PEOPLE = ("ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal", "ivy", "kim", "lee", "nia")


def address(name: str) -> str:
    return f"{name}@acme.example"


def copies(world: World, name: str) -> Counter[str]:
    """How often each mail came to the user, by its Message-ID."""
    return Counter(str(mail.message["Message-ID"]) for mail in world.mails_to(address(name)))


async def in_a_wave_of_the_day_after_tomorrow(world: World, name: str) -> str:
    answer = await world.select(name, release_at=datetime.now(UTC) + LATER)
    wave_id = answer.wave_id
    assert wave_id is not None

    async def is_started() -> bool:
        async with world.store.read() as uow:
            wave = await uow.waves.get(ORG, wave_id)
        return wave is not None and wave.started_at is not None

    await until(is_started, lambda: "the wave never started")
    return wave_id


async def names_and_mends(world: World, expected: Mapping[Any, bool]) -> None:
    """`reconcile --restored` names these, and nothing else; and mends of them what is said to be mended."""
    assert await named(world, is_dry=True, is_restored=True) == {(*it, False) for it in expected}
    assert await named(world, is_restored=True) == {(*it, is_mended) for it, is_mended in expected.items()}


async def wave_ended(world: World, wave_id: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await world.skipper.client.get_workflow_handle(f"wave/{ORG}/{wave_id}").result()


async def test_the_store_of_a_minute_ago(office: Office) -> None:
    async with office.at_work() as world:
        await office.guests(world, "ada", "bob", "cleo", "dan", "eve", "fay", "hal", "ivy", "kim", "lee", "nia")
        for name in ("bob", "cleo", "eve", "fay", "nia"):
            await office.select(world, name)
        await office.migrate(world, "fay")
        await world.command(CommandKind.CANCEL, "kim")
        await world.ended("kim")
        lees = await in_a_wave_of_the_day_after_tomorrow(world, "lee")
        await Pauses(store=world.store, clock=world.clock).pause(SERVICE, "admin")
        await world.command(CommandKind.RESEND, "nia")
        await office.back_up_store()

        # The minute that will be lost
        await Pauses(store=world.store, clock=world.clock).resume(SERVICE, "admin")
        await world.until_accepted("nia", MailKind.NEW_LINK)
        await office.select(world, "ada")
        await office.migrate(world, "bob")
        for name, kind in (("cleo", CommandKind.CANCEL), ("dan", CommandKind.EXCLUDE), ("fay", CommandKind.UNDO)):
            await world.command(kind, name)
            await world.ended(name)
        await office.say(world, "user.deleted", user_id="eve")
        await world.ended("eve")
        await office.guests(world, "gus")
        ivys = await in_a_wave_of_the_day_after_tomorrow(world, "ivy")
        await office.select(world, "kim")
        await office.control(world, lees, WaveCommandKind.CANCEL)
        await wave_ended(world, lees)

    await office.restore_store()
    expected = {
        ("workflow_ahead", "ada", 1): True,
        ("workflow_ahead", "bob", 1): True,
        ("end_lost", "cleo", 1): False,
        ("end_lost", "dan", 1): False,
        ("end_lost", "eve", 1): False,
        ("mail_doubtful", "nia", 1): True,
        ("workflow_stray", "gus", 1): True,
        ("workflow_stray", ivys, None): True,
        ("workflow_stray", "kim", 2): True,
        ("wave_stopped", lees, None): True,
    }
    async with office.at_rest() as world:
        await names_and_mends(world, expected)
        left = {it for it, is_mended in expected.items() if not is_mended}
        assert await named(world, is_restored=True) == {(*it, False) for it in left}

    async with office.at_work() as world:
        await Pauses(store=world.store, clock=world.clock).resume(SERVICE, "admin")
        await office.say_all_again(world)
        await world.until("eve", S.DELETED)
        await world.until("gus", S.IN_REVIEW)
        assert await world.sign_in(address("bob"), NEW_PASSWORD, "6.1") == "wrong_credentials"
        await office.migrate(world, "bob")
        assert await world.sign_in(address("bob"), NEW_PASSWORD, "6.1") == "signed_in"
        await world.command(CommandKind.CANCEL, "cleo")
        await world.command(CommandKind.RETRY, "dan")
        await world.command(CommandKind.UNDO, "fay")
        await office.control(world, lees, WaveCommandKind.CANCEL)
        for name in ("ada", "dan", "gus", "hal", "ivy", "kim", "lee"):
            await office.select(world, name)
        for name in ("ada", "dan", "gus", "hal", "ivy", "kim", "lee", "nia"):
            await office.migrate(world, name)
        assert await named(world) == set()
        ends = {name: (await world.until(name, *S)).state for name in PEOPLE}
        assert ends == {**dict.fromkeys(PEOPLE, S.MIGRATED), "cleo": S.CANCELLED, "eve": S.DELETED, "fay": S.UNDONE}
        assert (await world.capacity()).licenses_used == sum(it is S.MIGRATED for it in ends.values())
        (chain,) = (await Audit(store=world.store, clock=world.clock).verify(ORG)).chains
        assert chain.broken is None
        # A mail whose row was there when the backup was taken is the same mail, whoever sends it again
        assert sorted(copies(world, "nia").values()) == [1, 1, 1, 1, 2]
        # One of the lost minute is another mail: nobody can know that it was sent
        assert sorted(copies(world, "ada").values()) == [1] * 6


async def test_temporal_of_a_minute_ago(office: Office) -> None:
    async with office.at_work() as world:
        await office.guests(world, "ada", "bob", "cleo", "dee", "hal", "ivy", "lee")
        for name in ("bob", "cleo"):
            await office.select(world, name)
        await instructed_to_be_activated_by_hand(world, "dee")
        lees = await in_a_wave_of_the_day_after_tomorrow(world, "lee")
        office.back_up_temporal()

        # The minute that will be lost
        await office.select(world, "ada")
        await office.migrate(world, "bob")
        await world.command(CommandKind.CANCEL, "cleo")
        await world.ended("cleo")
        await office.guests(world, "gus")
        ivys = await in_a_wave_of_the_day_after_tomorrow(world, "ivy")
        await office.control(world, lees, WaveCommandKind.CANCEL)
        await wave_ended(world, lees)
    async with office.at_rest() as world:  # the workers are stopped, and only the web process heard of it
        await world.command(CommandKind.ACTIVATE, "dee")

    await office.restore_temporal()
    expected = {
        ("workflow_unaware", "ada", 1),
        ("workflow_left_over", "bob", 1),
        ("workflow_left_over", "cleo", 1),
        ("workflow_missing", "gus", 1),
        ("wave_stopped", ivys, None),
        ("workflow_left_over", lees, None),
    }
    async with office.at_rest() as world:
        await names_and_mends(world, dict.fromkeys(expected, True))

    async with office.at_work() as world:
        for name in ("bob", "cleo"):
            await world.ended(name)
        await wave_ended(world, lees)
        await world.until("dee", S.AWAITING_PASSWORD)
        await world.until_deadline("dee")
        await office.control(world, ivys, WaveCommandKind.CANCEL)
        for name in ("gus", "hal", "ivy", "lee"):
            await office.select(world, name)
        for name in ("ada", "dee", "gus", "hal", "ivy", "lee"):
            await office.migrate(world, name)
        assert await named(world, is_dry=True, is_restored=True) == set()
        assert (await world.capacity()).licenses_used == 7
        for name in ("ada", "bob", "cleo", "dee", "gus", "hal", "ivy", "lee"):
            assert set(copies(world, name).values()) == {1}, "the store knows what was sent"


async def test_a_temporal_that_has_lost_everything(office: Office) -> None:
    async with office.at_work() as world:
        await office.guests(world, "ada", "bob", "hal", "lee")
        for name in ("ada", "bob"):
            await office.select(world, name)
        await office.migrate(world, "bob")
        lees = await in_a_wave_of_the_day_after_tomorrow(world, "lee")
        await until_drained(world)

    await office.lose_temporal()
    expected = {*(("workflow_missing", name, 1) for name in ("ada", "hal", "lee")), ("wave_stopped", lees, None)}
    async with office.at_rest() as world:
        await names_and_mends(world, dict.fromkeys(expected, True))

    async with office.at_work() as world:
        await office.control(world, lees, WaveCommandKind.CANCEL)
        await wave_ended(world, lees)
        for name in ("hal", "lee"):
            await office.select(world, name)
        for name in ("ada", "hal", "lee"):
            await office.migrate(world, name)
        assert await named(world, is_dry=True, is_restored=True) == set()
        assert (await world.capacity()).licenses_used == 4
        for name in ("ada", "bob", "hal", "lee"):
            assert set(copies(world, name).values()) == {1}, "the store knows what was sent"


async def test_both_databases_of_different_minutes_ago(office: Office) -> None:
    async with office.at_work() as world:
        await office.guests(world, "ada", "bob", "cleo", "hal")
        await office.select(world, "bob")
        office.back_up_temporal()
        await office.select(world, "ada")
        await office.back_up_store()
        await office.migrate(world, "bob")
        await office.select(world, "cleo")
        await world.command(CommandKind.CANCEL, "cleo")
        await world.ended("cleo")

    await office.restore_temporal()
    await office.restore_store()
    expected = {("workflow_unaware", "ada", 1)}
    async with office.at_rest() as world:
        await names_and_mends(world, dict.fromkeys(expected, True))

    async with office.at_work() as world:
        for name in ("cleo", "hal"):
            await office.select(world, name)
        for name in ("ada", "bob", "cleo", "hal"):
            await office.migrate(world, name)
        assert await named(world, is_dry=True, is_restored=True) == set()
        assert (await world.capacity()).licenses_used == 4
        assert set(copies(world, "ada").values()) == {1}, "of before the store's backup"


async def instructed_to_be_activated_by_hand(world: World, name: str) -> None:
    await world.select(name, activation=Activation.BY_HAND)
    await world.until(name, S.INSTRUCTED)
    await world.until_accepted(name, MailKind.INSTRUCTIONS)
