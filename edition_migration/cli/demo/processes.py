"""The processes of the demo: started one by one, awaited until they are ready, ended again, whatever happened.

Each runs in a session of its own, so that Ctrl-C reaches the demo alone and it can end them in order.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edition_migration.cli.demo.failure import DemoFailed, until

DRAIN_PATIENCE = 20.0
"""Seconds between being told to end and being ended."""
LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    process: asyncio.subprocess.Process
    log: Path

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LINES_SHOWN:]) or "  (it wrote nothing)"


class Processes:
    """Owns the children for as long as it is entered. Their output goes to files in `logs`."""

    def __init__(self, *, folder: Path, logs: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._logs = logs
        self._environ = environ
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The first one, which the others need, ends last."""
        await asyncio.gather(*(_end(child) for child in self._children[1:]))
        await asyncio.gather(*(_end(child) for child in self._children[:1]))
        self._children.clear()

    async def start(self, name: str, command: Sequence[str], is_ready: Callable[[], Awaitable[bool]]) -> None:
        """Returns once `is_ready`. Raises DemoFailed with the end of its log where it ends before, or never is."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._folder,
                env=dict(self._environ),
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)

        async def look() -> bool:
            if process.returncode is not None:
                raise DemoFailed(_ended(child))
            return await is_ready()

        await until(f"{name} is ready (its log: {log})", look)

    async def watch(self) -> None:
        """Raises DemoFailed as soon as one of the children ends by itself; returns never otherwise."""
        waiting = {asyncio.create_task(child.process.wait()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            raise DemoFailed(_ended(waiting[done.pop()]))
        finally:
            for task in waiting:
                task.cancel()


def _ended(child: Child) -> str:
    return f"{child.name} ended with code {child.process.returncode}; the end of {child.log}:\n{child.last_words()}"


async def _end(child: Child) -> None:
    """Asks, waits, then insists; also what the child itself started is gone then."""
    if child.process.returncode is None:
        child.process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_PATIENCE):
                await child.process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    await child.process.wait()
