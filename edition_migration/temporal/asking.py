"""Asking a Temporal service that may not be there, or may not tell. Used by the probes of `doctor`, and by `setup`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.errors import TemporalUnavailable

LIMIT = timedelta(seconds=5)
"""For one question."""
NO_ANSWER = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}


@asynccontextmanager
async def reaching(client: Client) -> AsyncGenerator[None]:
    """Raises TemporalUnavailable where nobody answers; lets through the RPCError of a server that does."""
    try:
        async with asyncio.timeout(LIMIT.total_seconds()):
            yield
        return
    except RPCError as error:
        if error.status not in NO_ANSWER:
            raise
    except (RuntimeError, TimeoutError):  # what the SDK raises for a failed connection
        pass
    address = client.service_client.config.target_host
    mend = "start it, or set TEMPORAL_ADDRESS in the environment; .env is not read for it"
    raise TemporalUnavailable(f"no Temporal service answers at {address}", mend=mend)


@asynccontextmanager
async def answering(client: Client) -> AsyncGenerator[None]:
    """As `reaching`; a refusal is TemporalUnavailable too."""
    try:
        async with reaching(client):
            yield
    except RPCError as error:
        raise TemporalUnavailable(f"Temporal answers {error.status.name}", mend="see what this client may do") from None
