"""The sweep: every second the worker rings the doorbells that nobody answered (Temporal down, process killed).

And every half minute it starts the organizations that have work to do but do not run: cancelled, terminated, failed.
Beside it the worker seals the journal, every ten seconds, and looks its gauges up, every half minute.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from edition_migration.application.gauges import Gauges
from edition_migration.application.rings import LIMIT, Bells
from edition_migration.application.sealing import Sealer
from edition_migration.domain.errors import StoreUnavailable, TemporalUnavailable

PERIOD = 1.0
"""Seconds between two looks: what a lost ring costs at most."""

WAKE_PERIOD = 30.0
"""Seconds between two looks at the organizations: what a terminated one loses at most."""

SEAL_PERIOD = 10.0
"""Seconds between two looks of the sealer: how long a change of the journal could go unnoticed."""

LOOK_UP_PERIOD = 30.0
"""Seconds between two looks at the gauges: how old they are at most, and how often the database is asked."""

log = structlog.stdlib.get_logger(__name__)


async def sweep(bells: Bells, stop: asyncio.Event, *, period: float = PERIOD) -> None:
    """Until `stop` is set. An outage of store or Temporal is said once and survived; other errors are raised."""
    outage, wakes_at = _Outage("doorbells wait", "doorbells are rung again"), 0.0
    while not stop.is_set():
        is_full = False
        with outage.survived():
            rung = await bells.ring_due()
            if asyncio.get_running_loop().time() >= wakes_at:
                await bells.wake(datetime.now(UTC))
                wakes_at = asyncio.get_running_loop().time() + WAKE_PERIOD
            is_full = rung == LIMIT
        if not is_full:
            await _rest(stop, period)


async def seal(sealer: Sealer, stop: asyncio.Event, *, period: float = SEAL_PERIOD) -> None:
    """Until `stop` is set, as `sweep`. Two workers at once are safe."""
    outage = _Outage("the journal waits to be sealed", "the journal is sealed again")
    while not stop.is_set():
        with outage.survived():
            await sealer.seal_due()
        await _rest(stop, period)


async def look_up(gauges: Gauges, stop: asyncio.Event, *, period: float = LOOK_UP_PERIOD) -> None:
    """Until `stop` is set, as `sweep`. Each worker does it for its own page."""
    outage = _Outage("the gauges stand still", "the gauges are looked up again")
    while not stop.is_set():
        with outage.survived():
            await gauges.look_up()
        await _rest(stop, period)


class _Outage:
    """Of store or Temporal: said once when it begins and once when it is over."""

    def __init__(self, begins: str, ends: str) -> None:
        self._begins = begins
        self._ends = ends
        self._lasts = False

    @contextmanager
    def survived(self) -> Generator[None]:
        try:
            yield
        except (StoreUnavailable, TemporalUnavailable) as error:
            if not self._lasts:
                log.warning(self._begins, code=error.code, reason=error.message)
            self._lasts = True
        else:
            if self._lasts:
                log.info(self._ends)
            self._lasts = False


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
