"""What operators do with Temporal's own buttons: Reset repeats nothing, Terminate loses nobody."""

from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState as S
from tests.e2e.scenes import ada_awaits_her_password
from tests.e2e.world import World, until

ADA = "ada@acme.example"


async def reset(world: World, handle: WorkflowHandle[Any, Any]) -> None:
    """To its beginning, as the button does."""
    events = (await handle.fetch_history()).events
    first = next(it for it in events if it.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    client = world.skipper.client
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id),
            reason="an operator's reset",
            workflow_task_finish_event_id=first.event_id,
            request_id="reset-1",
        )
    )


async def test_a_reset_walks_the_rows_again_and_repeats_no_effect(world: World) -> None:
    await ada_awaits_her_password(world)
    before = [entry.key for entry in await world.journal("ada")]
    await reset(world, world.handle("ada"))
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    keys = [entry.key for entry in await world.journal("ada")]
    assert keys[: len(before)] == before
    assert [key.partition("/")[0] for key in keys[len(before) :]] == ["password", "apply_policies"]
    assert len(keys) == len(set(keys))
    await world.until_mailed(ADA, 4)
    assert len(world.mails_to(ADA)) == 4
    assert (await world.capacity()).licenses_used == 1


async def test_a_reset_of_a_finished_migration_ends_where_its_row_is(world: World) -> None:
    await ada_awaits_her_password(world)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    keys = [entry.key for entry in await world.journal("ada")]
    await reset(world, world.handle("ada"))
    result = await world.handle("ada").result()
    assert result["state"] == "MIGRATED"
    assert [entry.key for entry in await world.journal("ada")] == keys
    assert len(world.mails_to(ADA)) == 4


@pytest.mark.parametrize("command", [None, CommandKind.CANCEL])
async def test_a_terminated_migration_is_named_and_goes_on_after_retry(
    world: World, command: CommandKind | None
) -> None:
    await ada_awaits_her_password(world)
    await world.handle("ada").terminate("an operator's hand")
    await world.choose_password(ADA)

    async def is_named() -> bool:
        row = await world.row("ada")
        return row is not None and row.attention is Attention.WORKFLOW_MISSING

    await until(is_named, lambda: "nobody noticed that the workflow is gone")
    assert (await world.command(command or CommandKind.RETRY, "ada")).verdict == "done"
    await world.until("ada", S.CANCELLED if command else S.MIGRATED)
    await world.until_accepted("ada", MailKind.CANCELLED if command else MailKind.WELCOME)
