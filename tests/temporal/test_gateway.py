"""The gateway where Temporal is away, and where a namespace is missing; the rest is in tests/workflows."""

import socket
from collections.abc import Awaitable, Callable

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.temporal.client import connect
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from tests.workflows.script import S as State
from tests.workflows.script import overview

REF = MigrationRef(org_id="acme", user_id="u1")

CALLS: dict[str, Callable[[TemporalWorkflowGateway], Awaitable[object]]] = {
    "start_migration": lambda gateway: gateway.start_migration(REF, overview(State.BLOCKED)),
    "start_wave": lambda gateway: gateway.start_wave(WaveRef(org_id="acme", wave_id="w1")),
    "ring_migration": lambda gateway: gateway.ring_migration(REF),
    "ring_organization": lambda gateway: gateway.ring_organization(OrganizationRef(org_id="acme")),
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


async def test_identity_says_role_and_process_and_no_more(temporal_env: WorkflowEnvironment) -> None:
    address = temporal_env.client.service_client.config.target_host
    client = await connect(identity="worker", environ={"TEMPORAL_ADDRESS": address})
    assert client.identity.startswith("worker-")
    assert client.service_client.config.target_host == address
