"""The sweep: every second the worker rings the doorbells that nobody answered (Temporal down, process killed)."""

import asyncio

import structlog

from edition_migration.application.rings import LIMIT, Bells
from edition_migration.domain.errors import StoreUnavailable, TemporalUnavailable

PERIOD = 1.0
"""Seconds between two looks: what a lost ring costs at most."""

log = structlog.stdlib.get_logger(__name__)


async def sweep(bells: Bells, stop: asyncio.Event, *, period: float = PERIOD) -> None:
    """Until `stop` is set. An outage of store or Temporal is said once and survived; other errors are raised."""
    is_down = False
    while not stop.is_set():
        try:
            is_full = await bells.ring_due() == LIMIT
            if is_down:
                log.info("doorbells are rung again")
            is_down = False
        except (StoreUnavailable, TemporalUnavailable) as error:
            if not is_down:
                log.warning("doorbells wait", code=error.code, reason=error.message)
            is_down, is_full = True, False
        if not is_full:
            await _rest(stop, period)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
