"""Row of the failure matrix about time: clocks that jump, a leap day, the end of 32 bits."""

from datetime import UTC, datetime, timedelta

import pytest

from edition_migration.application.credentials import ChoiceResult
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.e2e.world import World, guest
from tests.faults.play import assert_migrated_once
from tests.links import GOOD, scene

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3), timedelta(days=-3)]
WEEK = timedelta(days=7)


async def test_clock_that_jumps_between_steps_loses_and_doubles_nothing(world: World) -> None:
    forward, back, far_forward, far_back = JUMPS
    await world.guests(guest("ada"))
    await world.provision(licenses=1)
    await world.until("ada", S.IN_REVIEW)
    world.clock.shift += forward
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    world.clock.shift += back
    await world.until_mailed("ada@acme.example", 3)
    world.clock.shift += far_forward
    assert (await world.choose_password("ada@acme.example")).status_code == 200
    world.clock.shift += far_back
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    await assert_migrated_once(world, "ada")
    assert (await world.capacity()).licenses_used == 1


@pytest.mark.parametrize("jump", JUMPS)
async def test_clock_that_jumps_by_days_kills_no_link_of_a_week(sqlite_store: Store, jump: timedelta) -> None:
    waiting = await scene(sqlite_store)
    link = await waiting.link(life=WEEK)
    waiting.clock.move(jump)
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE


async def test_clock_set_back_makes_no_used_link_live(sqlite_store: Store) -> None:
    waiting = await scene(sqlite_store)
    link = await waiting.link(life=WEEK)
    waiting.clock.move(WEEK)
    assert await waiting.credentials.form(link) is None
    waiting.clock.move(-timedelta(hours=1))
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.CHOSEN
    waiting.clock.move(-timedelta(days=3))
    assert (await waiting.credentials.choose(link, GOOD)).result is ChoiceResult.UNUSABLE


@pytest.mark.parametrize(
    "now",
    [
        datetime(2028, 2, 28, 23, 59, tzinfo=UTC),
        datetime(2027, 3, 28, 0, 59, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),
    ],
    ids=["leap day", "summer time", "2038"],
)
async def test_link_lives_for_its_seconds_whatever_the_calendar_says(store: Store, now: datetime) -> None:
    waiting = await scene(store)
    waiting.clock.at = now
    link = await waiting.link(life=timedelta(days=1))
    waiting.clock.at = now + timedelta(days=1, microseconds=-1)
    assert await waiting.credentials.form(link) is not None
    waiting.clock.at = now + timedelta(days=1)
    assert await waiting.credentials.form(link) is None
