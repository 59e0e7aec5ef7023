"""Many seeds in one process, and in several. Used by the tests and by the command line of this package."""

import asyncio
import gc
import traceback
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

from tests.simulator.ground import prepared_ground
from tests.simulator.loop import StillLoop
from tests.simulator.planted_bugs import PLANTED, Plant
from tests.simulator.simulation import Outcome, simulate

KEPT = Path(__file__).parent / "kept_seeds.txt"
WARM_UP = 20
"""Seeds after which what a process needs is in its caches, and the collector may leave it alone."""

COLLECT_EVERY = 50
"""Seeds: often enough for the memory, and the collector is a tenth of the time where it looks by itself."""


def kept_seeds() -> list[int]:
    """Every seed that ever found something; what, stands beside it."""
    lines = [line.partition("#")[0].strip() for line in KEPT.read_text().splitlines()]
    return [int(line) for line in lines if line]


def run_here(seeds: Iterable[int], bug: str | None = None) -> Generator[Outcome]:
    """One after the other in this process, with a bug planted if one is named."""
    plants: Sequence[Plant] = (PLANTED[bug],) if bug else ()
    loop = StillLoop()
    with ExitStack() as stack:
        for plant in plants:
            stack.enter_context(plant())
        ground = stack.enter_context(prepared_ground())
        asyncio.set_event_loop(loop)
        stack.callback(_close, loop)
        stack.callback(gc.enable)
        for number, seed in enumerate(seeds):
            if number == WARM_UP:
                gc.collect()
                gc.freeze()
                gc.disable()
            if number % COLLECT_EVERY == 0:
                gc.collect()
            yield simulate(seed, ground, loop)


def _close(loop: StillLoop) -> None:
    loop.close()
    asyncio.set_event_loop(None)


def _short(outcome: Outcome) -> Outcome:
    """A green outcome travels without its trace."""
    return replace(outcome, trace=[]) if outcome.is_green else outcome


def _serve(seeds: Sequence[int], found: "Queue[Outcome | str]") -> None:
    """What one process does: all its seeds, each outcome told at once, and what it could not survive."""
    try:
        for outcome in run_here(seeds):
            found.put(_short(outcome))
    except BaseException:
        found.put(traceback.format_exc())
        raise


def run_spread(seeds: Sequence[int], processes: int) -> Iterator[Outcome]:
    """Over several processes, in no order. Raises RuntimeError where one of them fails by itself."""
    context = get_context("spawn")
    found: Queue[Outcome | str] = context.Queue()
    workers = [context.Process(target=_serve, args=(seeds[part::processes], found)) for part in range(processes)]
    for worker in workers:
        worker.start()
    try:
        for _ in seeds:
            outcome = found.get()
            if isinstance(outcome, str):
                raise RuntimeError(outcome)
            yield outcome
    finally:
        for worker in workers:
            worker.join(timeout=5)
            worker.terminate()
