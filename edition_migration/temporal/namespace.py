"""The namespace that our workflows run in: made by `starter.py setup --create-namespace`, on a cluster of one's own."""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

RETENTION = timedelta(days=30)
"""How long one that is made here keeps ended workflows: as long as an undo is possible by default."""
MISSING_MEND = "set TEMPORAL_NAMESPACE to the one that is meant, or run `starter.py setup --create-namespace`"
LIMIT = timedelta(seconds=10)


async def make_namespace(client: Client) -> None:
    """The client's namespace is there afterwards; one that was there stays as it is. Raises RPCError."""
    request = RegisterNamespaceRequest(namespace=client.namespace)
    request.workflow_execution_retention_period.FromTimedelta(RETENTION)
    try:
        await client.workflow_service.register_namespace(request, timeout=LIMIT)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
