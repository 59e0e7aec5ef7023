"""Row of the failure matrix about payloads: an old schema is served, one that cannot be read wedges nothing."""

from typing import Any
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from edition_migration.domain.names import MIGRATION_QUEUE
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import World, guest, until
from workflows.user_migration import UserMigration


async def started_with(world: World, payload: Any) -> WorkflowHandle[Any, Any]:
    return await world.skipper.client.start_workflow(
        UserMigration.__name__, payload, id=f"migration/{world.org_id}/{uuid4().hex}/1", task_queue=MIGRATION_QUEUE
    )


async def test_payload_of_an_older_schema_is_served(world: World) -> None:
    """Before there were generations; and with a field that this code does not know."""
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    await world.handle("ada").terminate("started anew, as an older release did")
    handle = await started_with(world, {"org_id": world.org_id, "user_id": "ada", "color": "green"})

    async def has_looked() -> bool:
        return "IN_REVIEW" in str(await handle.query("__temporal_workflow_metadata", result_type=dict))

    await until(has_looked, lambda: "the workflow never showed its row", every=0.1)
    assert [entry.action for entry in await world.journal("ada")] == ["enroll", "notify_deactivation"]
    await handle.terminate("the test is over")


async def test_payload_that_cannot_be_read_wedges_nothing_and_says_why(world: World) -> None:
    """It stays open and is tried again, so that a release that can read it mends it; all others go on."""
    handle = await started_with(world, {"nonsense": True})

    async def said() -> list[str]:
        failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        events = [it async for it in handle.fetch_history_events() if it.event_type == failed]
        return [it.workflow_task_failed_event_attributes.failure.message for it in events]

    async def is_said() -> bool:
        return bool(await said())

    await until(is_said, lambda: "the workflow never failed to read its payload", every=0.1)
    assert await said() == ["Failed decoding arguments"]
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await handle.terminate("the test is over")
