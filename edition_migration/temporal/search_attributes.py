"""Our typed search attributes as the SDK wants them, and their registration on a server. The names are domain's.

Used by the local server, the worker, the command that registers them and `doctor`. Who may use a namespace may not
always list what it knows, or add to it: on Temporal Cloud attributes are the control plane's business.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.names import SEARCH_ATTRIBUTE_TYPES
from edition_migration.temporal.asking import LIMIT, NO_ANSWER

Keys = Sequence[SearchAttributeKey[Any]]
_VALUES = {
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: "x",
    IndexedValueType.INDEXED_VALUE_TYPE_DATETIME: "2000-01-01T00:00:00Z",
}
"""One of each of our types, for a query that finds nothing."""


def search_attribute_keys() -> tuple[SearchAttributeKey[Any], ...]:
    """The keys of domain's table, in its order."""
    return tuple(
        SearchAttributeKey.for_datetime(name) if kind == "datetime" else SearchAttributeKey.for_keyword(name)
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
    )


async def register_search_attributes(client: Client, keys: Keys) -> None:
    """Adds the keys to the client's namespace; what is there already stays. Usable within about two seconds."""
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys},
        )
    )


async def listed_types(client: Client) -> Mapping[str, "IndexedValueType.ValueType"] | None:
    """The namespace's own; None where this client may not list them. Raises RPCError where nobody answers."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        return (await client.operator_service.list_search_attributes(request, timeout=LIMIT)).custom_attributes
    except RPCError as error:
        if error.status in NO_ANSWER:
            raise
        return None


async def unknown_to_queries(client: Client, keys: Keys) -> Keys:
    """Those that no query may name: they are not there, or of another type. For who may not list them. Raises RPCError.

    Whoever may use a namespace may query it. A Datetime that is a Keyword there is not noticed.
    """
    return [key for key in keys if not await _may_be_queried(client, key)]


def adding_mend(namespace: str, keys: Keys) -> str:
    """How an operator adds them."""
    pairs = [(key.name, type_name(IndexedValueType.ValueType(key.indexed_value_type))) for key in keys]
    cloud = " ".join(f"--search-attribute {name}={kind}" for name, kind in pairs)
    own = " ".join(f"--name {name} --type {kind}" for name, kind in pairs)
    return (
        f"on Temporal Cloud: tcld namespace search-attributes add --namespace {namespace} {cloud}; "
        f"on a cluster of your own: temporal operator search-attribute create --namespace {namespace} {own}"
    )


def type_name(kind: "IndexedValueType.ValueType") -> str:
    """As Temporal's own tools say it, e.g. Keyword."""
    return IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").capitalize()


async def _may_be_queried(client: Client, key: SearchAttributeKey[Any]) -> bool:
    value = _VALUES[IndexedValueType.ValueType(key.indexed_value_type)]
    try:
        await client.count_workflows(f'{key.name} = "{value}"', rpc_timeout=LIMIT)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        return False
    return True
