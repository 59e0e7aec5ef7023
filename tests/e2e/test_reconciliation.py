"""Reconciliation on the real server: workflows that were terminated, lost or never started; and the daily Schedules."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from edition_migration.bootstrap.foundation import reconciliation
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.differences import Difference
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import PURGE, RECONCILIATION, MigrationRef, WaveRef
from edition_migration.domain.purge import PurgeCounts
from edition_migration.domain.reconciliation import MISSING, WorkflowStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import digest_of
from edition_migration.ports.store_people import Session
from edition_migration.temporal.preparation import prepare
from tests.e2e.world import PATIENCE, World, guest, until
from workflows.purge import Purge
from workflows.reconciliation import Reconciliation

ADA = "ada@acme.example"
DAILY = (RECONCILIATION, PURGE)


async def look(world: World, *, is_dry: bool = False) -> list[Difference]:
    found: list[Difference] = []
    async for outcome in reconciliation(world.base).run(world.org_id, is_dry=is_dry):
        found += outcome.differences
    return found


async def in_review(world: World) -> WorkflowHandle[Any, Any]:
    """Ada's workflow, which waits for her selection."""
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.until_mailed(ADA, 1)
    return world.handle("ada")


async def deleted(world: World, handle: WorkflowHandle[Any, Any]) -> None:
    """As a server is that was restored from an older backup: it knows nothing of the workflow."""
    client = world.skipper.client
    execution = WorkflowExecution(workflow_id=handle.id)
    request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    await client.workflow_service.delete_workflow_execution(request)

    async def is_gone() -> bool:
        return await world.base.gateway.seen(handle.id) == MISSING

    await until(is_gone, lambda: "the workflow is still there")


async def goes_on(world: World) -> None:
    await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)


async def test_a_service_that_runs_has_no_difference(world: World) -> None:
    await in_review(world)
    assert await look(world) == []
    await goes_on(world)
    await world.until_deadline("ada")
    assert await look(world) == []
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    assert await look(world) == []


async def test_a_terminated_workflow_is_named_and_retry_starts_it_again(world: World) -> None:
    handle = await in_review(world)
    await handle.terminate("by an operator")
    (found,) = await look(world)
    assert (found.kind, found.user_id, found.is_mended) == ("workflow_ended", "ada", False)
    row = await world.row("ada")
    assert row is not None
    assert row.attention is Attention.WORKFLOW_MISSING
    await world.command(CommandKind.RETRY, "ada")
    await goes_on(world)
    assert await look(world) == []


async def test_a_missing_workflow_is_started_again_and_walks_its_journal(world: World) -> None:
    await deleted(world, await in_review(world))
    (found,) = await look(world)
    assert (found.kind, found.user_id, found.is_mended) == ("workflow_missing", "ada", True)
    await goes_on(world)
    assert world.subjects_to(ADA).count(world.subjects_to(ADA)[0]) == 1
    assert await look(world) == []


async def test_a_workflow_that_was_never_started_is_started(world: World) -> None:
    """The row says that it was, as after a crash between a database's answer and a server's."""
    await in_review(world)
    async with world.store.write() as uow:
        await uow.users.put([guest("bob")])
        row = await uow.migrations.get(MigrationRef(org_id=world.org_id, user_id="ada"))
        assert row is not None
        journal = await uow.journal.of_user(world.org_id, "ada")
        await uow.migrations.add([replace(row, user_id="bob", state=S.BLOCKED, started_at=world.clock.now())])
        await uow.journal.add([replace(journal[0], user_id="bob")])
        await uow.commit()
    found = await look(world, is_dry=True)
    assert [(it.kind, it.user_id) for it in found] == [("workflow_missing", "bob")]
    assert [it.is_mended for it in await look(world)] == [True]
    await world.until("bob", S.IN_REVIEW)


async def test_a_terminated_wave_is_started_again(world: World) -> None:
    await in_review(world)
    answer = await world.select("ada", release_at=datetime.now(UTC) + timedelta(days=2))
    assert answer.wave_id is not None
    ref = WaveRef(org_id=world.org_id, wave_id=answer.wave_id)

    async def runs() -> bool:
        return (await world.base.gateway.seen(ref.workflow_id)).status is WorkflowStatus.RUNNING

    await until(runs, lambda: "the wave never started")
    await world.skipper.client.get_workflow_handle(ref.workflow_id).terminate("by an operator")
    (found,) = await look(world)
    assert (found.kind, found.wave_id, found.is_mended) == ("wave_stopped", answer.wave_id, True)
    assert await runs()


async def test_a_terminated_organization_with_work_is_started_again(world: World) -> None:
    await in_review(world)
    handle = world.skipper.client.get_workflow_handle(f"organization/{world.org_id}")
    await handle.terminate("by an operator")
    assert [it.kind for it in await look(world)] in ([], ["organization_stopped"])  # or the sweep was faster
    async with world.store.write() as uow:
        await uow.doorbells.add_organization(world.org_id, world.clock.now())
        await uow.commit()

    async def runs() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING

    await until(runs, lambda: "the organization does not run")


async def test_setup_twice_leaves_one_schedule_each_and_they_look_and_remove(world: World) -> None:
    await in_review(world)
    client = world.skipper.client
    first, second = await prepare(client), await prepare(client)
    assert first == second
    assert sorted([it.id async for it in await client.list_schedules() if it.id in DAILY]) == [PURGE, RECONCILIATION]
    async with world.store.write() as uow:
        await uow.sessions.add(Session("s1", "ada", digest_of("s1"), world.clock.now() - timedelta(days=401)))
        await uow.users.put([guest("bob")])
        await uow.sessions.add(Session("s2", "bob", digest_of("s2"), world.clock.now() - timedelta(days=401)))
        await uow.commit()
    for schedule_id in DAILY:
        await client.get_schedule_handle(schedule_id).trigger()
    looked = await client.get_workflow_handle_for(
        Reconciliation.run, await _newest_run(client, RECONCILIATION)
    ).result()
    assert (looked.found, looked.next, looked.rows) == ({}, None, 1)
    removed = await client.get_workflow_handle_for(Purge.run, await _newest_run(client, PURGE)).result()
    assert removed == PurgeCounts(removed={"sessions": 1})  # Ada's stays with her open migration


async def test_setup_leaves_an_operators_pause_of_the_schedule(world: World) -> None:
    client = world.skipper.client
    await prepare(client)
    handle = client.get_schedule_handle(RECONCILIATION)
    await handle.pause(note="we are at work")
    await prepare(client)
    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "we are at work")
    await handle.unpause()


async def _newest_run(client: Client, schedule_id: str) -> str:
    """The id of the workflow that the schedule started."""
    handle = client.get_schedule_handle(schedule_id)
    actions = (await handle.describe()).info.recent_actions
    async with asyncio.timeout(PATIENCE):
        while not actions:
            await asyncio.sleep(0.1)
            actions = (await handle.describe()).info.recent_actions
    return actions[-1].action.workflow_id  # type: ignore[union-attr]


@pytest.fixture(autouse=True)
async def without_schedules(world: World) -> Any:
    """The server serves other tests too."""
    yield
    async for found in await world.skipper.client.list_schedules():
        if found.id in DAILY:
            await world.skipper.client.get_schedule_handle(found.id).delete()
