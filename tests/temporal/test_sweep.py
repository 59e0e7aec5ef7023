"""The sweep: rings until it is told to stop, survives outages, rests only when nothing is left."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from edition_migration.application.rings import LIMIT
from edition_migration.domain.errors import NotFound, StoreUnavailable, TemporalUnavailable
from edition_migration.temporal.sweep import look_up, seal, sweep


class Scripted:
    """Answers what the test says, then ends the loop that asks."""

    def __init__(self, stop: asyncio.Event, *answers: int | Exception) -> None:
        self._stop = stop
        self._answers = list(answers)

    @property
    def is_empty(self) -> bool:
        return not self._answers

    async def answer(self) -> int:
        answer = self._answers.pop(0)
        if not self._answers:
            self._stop.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedBells(Scripted):
    wakes = 0

    async def ring_due(self) -> int:
        return await self.answer()

    async def wake(self, now: datetime) -> int:
        self.wakes += 1
        return 0


async def _sweep(*answers: int | Exception, period: float = 0.0) -> ScriptedBells:
    stop = asyncio.Event()
    bells: Any = ScriptedBells(stop, *answers)
    async with asyncio.timeout(5):
        await sweep(bells, stop, period=period)
    return bells


async def test_sweep_survives_outages_of_store_and_temporal() -> None:
    assert (await _sweep(StoreUnavailable("busy"), TemporalUnavailable("away"), 3, 0)).is_empty


async def test_full_page_is_followed_by_the_next_without_a_rest() -> None:
    assert (await _sweep(LIMIT, LIMIT, 0, period=60)).is_empty


async def test_organizations_are_looked_at_at_once_and_then_more_rarely() -> None:
    assert (await _sweep(0, 0, 0)).wakes == 1


async def test_stop_ends_a_rest_at_once() -> None:
    assert (await _sweep(0, period=60)).is_empty


async def test_error_that_is_no_outage_is_raised() -> None:
    with pytest.raises(NotFound):
        await _sweep(NotFound("x"), 0)


class ScriptedSealer(Scripted):
    async def seal_due(self) -> int:
        return await self.answer()


async def _seal(*answers: int | Exception) -> ScriptedSealer:
    stop = asyncio.Event()
    sealer: Any = ScriptedSealer(stop, *answers)
    async with asyncio.timeout(5):
        await seal(sealer, stop, period=0.0)
    return sealer


async def test_sealing_survives_outages_of_the_store() -> None:
    assert (await _seal(1, StoreUnavailable("busy"), StoreUnavailable("busy"), 0)).is_empty


async def test_error_of_the_sealer_that_is_no_outage_is_raised() -> None:
    with pytest.raises(NotFound):
        await _seal(NotFound("x"), 0)


class ScriptedGauges(Scripted):
    async def look_up(self) -> None:
        await self.answer()


async def _look_up(*answers: int | Exception) -> ScriptedGauges:
    stop = asyncio.Event()
    gauges: Any = ScriptedGauges(stop, *answers)
    async with asyncio.timeout(5):
        await look_up(gauges, stop, period=0.0)
    return gauges


async def test_gauges_survive_outages_of_the_store() -> None:
    assert (await _look_up(0, StoreUnavailable("busy"), StoreUnavailable("busy"), 0)).is_empty


async def test_error_of_the_gauges_that_is_no_outage_is_raised() -> None:
    with pytest.raises(NotFound):
        await _look_up(NotFound("x"), 0)
