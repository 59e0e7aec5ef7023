"""Whether a process is ready, as whoever sends it work would ask."""

from datetime import timedelta

import httpx2
from temporalio.service import RPCError

from edition_migration.temporal.client import connect

LIMIT = 3.0
"""Seconds."""


async def answers(url: str) -> bool:
    """Whether the page is there and well."""
    try:
        async with httpx2.AsyncClient(timeout=LIMIT) as client:
            return (await client.get(url)).status_code == 200
    except httpx2.TransportError:
        return False


async def serves(address: str, service: str) -> bool:
    """Whether one of Temporal's services says so by the health check of gRPC."""
    name = f"temporal.api.workflowservice.v1.{'Workflow' if service == 'frontend' else service.capitalize()}Service"
    try:
        client = await connect(identity="cluster-test", lazy=True, environ={"TEMPORAL_ADDRESS": address})
        return await client.service_client.check_health(service=name, timeout=timedelta(seconds=LIMIT))
    except (RPCError, RuntimeError):
        return False
