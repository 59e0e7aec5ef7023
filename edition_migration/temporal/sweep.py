"""The sweep: every second the worker rings the doorbells that nobody answered (Temporal down, process killed).

And every half minute it starts the organizations that have work to do but do not run: cancelled, terminated, failed.
Beside it the worker seals the journal, every ten seconds.
"""

import asyncio
from datetime import UTC, datetime

import structlog

from edition_migration.application.rings import LIMIT, Bells
from edition_migration.application.sealing import Sealer
from edition_migration.domain.errors import StoreUnavailable, TemporalUnavailable

PERIOD = 1.0
"""Seconds between two looks: what a lost ring costs at most."""

WAKE_PERIOD = 30.0
"""Seconds between two looks at the organizations: what a terminated one loses at most."""

SEAL_PERIOD = 10.0
"""Seconds between two looks of the sealer: how long a change of the journal could go unnoticed."""

log = structlog.stdlib.get_logger(__name__)


async def sweep(bells: Bells, stop: asyncio.Event, *, period: float = PERIOD) -> None:
    """Until `stop` is set. An outage of store or Temporal is said once and survived; other errors are raised."""
    is_down, wakes_at = False, 0.0
    while not stop.is_set():
        try:
            is_full = await bells.ring_due() == LIMIT
            if asyncio.get_running_loop().time() >= wakes_at:
                await bells.wake(datetime.now(UTC))
                wakes_at = asyncio.get_running_loop().time() + WAKE_PERIOD
            if is_down:
                log.info("doorbells are rung again")
            is_down = False
        except (StoreUnavailable, TemporalUnavailable) as error:
            if not is_down:
                log.warning("doorbells wait", code=error.code, reason=error.message)
            is_down, is_full = True, False
        if not is_full:
            await _rest(stop, period)


async def seal(sealer: Sealer, stop: asyncio.Event, *, period: float = SEAL_PERIOD) -> None:
    """Until `stop` is set, as `sweep`. Two workers at once are safe."""
    is_down = False
    while not stop.is_set():
        try:
            await sealer.seal_due()
            if is_down:
                log.info("the journal is sealed again")
            is_down = False
        except StoreUnavailable as error:
            if not is_down:
                log.warning("the journal waits to be sealed", code=error.code, reason=error.message)
            is_down = True
        await _rest(stop, period)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
