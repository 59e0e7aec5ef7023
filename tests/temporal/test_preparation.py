"""`setup` on the Temporal side: a namespace is made where that is asked for, and only there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import ConfigurationError
from edition_migration.temporal.namespace import make_namespace
from edition_migration.temporal.preparation import prepare

MOST_KEYWORDS = 10
"""That a namespace holds where Temporal's lists are in a SQL database; five are ours."""


def of_namespace(client: Client, name: str) -> Client:
    return Client(**{**client.config(), "namespace": name})


async def test_a_missing_namespace_is_refused_and_not_made(temporal_env: WorkflowEnvironment) -> None:
    client = of_namespace(temporal_env.client, "nobody-asked-for-this")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="there is no Temporal namespace nobody-asked-for-this") as refused:
            await prepare(client)
        assert refused.value.mend == (
            "set TEMPORAL_NAMESPACE to the one that is meant, or run `starter.py setup --create-namespace`"
        )


async def test_a_namespace_is_made_with_all_that_belongs_into_it_and_once(temporal_env: WorkflowEnvironment) -> None:
    name = f"made-{uuid4().hex}"
    client = of_namespace(temporal_env.client, name)
    first = await prepare(client, creates_namespace=True)
    assert first[0] == f"Temporal: namespace {name} is there."
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=name))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)
    assert await prepare(client, creates_namespace=True) == first


async def test_a_namespace_that_is_full_is_told_from_one_that_may_not_be_added_to(
    temporal_env: WorkflowEnvironment,
) -> None:
    client = of_namespace(temporal_env.client, f"full-{uuid4().hex}")
    await make_namespace(client)
    others = {f"Other{number}": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD for number in range(MOST_KEYWORDS - 4)}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=others)
    )
    with pytest.raises(ConfigurationError) as refused:
        await prepare(client)
    names = "MigrationOrg, MigrationState, MigrationStep, MigrationWave, MigrationDeadline, MigrationAttention"
    assert refused.value.message == (
        f"search attributes are missing for which the namespace has no room (INVALID_ARGUMENT): {names}"
    )
    assert refused.value.mend == (
        "remove others of their types that nobody needs, or set TEMPORAL_NAMESPACE to a namespace of its own; "
        "then run `starter.py setup` again"
    )
