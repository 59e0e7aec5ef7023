"""Kills or freezes processes of a service at random, starts or wakes them again, and notes it. For the chaos run."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.notes import FAULTS, Notes
from tests.fixtures.database_process import DatabaseProcess
from tests.fixtures.temporal_process import TemporalProcess

WORKERS = ("worker-0", "worker-1")
REST = {
    "worker": (6.0, 18.0),
    "web": (10.0, 25.0),
    "frozen_worker": (20.0, 40.0),
    "database": (30.0, 60.0),
    "temporal": (40.0, 80.0),
}
"""Seconds between two faults of one kind, evenly spread; times `Monkey.rest`."""
FROZEN = (12.0, 25.0)
"""Seconds that a worker sleeps: its heartbeats and its workflow tasks time out, and others take its work."""


@dataclass
class Monkey:
    """One task a kind of process; `stop` lets the service be."""

    folder: Path
    seed: int
    database: DatabaseProcess
    temporal: TemporalProcess
    rest: float = 1.0
    faults: Notes = field(init=False)
    tasks: list[asyncio.Task[None]] = field(default_factory=list["asyncio.Task[None]"])

    def __post_init__(self) -> None:
        self._is_stopping = asyncio.Event()
        self._asleep = ""
        self.faults = Notes(self.folder, FAULTS)

    def start(self) -> None:
        kinds: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "worker": self._kill_worker,
            "web": self._kill_web,
            "frozen_worker": self._freeze_worker,
            "database": self._kill_database,
            "temporal": self._kill_temporal,
        }
        for number, (kind, kill) in enumerate(kinds.items()):
            chance = random.Random(self.seed * 10 + number)  # noqa: S311 - a seed is to be repeated
            self.tasks.append(asyncio.create_task(self._at_random(REST[kind], kill, chance)))

    async def stop(self) -> None:
        """What was killed is back when this returns. Raises what a task failed of."""
        self._is_stopping.set()
        await asyncio.gather(*self.tasks)

    async def _at_random(
        self, rest: tuple[float, float], kill: Callable[[random.Random], Awaitable[None]], chance: random.Random
    ) -> None:
        while not self._is_stopping.is_set():
            try:
                async with asyncio.timeout(chance.uniform(*rest) * self.rest):
                    await self._is_stopping.wait()
            except TimeoutError:
                await kill(chance)

    async def _kill_worker(self, chance: random.Random) -> None:
        """Not one that sleeps: it would never wake up."""
        name = chance.choice(WORKERS)
        if name != self._asleep:
            self._signal(self._pid(name), signal.SIGKILL, "kill_worker")

    async def _kill_web(self, chance: random.Random) -> None:
        self._signal(self._pid("web"), signal.SIGKILL, "kill_web")

    async def _freeze_worker(self, chance: random.Random) -> None:
        """Then it goes on where it stood."""
        self._asleep = chance.choice(WORKERS)
        pid = self._pid(self._asleep)
        self._signal(pid, signal.SIGSTOP, "freeze_worker")
        await asyncio.sleep(chance.uniform(*FROZEN))
        self._signal(pid, signal.SIGCONT, "worker_woke_up")
        self._asleep = ""

    def _pid(self, name: str) -> int | None:
        try:
            return int((self.folder / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None  # it is not there yet

    def _signal(self, pid: int | None, number: signal.Signals, kind: str) -> None:
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # it ended a moment ago
        self.faults.add(kind=kind, pid=pid)

    async def _kill_database(self, chance: random.Random) -> None:
        self.faults.add(kind="kill_database")
        await asyncio.to_thread(self.database.kill)
        await asyncio.sleep(chance.uniform(0.0, 2.0))
        await asyncio.to_thread(self.database.start)
        self.faults.add(kind="database_is_back")

    async def _kill_temporal(self, chance: random.Random) -> None:
        self.faults.add(kind="kill_temporal")
        await self.temporal.kill()
        await asyncio.sleep(chance.uniform(0.0, 2.0))
        await self.temporal.start()
        self.faults.add(kind="temporal_is_back")


@asynccontextmanager
async def kept_running(folder: Path, environ: dict[str, str]) -> AsyncGenerator[None]:
    """Worker and web run, and are ended at the end."""
    nursery = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.nursery", str(folder)), env=environ, stdin=asyncio.subprocess.PIPE
    )
    try:
        yield
    finally:
        await nursery.communicate(b"enough")
