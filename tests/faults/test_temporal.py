"""Rows of the failure matrix about the Temporal server: away at intake, killed and started again on its file."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.selection import SelectionOrder
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, World, guest, running_world
from tests.faults.play import assert_migrated_once, migrate, post_event
from tests.fixtures.smtp import running_smtp_server
from tests.fixtures.temporal_process import running_temporal

EVENTS = 30


@dataclass(frozen=True)
class Outage:
    """What was done while the server was away, and how it was answered; the world after it."""

    world: World
    purchases: Sequence[dict[str, Any]]
    answers: Sequence[int]
    page: int
    sign_in: str
    verdicts: Sequence[str]


@pytest_asyncio.fixture(scope="module")
async def outage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outage]:
    """The server is killed and away for an hour: ada has her link, bob is due by a timer, cleo and dora wait."""
    folder = tmp_path_factory.mktemp("temporal")
    store = SqlStore(f"sqlite+aiosqlite:///{shutil.copyfile(sqlite_template, folder / 'store.db')}")
    async with running_temporal(folder) as (server, client), running_smtp_server() as smtp:
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        async with running_world(store, skipper, smtp) as world:
            await begin(world)
            await server.kill()
            outage = await use(world)
            await server.start()
            yield outage
        await store.dispose()


async def begin(world: World) -> None:
    await world.guests(*(guest(it) for it in ("ada", "bob", "cleo", "dora")))
    await world.provision(licenses=3)
    for user_id in ("ada", "bob", "cleo", "dora"):
        await world.until(user_id, S.IN_REVIEW)
    await world.select("ada")
    await world.select("bob", activation=Activation.DELAYED, activation_delay=timedelta(seconds=1))
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed("ada@acme.example", 3)
    await world.until_mailed("bob@acme.example", 2)


async def use(world: World) -> Outage:
    """Page, gate, intake and selection, each without Temporal."""
    world.clock.shift += timedelta(minutes=30)
    purchases = [world.document("org.licenses.changed", {"licenses_purchased": 4 + it}) for it in range(EVENTS)]
    answers, page = await asyncio.gather(
        asyncio.gather(*(post_event(world, it) for it in purchases)), world.choose_password("ada@acme.example")
    )
    order = SelectionOrder(org_id=world.org_id, user_ids=["cleo"], actor="admin", command_id=uuid4().hex)
    selected = await world.selection.select(order)
    sign_in = await world.sign_in("ada@acme.example", NEW_PASSWORD, "6.0")
    world.clock.shift += timedelta(minutes=30)
    verdicts = [it.verdict for it in selected.answers]
    return Outage(world, purchases, [it.status_code for it in answers], page.status_code, sign_in, verdicts)


async def test_temporal_down_for_an_hour_while_page_and_intake_are_used_loses_nothing(outage: Outage) -> None:
    world = outage.world
    assert outage.answers == [202] * EVENTS
    assert (outage.page, outage.sign_in, outage.verdicts) == (200, "signed_in", ["done"])
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    await migrate(world, "cleo")
    for user_id in ("ada", "cleo"):
        await assert_migrated_once(world, user_id)
    async with world.store.read() as uow:
        states = {row.event_id: row.state for row in await uow.inbox.listing(None, 1000)}
    assert [states[it["id"]] for it in outage.purchases] == ["applied"] * EVENTS
    assert (await world.capacity()).licenses_purchased == 3 + EVENTS


async def test_temporal_killed_and_restarted_on_its_file_goes_on(outage: Outage) -> None:
    world = outage.world
    await migrate(world, "bob")
    await assert_migrated_once(world, "bob")
    assert (await world.until("dora", S.IN_REVIEW)).wave_id is None
    assert (await world.handle("dora").describe()).status is WorkflowExecutionStatus.RUNNING
    assert (await world.capacity()).licenses_used == 3
