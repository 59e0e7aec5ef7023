"""How long the use cases wait for Temporal, and what becomes of an answer that does not come. Used by the gateway."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.errors import TemporalUnavailable

LIMIT = timedelta(seconds=2)
"""For one call, all its repeats included: who waits for an answer must not wait for Temporal (design section 3)."""

MEND = "check the Temporal service; what was committed is rung by the sweep when it is back"


@asynccontextmanager
async def answering() -> AsyncGenerator[None]:
    """Lets through the RPCError of a missing workflow only; no answer of any kind is TemporalUnavailable."""
    try:
        async with asyncio.timeout(LIMIT.total_seconds()):
            yield
    except TimeoutError:
        raise TemporalUnavailable("the Temporal service does not answer in time", mend=MEND) from None
    except RPCError as error:
        if _is_missing_workflow(error):
            raise
        raise TemporalUnavailable(f"the Temporal service answers {error.status.name}", mend=MEND) from None
    except RuntimeError:  # what the SDK raises for a failed connection
        raise TemporalUnavailable("the Temporal service cannot be reached", mend=MEND) from None


def _is_missing_workflow(error: RPCError) -> bool:
    """NOT_FOUND is also said of a namespace, which is no reason to call a workflow missing."""
    if error.status is not RPCStatusCode.NOT_FOUND:
        return False
    return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
