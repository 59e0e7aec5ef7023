"""What `starter.py setup` does on the Temporal side: namespace, search attributes, schedules."""

from collections.abc import Sequence

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.errors import ConfigurationError, TemporalUnavailable
from edition_migration.temporal.namespace import LIMIT, MISSING_MEND, make_namespace
from edition_migration.temporal.schedules import ensure_schedules
from edition_migration.temporal.search_attributes import register_search_attributes, search_attribute_keys


async def prepare(client: Client, *, creates_namespace: bool = False) -> Sequence[str]:
    """Checks the namespace and registers what is missing; says what it found, line by line. A repeat changes nothing.

    The namespace itself is made only where that is asked for: a name with a slip in it is no new one.
    Raises ConfigurationError where there is no such namespace or it may not be changed, TemporalUnavailable otherwise.
    """
    try:
        if creates_namespace:
            await make_namespace(client)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=LIMIT
        )
        keys = search_attribute_keys()
        await register_search_attributes(client, keys)
        scheduled = await ensure_schedules(client)
    except RPCError as error:
        raise _failure_of(error, client.namespace) from None
    names = ", ".join(key.name for key in keys)
    return (f"Temporal: namespace {client.namespace} is there.", f"Temporal: it knows {names}.", *scheduled)


def _failure_of(error: RPCError, namespace: str) -> ConfigurationError | TemporalUnavailable:
    if error.status is RPCStatusCode.NOT_FOUND:
        return ConfigurationError(f"there is no Temporal namespace {namespace}", mend=MISSING_MEND)
    if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}:
        mend = "give this client an operator's key, or let the operator run this"
        return ConfigurationError(f"Temporal lets us not prepare the namespace {namespace}", mend=mend)
    return TemporalUnavailable(f"Temporal cannot answer ({error.status.name})", mend="check the Temporal service")
