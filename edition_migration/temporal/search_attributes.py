"""Our typed search attributes as the SDK wants them, and their registration on a server. The names are domain's.

Used by the local server, the worker and the command that registers them.
"""

from collections.abc import Sequence
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from edition_migration.domain.names import SEARCH_ATTRIBUTE_TYPES


def search_attribute_keys() -> tuple[SearchAttributeKey[Any], ...]:
    """The keys of domain's table, in its order."""
    return tuple(
        SearchAttributeKey.for_datetime(name) if kind == "datetime" else SearchAttributeKey.for_keyword(name)
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
    )


async def register_search_attributes(client: Client, keys: Sequence[SearchAttributeKey[Any]]) -> None:
    """Adds the keys to the client's namespace; what is there already stays. Usable within about two seconds."""
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys},
        )
    )
