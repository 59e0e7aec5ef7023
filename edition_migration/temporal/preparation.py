"""What `starter.py setup` does on the Temporal side: namespace, search attributes, schedules."""

from collections.abc import Sequence

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.errors import ConfigurationError, TemporalUnavailable
from edition_migration.temporal.asking import NO_ANSWER
from edition_migration.temporal.namespace import LIMIT, MISSING_MEND, make_namespace
from edition_migration.temporal.schedules import ensure_schedules
from edition_migration.temporal.search_attributes import (
    Keys,
    adding_mend,
    listed_types,
    register_search_attributes,
    search_attribute_keys,
    unknown_to_queries,
)


async def prepare(client: Client, *, creates_namespace: bool = False) -> Sequence[str]:
    """Checks the namespace and registers what is missing; says what it found, line by line. A repeat changes nothing.

    The namespace itself is made only where that is asked for: a name with a slip in it is no new one.
    Raises ConfigurationError where there is no such namespace, it may not be changed, or search attributes are missing
    that this client may not add or that have no room (all else is done then), TemporalUnavailable otherwise.
    """
    try:
        if creates_namespace:
            await make_namespace(client)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=LIMIT
        )
        keys = search_attribute_keys()
        refused = await _add_missing(client, keys)
        scheduled = await ensure_schedules(client)
    except RPCError as error:
        raise _failure_of(error, client.namespace) from None
    if refused:
        raise refused
    return (f"Temporal: namespace {client.namespace} is there.", f"Temporal: it knows {_names(keys)}.", *scheduled)


async def _add_missing(client: Client, keys: Keys) -> ConfigurationError | None:
    """What to say where this client may not add them, as on Temporal Cloud, or where they have no room.

    Raises RPCError where nobody answers.
    """
    missing = await _missing(client, keys)
    if not missing:
        return None
    try:
        await register_search_attributes(client, missing)
    except RPCError as error:
        if error.status in NO_ANSWER:
            raise
        return _not_added(error, client.namespace, missing)
    return None


def _not_added(error: RPCError, namespace: str, missing: Keys) -> ConfigurationError:
    why, mend = "that this client may not add", adding_mend(namespace, missing)
    if error.status is RPCStatusCode.INVALID_ARGUMENT:  # a store holds only so many of each type
        why = "for which the namespace has no room"
        mend = "remove others of their types that nobody needs, or set TEMPORAL_NAMESPACE to a namespace of its own"
    text = f"search attributes are missing {why} ({error.status.name}): {_names(missing)}"
    return ConfigurationError(text, mend=f"{mend}; then run `starter.py setup` again")


async def _missing(client: Client, keys: Keys) -> Keys:
    listed = await listed_types(client)
    if listed is None:
        return await unknown_to_queries(client, keys)
    return [key for key in keys if key.name not in listed]


def _names(keys: Keys) -> str:
    return ", ".join(key.name for key in keys)


def _failure_of(error: RPCError, namespace: str) -> ConfigurationError | TemporalUnavailable:
    if error.status is RPCStatusCode.NOT_FOUND:
        return ConfigurationError(f"there is no Temporal namespace {namespace}", mend=MISSING_MEND)
    if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}:
        mend = "give this client a key that may write to this namespace, or let the operator run this"
        return ConfigurationError(f"Temporal lets us not prepare the namespace {namespace}", mend=mend)
    return TemporalUnavailable(f"Temporal cannot answer ({error.status.name})", mend="check the Temporal service")
