"""What operators see in Temporal, and what must never be there: addresses, names, links, passwords."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from edition_migration.domain.commands import LEGAL_IN, CommandKind
from edition_migration.domain.names import OrganizationRef, SearchAttribute, WaveRef
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import NEW_PASSWORD, World, guest
from workflows.display import GAP

ADA = "ada@acme.example"


async def bring_to_waiting(world: World) -> str:
    """Ada waits for her password; the id of her wave."""
    await world.guests(guest("ada", display_name="Augusta Ada King"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    answer = await world.select("ada")
    await world.until("ada", S.AWAITING_PASSWORD)
    await world.until_mailed(ADA, 3)
    assert answer.wave_id is not None
    return answer.wave_id


async def metadata(handle: WorkflowHandle[Any, Any]) -> WorkflowMetadata:
    return await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)


async def everything_in(handle: WorkflowHandle[Any, Any]) -> str:
    """The whole history as text, payloads decoded."""
    texts: list[str] = []
    async for event in handle.fetch_history_events():
        texts.append(str(MessageToDict(event)))
        texts += [str(payload.data) for payload in payloads_in(event)]
    return "\n".join(texts)


def payloads_in(message: Any) -> list[Any]:
    """Every payload of a message, however deep."""
    if message.DESCRIPTOR.name == "Payload":
        return [message]
    found: list[Any] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if not field.is_repeated:
            found += payloads_in(value)
        elif field.message_type.GetOptions().map_entry:
            inner = [value[key] for key in value]
            found += [payload for it in inner if hasattr(it, "DESCRIPTOR") for payload in payloads_in(it)]
        else:
            found += [payload for it in value for payload in payloads_in(it)]
    return found


async def test_a_waiting_migration_reads_at_a_glance(world: World) -> None:
    wave_id = await bring_to_waiting(world)
    await world.until_deadline("ada")
    handle = world.handle("ada")
    assert handle.id == f"migration/{world.org_id}/ada/1"
    seen = await metadata(handle)
    details = seen.current_details
    assert details.startswith(f"| | |\n|---|---|\n| State | {GAP}AWAITING_PASSWORD |")
    assert f"| Who acts next | {GAP}user |" in details
    assert f"| Next | {GAP}the user chooses a password |" in details
    assert f"| What can be done | {GAP}resend, extend_deadline, cancel |" in details
    described = {update.name: update.description for update in seen.definition.update_definitions}
    assert set(described) == set(LEGAL_IN) - {CommandKind.UNDO}
    assert all(described.values())
    assert [signal.name for signal in seen.definition.signal_definitions] == ["ring"]
    execution = await handle.describe()
    attributes = {pair.key.name: pair.value for pair in execution.typed_search_attributes}
    attributes.pop("BuildIds", None)  # the server's own
    row = await world.row("ada")
    assert row is not None
    assert row.deadline_at is not None
    deadline = attributes.pop(SearchAttribute.DEADLINE)
    assert abs(deadline - row.deadline_at) < timedelta(seconds=1)
    assert attributes == {
        "MigrationOrg": world.org_id,
        "MigrationState": "AWAITING_PASSWORD",
        "MigrationStep": "await_new_password",
        "MigrationWave": wave_id,
    }
    assert await execution.static_summary() == f"user ada of organization {world.org_id}, generation 1"


async def test_no_history_holds_an_address_a_name_a_link_or_a_password(world: World) -> None:
    wave_id = await bring_to_waiting(world)
    link = world.link_of(ADA)
    await world.choose_password(ADA)
    await world.until("ada", S.MIGRATED)
    await world.ended("ada")
    client = world.skipper.client
    organization = client.get_workflow_handle(OrganizationRef(org_id=world.org_id).workflow_id)
    wave = client.get_workflow_handle(WaveRef(org_id=world.org_id, wave_id=wave_id).workflow_id)
    histories = [await everything_in(handle) for handle in (world.handle("ada"), organization, wave)]
    assert all("MigrationOrg" in history for history in histories)
    assert "apply_policies" in histories[0]
    token = link.rpartition("/")[2]
    for secret in ("ada@", "acme.example", "Augusta", "King", "Acme Cooperative", token, "/password/", NEW_PASSWORD):
        assert [secret in history for history in histories] == [False, False, False], secret


@pytest.mark.parametrize("command", ["select", "exclude", "cancel"])
async def test_an_update_without_input_acts_by_temporal(world: World, command: str) -> None:
    await world.guests(guest("ada"))
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    answer = await world.handle("ada").execute_update(command, id="u1", result_type=dict)
    assert answer["verdict"] == "done"
    assert (await world.journal("ada"))[-1].actor in ("temporal", "workflow")
