"""The user's workflow on the real server: order, waiting, rings, commands, the postman, the end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.testing import TimeSkipper

from edition_migration.domain.commands import LEGAL_IN, CommandAnswer, CommandKind, CommandRequest, Verdict
from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import RING, SearchAttribute
from edition_migration.domain.progress import Overview, StepInput, Wait
from tests.workflows.conftest import Started
from tests.workflows.script import (
    PATIENCE,
    SINCE,
    STEPS,
    Gate,
    Script,
    done,
    mail,
    overview,
    result_of,
    script_steps,
    sent,
    stop,
    wait,
)
from tests.workflows.script import S as State
from workflows.display import GAP

NOT_SELECTED = wait(State.IN_REVIEW, "not selected yet")
CANCELLED = stop(State.CANCELLED)
UPDATES = [kind for kind in LEGAL_IN if kind is not CommandKind.UNDO]
"""An undone user's workflow has ended: `undo` is an Update of his organization's."""


async def _result(handle: WorkflowHandle[Any, Any]) -> Overview:
    return Overview.model_validate(await result_of(handle))


async def _event_types(handle: WorkflowHandle[Any, Any]) -> list[str]:
    return [EventType.Name(event.event_type) for event in (await handle.fetch_history()).events]


async def _metadata(handle: WorkflowHandle[Any, Any]) -> WorkflowMetadata:
    return await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)


async def _until_details_say(handle: WorkflowHandle[Any, Any], text: str) -> str:
    """The current details, once they contain `text`: a query answers what the last workflow task left."""
    async with asyncio.timeout(PATIENCE):
        while text not in (details := (await _metadata(handle)).current_details):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return details


async def test_six_steps_run_in_order_and_the_result_says_where_the_user_stands(
    started: Started, script: Script
) -> None:
    script_steps(script)
    handle = await started.migration()
    assert await _result(handle) == overview(State.MIGRATED)
    assert script.names == STEPS
    assert [given.migration for _, given in script.asked] == [started.ref()] * 6


async def test_step_that_waits_without_a_time_is_repeated_after_a_ring(started: Started, script: Script) -> None:
    script_steps(script, but=("send_instructions",))
    script.will("send_instructions", NOT_SELECTED, done(State.INSTRUCTED))
    handle = await started.migration()
    await script.until_asked("send_instructions")
    assert await started.gateway.ring_migration(started.ref()) is True
    assert await _result(handle) == overview(State.MIGRATED)
    assert script.names.count("send_instructions") == 2
    assert "EVENT_TYPE_TIMER_STARTED" not in await _event_types(handle)


async def test_ring_during_a_step_is_not_lost(started: Started, script: Script) -> None:
    script_steps(script, but=("send_instructions",))
    gate = Gate(NOT_SELECTED)
    script.will("send_instructions", gate, done(State.INSTRUCTED))
    handle = await started.migration()
    await script.until_asked("send_instructions")
    await started.gateway.ring_migration(started.ref())
    gate.open()
    assert await _result(handle) == overview(State.MIGRATED)
    assert script.names.count("send_instructions") == 2


async def test_wait_until_a_time_ends_at_that_time_and_not_before(
    started: Started, script: Script, time_skipper: TimeSkipper
) -> None:
    async def fortnight(given: StepInput) -> Wait:
        return wait(State.AWAITING_PASSWORD, "until the user acts", given.as_of + timedelta(days=14))

    script_steps(script, but=("await_new_password",))
    script.will("await_new_password", fortnight, stop(State.EXPIRED))
    handle = await started.migration()
    await script.until_asked("await_new_password")
    await time_skipper.fast_forward(handle, timedelta(days=13))
    assert script.names.count("await_new_password") == 1

    await time_skipper.fast_forward(handle, timedelta(days=1, minutes=1))
    assert await _result(handle) == overview(State.EXPIRED)
    asked_at = [given.as_of for name, given in script.asked if name == "await_new_password"]
    assert len(asked_at) == 2
    assert timedelta(days=14) <= asked_at[1] - asked_at[0] < timedelta(days=14, minutes=2)


async def test_stop_ends_the_migration_before_the_next_step(started: Started, script: Script) -> None:
    script.will("notify_deactivation", stop(State.DELETED))
    handle = await started.migration()
    assert await _result(handle) == overview(State.DELETED)
    assert script.names == ["notify_deactivation"]


async def test_done_that_names_the_next_wait_spares_asking_in_vain(started: Started, script: Script) -> None:
    script_steps(script, but=("notify_deactivation",))
    gate = Gate(done(State.ACTIVATED))
    script.will("notify_deactivation", done(State.IN_REVIEW, then=NOT_SELECTED))
    script.will("activate", gate)
    handle = await started.migration()
    await _until_details_say(handle, "not selected yet")
    assert script.names == ["notify_deactivation"]
    await started.gateway.ring_migration(started.ref())
    gate.open()
    assert await _result(handle) == overview(State.MIGRATED)
    assert script.names == STEPS


async def test_ring_of_a_workflow_that_is_not_there_or_has_ended_finds_nobody(started: Started, script: Script) -> None:
    assert await started.gateway.ring_migration(started.ref("nobody")) is False
    script.will("notify_deactivation", stop(State.DELETED))
    await result_of(await started.migration())
    assert await started.gateway.ring_migration(started.ref()) is False


async def test_starting_again_leaves_a_running_workflow_as_it_is_and_begins_an_ended_one_anew(
    started: Started, script: Script
) -> None:
    script.will("notify_deactivation", NOT_SELECTED, CANCELLED, CANCELLED)
    handle = await started.migration()
    await script.until_asked("notify_deactivation")
    first = (await handle.describe()).run_id
    await started.migration()
    assert (await handle.describe()).run_id == first
    await started.gateway.ring_migration(started.ref())
    await result_of(handle)
    assert (await handle.describe()).run_id == first
    await started.migration()
    assert (await handle.describe()).run_id != first
    await result_of(handle)
    assert script.names == ["notify_deactivation"] * 3


@pytest.mark.parametrize("kind", UPDATES)
async def test_update_runs_the_command_and_answers_while_the_step_waits(
    started: Started, script: Script, kind: CommandKind
) -> None:
    answer = CommandAnswer(user_id="u1", verdict=Verdict.DONE, state=State.CANCELLED)
    script.will("notify_deactivation", NOT_SELECTED, CANCELLED)
    script.will("apply", answer)
    handle = await started.migration()
    await script.until_asked("notify_deactivation")
    got = await handle.execute_update(kind, CommandRequest(actor="staff-7"), id="update-1", result_type=CommandAnswer)
    assert got == answer
    assert await _result(handle) == overview(State.CANCELLED)
    command = dict(script.asked)["apply"]
    assert (command.kind, command.migration, command.command_id, command.request.actor) == (
        kind,
        started.ref(),
        f"{started.ref().workflow_id}/update-1",
        "staff-7",
    )


async def test_update_without_input_acts_by_temporal(started: Started, script: Script) -> None:
    script.will("notify_deactivation", NOT_SELECTED, CANCELLED)
    handle = await started.migration()
    await handle.execute_update("exclude", id="update-1", result_type=CommandAnswer)
    await result_of(handle)
    assert dict(script.asked)["apply"].request == CommandRequest(actor="temporal")


async def test_native_cancel_acts_as_the_command_and_the_migration_ends_by_its_row(
    started: Started, script: Script
) -> None:
    script.will("notify_deactivation", NOT_SELECTED, stop(State.CANCELLED, mail("m1", MailKind.CANCELLED)))
    script.will("deliver", sent("m1"))
    handle = await started.migration()
    await script.until_asked("notify_deactivation")
    await handle.cancel()
    assert await _result(handle) == overview(State.CANCELLED)
    command = dict(script.asked)["apply"]
    assert (command.kind, command.request.actor) == (CommandKind.CANCEL, "temporal")
    assert command.command_id == f"{started.ref().workflow_id}/native-cancel"
    assert script.names[-1] == "deliver"


async def test_operators_see_state_waiting_and_what_can_be_done(started: Started, script: Script) -> None:
    deadline = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    shown = Overview(
        state=State.INSTRUCTED, since=SINCE, next="activate the user by hand", who="administrator", deadline=deadline
    )
    script.will("notify_deactivation", wait(State.INSTRUCTED, "by hand").model_copy(update={"overview": shown}))
    handle = await started.migration()
    assert await _until_details_say(handle, "by hand") == (
        "| | |\n|---|---|\n"
        f"| State | {GAP}INSTRUCTED |\n"
        f"| Since | {GAP}2026-11-22 12:00:00 UTC |\n"
        f"| Waiting | {GAP}by hand |\n"
        f"| Next | {GAP}activate the user by hand |\n"
        f"| Who acts next | {GAP}administrator |\n"
        f"| What can be done | {GAP}activate, resend, cancel |\n"
        f"| Deadline | {GAP}2030-01-02 03:04:05 UTC |"
    )
    found = (await handle.describe()).typed_search_attributes
    assert found[SearchAttributeKey.for_keyword(SearchAttribute.ORG)] == started.org_id
    assert found[SearchAttributeKey.for_keyword(SearchAttribute.STATE)] == "INSTRUCTED"
    assert found[SearchAttributeKey.for_datetime(SearchAttribute.DEADLINE)] == deadline
    assert SearchAttributeKey.for_keyword(SearchAttribute.ATTENTION) not in found
    assert (await _event_types(handle)).count("EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES") == 1


async def test_every_command_and_the_ring_describe_themselves(started: Started, script: Script) -> None:
    script.will("notify_deactivation", NOT_SELECTED)
    definition = (await _metadata(await started.migration())).definition
    assert {it.name for it in definition.update_definitions} == set(UPDATES)
    assert [it.name for it in definition.signal_definitions] == [RING]
    assert all(it.description for it in (*definition.update_definitions, *definition.signal_definitions))
