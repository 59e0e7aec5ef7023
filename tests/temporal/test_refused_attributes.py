"""A namespace whose attributes are somebody else's to add, as on Temporal Cloud: what `setup` and `doctor` do then.

The server is the real one, behind a door that refuses the calls. Temporal Cloud itself was never asked.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from edition_migration.adapters.clock import SystemClock
from edition_migration.application.diagnosis import diagnose
from edition_migration.domain.diagnosis import Finding, Subject, fails, ok
from edition_migration.domain.errors import ConfigurationError
from edition_migration.temporal.client import connect
from edition_migration.temporal.preparation import prepare
from edition_migration.temporal.probes import TemporalProbes
from edition_migration.temporal.search_attributes import (
    register_search_attributes,
    search_attribute_keys,
    unknown_to_queries,
)
from tests.temporal.refusing_door import ADDING, OPERATOR, refusing_door

PATIENCE, REST = 60.0, 0.05
"""Seconds: a server takes some to know everywhere what was just added, and tells nobody; a busy machine takes more."""
NAMES = "MigrationOrg, MigrationState, MigrationStep, MigrationWave, MigrationDeadline, MigrationAttention"


@dataclass(frozen=True)
class Cloud:
    """One namespace: as its owner sees it, and as clients do who may not list attributes, or not add them."""

    owner: Client
    user: Client
    reader: Client

    @property
    def name(self) -> str:
        return self.owner.namespace

    def adding(self, keys: str, own: str) -> str:
        """The mend for these."""
        return (
            f"on Temporal Cloud: tcld namespace search-attributes add --namespace {self.name} {keys}; "
            f"on a cluster of your own: temporal operator search-attribute create --namespace {self.name} {own}"
        )


@pytest_asyncio.fixture
async def cloud(temporal_env: WorkflowEnvironment) -> AsyncIterator[Cloud]:
    target = temporal_env.client.service_client.config.target_host
    owner = Client(**{**temporal_env.client.config(), "namespace": f"cloud-{uuid4().hex}"})
    request = RegisterNamespaceRequest(namespace=owner.namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=3))
    await owner.workflow_service.register_namespace(request)
    await until_usable(owner)
    async with refusing_door(target, OPERATOR) as user, refusing_door(target, ADDING) as reader:
        yield Cloud(owner, *[await client_at(it, owner.namespace) for it in (user, reader)])


async def client_at(address: str, namespace: str) -> Client:
    environ = {"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": namespace}
    return await connect(identity="test", environ=environ)


async def until_usable(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await client.count_workflows()
                return
            except RPCError:
                await asyncio.sleep(REST)


async def until_known(client: Client) -> None:
    async with asyncio.timeout(PATIENCE):
        while await unknown_to_queries(client, search_attribute_keys()):  # noqa: ASYNC110 - see `REST`
            await asyncio.sleep(REST)


async def schedules(client: Client) -> list[str]:
    return sorted([it.id async for it in await client.list_schedules()])


async def said_by_doctor(client: Client) -> Finding:
    async def the_client() -> Client:
        return client

    async def no_undo() -> timedelta:
        return timedelta(0)

    probes = TemporalProbes(connect=the_client, longest_undo=no_undo, clock=SystemClock()).all
    [finding] = (await diagnose([it for it in probes if it.subject is Subject.SEARCH_ATTRIBUTES])).findings
    return finding


async def test_setup_makes_the_schedules_all_the_same_and_says_how_to_add_what_is_missing(cloud: Cloud) -> None:
    for _ in range(2):
        with pytest.raises(ConfigurationError) as refused:
            await prepare(cloud.user)
    assert refused.value.message == (
        f"search attributes are missing that this client may not add (PERMISSION_DENIED): {NAMES}"
    )
    names = NAMES.split(", ")
    kinds = ["Datetime" if name == "MigrationDeadline" else "Keyword" for name in names]
    tcld = " ".join(f"--search-attribute {name}={kind}" for name, kind in zip(names, kinds, strict=True))
    own = " ".join(f"--name {name} --type {kind}" for name, kind in zip(names, kinds, strict=True))
    assert refused.value.mend == f"{cloud.adding(tcld, own)}; then run `starter.py setup` again"
    async with asyncio.timeout(PATIENCE):
        while (made := await schedules(cloud.owner)) != ["purge", "reconciliation"]:
            assert len(made) < 2
            await asyncio.sleep(REST)


async def test_setup_is_well_once_somebody_else_has_added_them(cloud: Cloud) -> None:
    await register_search_attributes(cloud.owner, search_attribute_keys())
    await until_known(cloud.owner)
    for client in (cloud.user, cloud.reader):
        assert (await prepare(client))[:2] == (
            f"Temporal: namespace {cloud.name} is there.",
            f"Temporal: it knows {NAMES}.",
        )


async def test_only_what_is_missing_is_asked_for(cloud: Cloud) -> None:
    first, *others = search_attribute_keys()
    await register_search_attributes(cloud.owner, others)
    with pytest.raises(ConfigurationError) as refused:
        await prepare(cloud.reader)
    assert refused.value.message.endswith(f"(PERMISSION_DENIED): {first.name}")


async def test_doctor_asks_by_queries_where_it_may_not_list(cloud: Cloud) -> None:
    await cloud.owner.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=cloud.name,
            search_attributes={"MigrationOrg": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME},
        )
    )
    await register_search_attributes(cloud.owner, search_attribute_keys()[2:])
    text = "not there, or of another type: MigrationOrg, MigrationState; no workflow can start"
    tcld = "--search-attribute MigrationOrg=Keyword --search-attribute MigrationState=Keyword"
    own = "--name MigrationOrg --type Keyword --name MigrationState --type Keyword"
    missing = fails(Subject.SEARCH_ATTRIBUTES, text, cloud.adding(tcld, own))
    async with asyncio.timeout(PATIENCE):
        while (finding := await said_by_doctor(cloud.user)) != missing:
            assert "MigrationOrg, MigrationState" in finding.text
            await asyncio.sleep(REST)


async def test_doctor_says_that_it_cannot_see_the_types(cloud: Cloud) -> None:
    await register_search_attributes(cloud.owner, search_attribute_keys())
    await until_known(cloud.owner)
    text = "all 6 are known; their types may not be looked at"
    assert await said_by_doctor(cloud.user) == ok(Subject.SEARCH_ATTRIBUTES, text)
