"""The gateway where Temporal is away, and where a namespace is missing; the rest is in tests/workflows."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.reconciliation import MISSING, WorkflowSeen, WorkflowStatus
from edition_migration.temporal import sight
from edition_migration.temporal.client import connect
from edition_migration.temporal.gateway import FIRST, TemporalWorkflowGateway
from edition_migration.temporal.sight import LISTED_AT_ONCE
from tests.workflows.script import S as State
from tests.workflows.script import overview

REF = MigrationRef(org_id="acme", user_id="u1")
RUNNING = WorkflowSeen(WorkflowStatus.RUNNING)
SERVERS_OWN = 3
"""The priority of what names none (0)."""

CALLS: dict[str, Callable[[TemporalWorkflowGateway], Awaitable[object]]] = {
    "start_migration": lambda gateway: gateway.start_migration(REF, overview(State.BLOCKED)),
    "start_wave": lambda gateway: gateway.start_wave(WaveRef(org_id="acme", wave_id="w1")),
    "ring_migration": lambda gateway: gateway.ring_migration(REF),
    "ring_organization": lambda gateway: gateway.ring_organization(OrganizationRef(org_id="acme")),
    "running_among": lambda gateway: gateway.running_among([REF.workflow_id]),
    "seen": lambda gateway: gateway.seen(REF.workflow_id),
    "running_page": lambda gateway: gateway.running_page(None, ""),
    "end": lambda gateway: gateway.end(REF.workflow_id, "none"),
    "start_organization": lambda gateway: gateway.start_organization(OrganizationRef(org_id="acme")),
}


def _nobody_listens() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
async def test_lazy_client_connects_late_and_an_absent_service_is_unavailable(
    call: Callable[[TemporalWorkflowGateway], Awaitable[object]],
) -> None:
    client = await connect(identity="web", lazy=True, environ={"TEMPORAL_ADDRESS": _nobody_listens()})
    with pytest.raises(TemporalUnavailable, match=r"^the Temporal service cannot be reached$"):
        await call(TemporalWorkflowGateway(client))


async def test_connecting_at_once_names_the_address_that_does_not_answer() -> None:
    address = _nobody_listens()
    with pytest.raises(TemporalUnavailable, match=f"^no Temporal service answers at {address}$"):
        await connect(identity="worker", environ={"TEMPORAL_ADDRESS": address})


async def test_missing_namespace_is_an_outage_and_no_missing_workflow(temporal_env: WorkflowEnvironment) -> None:
    config = temporal_env.client.config()
    client = Client(**{**config, "namespace": "nobody-made-this"})
    with pytest.raises(TemporalUnavailable, match=r"^the Temporal service answers NOT_FOUND$"):
        await TemporalWorkflowGateway(client).ring_migration(REF)


async def test_missing_namespace_is_not_taken_for_lost_workflows(temporal_env: WorkflowEnvironment) -> None:
    """Reconciliation would start everybody anew."""
    gateway = TemporalWorkflowGateway(Client(**{**temporal_env.client.config(), "namespace": "nobody-made-this"}))
    for call in (
        gateway.seen(REF.workflow_id),
        gateway.running_among([REF.workflow_id]),
        gateway.running_page(None, ""),
    ):
        with pytest.raises(TemporalUnavailable, match=r"^the Temporal service answers NOT_FOUND$"):
            await call


async def test_workflow_is_described_as_it_is_and_more_ids_than_one_query_takes_are_listed(
    temporal_env: WorkflowEnvironment,
) -> None:
    client, gateway = temporal_env.client, TemporalWorkflowGateway(temporal_env.client)
    ids = [f"described/{uuid4().hex}" for _ in range(LISTED_AT_ONCE + 5)]
    runs, ends = [await client.start_workflow("None", id=it, task_queue="nobody") for it in (ids[0], ids[-1])]
    assert [await gateway.seen(it) for it in (ids[0], ids[1])] == [RUNNING, MISSING]
    async with asyncio.timeout(20):
        while await gateway.running_among(ids) != {ids[0]: RUNNING, ids[-1]: RUNNING}:  # noqa: ASYNC110 - lists lag
            await asyncio.sleep(0.1)
    await ends.terminate()
    assert await gateway.seen(ids[-1]) == WorkflowSeen(WorkflowStatus.TERMINATED)
    await runs.terminate()


async def test_what_runs_is_listed_page_by_page_with_what_it_shows_and_can_be_ended(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "PAGE", 2)
    gateway, org_id = TemporalWorkflowGateway(temporal_env.client), uuid4().hex
    users = [MigrationRef(org_id=org_id, user_id=f"u{number}") for number in range(3)]
    for user in users:
        await gateway.start_migration(user, overview(State.IN_REVIEW))
    wave, ids = WaveRef(org_id=org_id, wave_id="w1"), sorted(user.workflow_id for user in users)
    await gateway.start_wave(wave)
    await gateway.ring_organization(OrganizationRef(org_id=org_id))

    async def listed() -> list[str]:
        found, token = await gateway.running_page(org_id, "")
        while token:
            more, token = await gateway.running_page(org_id, token)
            found = [*found, *more]
        return sorted(found)

    async with asyncio.timeout(20):
        while await listed() != [*ids, wave.workflow_id]:  # noqa: ASYNC110 - lists lag
            await asyncio.sleep(0.1)
    assert await gateway.seen(ids[0]) == WorkflowSeen(WorkflowStatus.RUNNING, State.IN_REVIEW)
    assert (await gateway.running_among(ids[:1]))[ids[0]].state is State.IN_REVIEW
    for workflow_id in (*ids, *ids[:1], wave.workflow_id, f"organization/{org_id}"):
        await gateway.end(workflow_id, "the test is over")
    assert await gateway.seen(ids[0]) == WorkflowSeen(WorkflowStatus.TERMINATED, State.IN_REVIEW)


async def test_an_ended_workflow_begins_anew_and_a_running_one_is_used(temporal_env: WorkflowEnvironment) -> None:
    gateway, user = TemporalWorkflowGateway(temporal_env.client), MigrationRef(org_id=uuid4().hex, user_id="u1")
    handle = temporal_env.client.get_workflow_handle(user.workflow_id)

    async def started() -> str:
        await gateway.start_migration(user, overview(State.BLOCKED))
        return str((await handle.describe()).run_id)

    first = await started()
    assert await started() == first
    await gateway.end(user.workflow_id, "its row went back")
    assert await started() != first
    await gateway.end(user.workflow_id, "the test is over")


async def test_an_organizations_drain_and_its_waves_go_before_its_users(temporal_env: WorkflowEnvironment) -> None:
    """Thousands of users' tasks may wait; of what goes first all of them have use."""
    client, gateway = temporal_env.client, TemporalWorkflowGateway(temporal_env.client)
    org_id = uuid4().hex
    user, wave = MigrationRef(org_id=org_id, user_id="u1"), WaveRef(org_id=org_id, wave_id="w1")
    organization = OrganizationRef(org_id=org_id)
    await gateway.start_migration(user, overview(State.BLOCKED))
    await gateway.start_wave(wave)
    await gateway.ring_organization(organization)
    found: list[tuple[int, str]] = []
    for ref in (organization, wave, user):
        handle = client.get_workflow_handle(ref.workflow_id)
        priority = (await handle.describe()).raw_description.workflow_execution_info.priority
        found.append((priority.priority_key, priority.fairness_key))
        await handle.terminate()
    assert found == [(FIRST, org_id), (FIRST, org_id), (0, org_id)]
    assert FIRST < SERVERS_OWN


async def test_identity_says_role_and_process_and_no_more(temporal_env: WorkflowEnvironment) -> None:
    address = temporal_env.client.service_client.config.target_host
    client = await connect(identity="worker", environ={"TEMPORAL_ADDRESS": address})
    assert client.identity.startswith("worker-")
    assert client.service_client.config.target_host == address
