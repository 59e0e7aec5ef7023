"""The organization's workflow on the real server: the order of its drain, rings, due times, mails, new runs."""

import asyncio
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkipper, WorkflowEnvironment

from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import OrganizationRef
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.local_server import find_local_server
from edition_migration.temporal.search_attributes import search_attribute_keys
from edition_migration.temporal.worker import WorkerOptions, build_workers
from tests.workflows.conftest import Started
from tests.workflows.script import PATIENCE, Gate, Script, activities_of, mail, sent

EMPTY_DRAIN = ["page", "apply_next", "block_page", "start_page", "grant_page", "report"]
MORE = PageOutcome(more=True, count=1)
LAST = PageOutcome(more=False)


async def test_errands_are_drained_before_each_event_and_all_guests_blocked_before_any_start(
    started: Started, script: Script
) -> None:
    script.will("page", MORE, LAST, LAST)
    script.will("apply_next", MORE)
    script.will("block_page", MORE, MORE, LAST)
    script.will("start_page", MORE, LAST)
    await started.organization()
    await script.until_asked("report")
    assert script.names == [
        *["page", "page", "apply_next"],
        *["page", "apply_next"],
        *["block_page", "block_page", "block_page"],
        *["start_page", "start_page"],
        *["grant_page", "report"],
    ]
    assert {given.org_id for _, given in script.asked} == {started.org_id}


async def test_last_event_that_leaves_an_errand_has_it_drained_before_guests_are_blocked(
    started: Started, script: Script
) -> None:
    script.will("page", LAST, MORE, LAST)
    script.will("apply_next", PageOutcome(more=False, count=1))
    await started.organization()
    await script.until_asked("report")
    assert script.names[:5] == ["page", "apply_next", "page", "page", "apply_next"]


async def test_ring_during_a_drain_makes_one_more_full_drain(started: Started, script: Script) -> None:
    gate = Gate(LAST)
    script.will("report", gate)
    await started.organization()
    await script.until_asked("report")
    for _ in range(3):
        await started.gateway.ring_organization(OrganizationRef(org_id=started.org_id))
    gate.open()
    await script.until_asked("report", times=2)
    assert script.names == EMPTY_DRAIN * 2


async def test_earliest_due_time_makes_the_next_drain(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    async def due_in_an_hour(given: PageInput) -> PageOutcome:
        return PageOutcome(more=False, due=given.as_of + timedelta(hours=1))

    async def due_in_a_week(given: PageInput) -> PageOutcome:
        return PageOutcome(more=False, due=given.as_of + timedelta(days=7))

    script.will("block_page", due_in_an_hour)
    script.will("report", due_in_a_week)
    handle = await started.organization()
    await script.until_asked("report")
    await time_skipper.fast_forward(handle, timedelta(minutes=59))
    assert script.names == EMPTY_DRAIN
    await time_skipper.fast_forward(handle, timedelta(minutes=2))
    await script.until_asked("report", times=2)
    assert script.names == EMPTY_DRAIN * 2


async def test_own_postman_sends_the_mails_that_pages_name_beside_the_drain(started: Started, script: Script) -> None:
    gate = Gate(sent("m1"))
    script.will("deliver", gate)
    script.will("page", PageOutcome(more=False, mail=mail("m1", MailKind.SERVICE_PROVISIONED)))
    await started.organization()
    await script.until_asked("report")
    await script.until_asked("deliver")
    gate.open()
    given = next(given for name, given in script.asked if name == "deliver")
    assert (given.org_id, given.user_id, given.generation) == (started.org_id, None, None)
    assert [name for name in script.names if name != "deliver"] == EMPTY_DRAIN


async def test_cancelled_organization_begins_anew_with_the_next_ring(started: Started, script: Script) -> None:
    handle = await started.organization()
    await script.until_asked("report")
    await handle.cancel()
    await _until_event(handle, "workflow_execution_canceled_event_attributes")
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    await started.organization()
    await script.until_asked("report", times=2)
    assert script.names == EMPTY_DRAIN * 2


async def test_terminated_organization_is_started_again_and_a_running_one_is_not_disturbed(
    started: Started, script: Script
) -> None:
    handle = await started.organization()
    await script.until_asked("report")
    await started.gateway.start_organization(OrganizationRef(org_id=started.org_id))
    await handle.terminate()
    await started.gateway.start_organization(OrganizationRef(org_id=started.org_id))
    await script.until_asked("report", times=2)
    assert script.names == EMPTY_DRAIN * 2


async def test_long_history_makes_a_new_run_that_carries_only_the_id_and_loses_no_ring(script: Script) -> None:
    """On a server of its own that suggests a new run after 60 events: one drain is about 36."""
    binary = await find_local_server(os.environ)
    env = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        search_attributes=search_attribute_keys(),
        dev_server_existing_path=str(binary),
        dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"],
    )
    gateway, organization = TemporalWorkflowGateway(env.client), OrganizationRef(org_id="acme")
    gate = Gate(sent("m1"))
    script.will("deliver", gate)
    script.will("report", PageOutcome(more=False, mail=mail("m1")))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(env.shutdown)
        for worker in build_workers(env.client, activities_of(script), WorkerOptions(mails_per_second=1000)):
            await stack.enter_async_context(worker)
        stack.callback(script.open_gates)
        await gateway.ring_organization(organization)
        await script.until_asked("deliver")
        first = await env.client.get_workflow_handle(organization.workflow_id).describe()
        await gateway.ring_organization(organization)
        handle = env.client.get_workflow_handle(organization.workflow_id, run_id=first.run_id)
        await _until_event(handle, "activity_task_cancel_requested_event_attributes")
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        gate.open()  # the delivery was on its way when the run came to its end, and is waited for
        await _until_event(handle, "workflow_execution_continued_as_new_event_attributes")
        await script.until_asked("report", times=2)
        newest = await env.client.get_workflow_handle(organization.workflow_id).fetch_history()
    started = newest.events[0].workflow_execution_started_event_attributes
    assert [payload.data for payload in started.input.payloads] == [b'{"org_id":"acme"}']
    assert started.continued_execution_run_id == first.run_id
    assert script.names.count("deliver") == 1


async def _until_event(handle: WorkflowHandle[Any, Any], attributes: str) -> None:
    async with asyncio.timeout(PATIENCE):
        async for event in handle.fetch_history_events(wait_new_event=True):
            if event.HasField(attributes):  # pyright: ignore[reportArgumentType]
                return
