"""A process that is ended and started again: when it is ready, how it ended, what it used. Or one that runs once."""

import asyncio
import contextlib
import signal
import time
from asyncio import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.cluster.ending import kill

READY_LIMIT = 120.0
END_LIMIT = 60.0
"""Seconds; ours drain for 30 at most."""
LINES_SHOWN = 20


class ProgramFailed(Exception):
    """A process did not do what it was started for. The message holds the end of its log."""


@dataclass
class Program:
    """Its output goes to `{name}.log`. A session of its own keeps Ctrl-C from it: who started it ends it."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path
    is_ready: Callable[[], Awaitable[bool]]
    end_signal: signal.Signals = signal.SIGTERM
    user: str | None = None
    cwd: Path | None = None
    most_mib: float = field(default=0.0, init=False)
    _seconds_before: float = field(default=0.0, init=False)
    _seconds_now: float = field(default=0.0, init=False)
    _process: subprocess.Process | None = field(default=None, init=False)

    async def start(self) -> float:
        """Seconds until it was ready. Raises ProgramFailed where it ends before that, or never is."""
        self._seconds_before, self._seconds_now = self.processor_seconds, 0.0
        begun = time.monotonic()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
                cwd=self.cwd,
            )
        while not await self.is_ready():
            if self.exit_code is not None:
                raise self._failed(f"ended with code {self.exit_code} before it was ready")
            if time.monotonic() - begun > READY_LIMIT:
                raise self._failed(f"is not ready after {READY_LIMIT:g} s")
            await asyncio.sleep(0.1)
        return time.monotonic() - begun

    async def end(self, *, is_killed: bool = False) -> tuple[float, int]:
        """By its signal, or by SIGKILL; seconds until it and its children had ended, and its exit code.

        Raises ProgramFailed where it goes on.
        """
        if self._process is None or self.exit_code is not None:
            raise self._failed(f"had ended by itself, with code {self.exit_code}")
        self.look()
        number = signal.SIGKILL if is_killed else self.end_signal
        children, begun = self._children(), time.monotonic()
        self._process.send_signal(number)
        try:
            async with asyncio.timeout(END_LIMIT):
                code = await self._process.wait()
        except TimeoutError:
            raise self._failed(f"goes on {END_LIMIT:g} s after {number.name}") from None
        if (await asyncio.to_thread(psutil.wait_procs, children, END_LIMIT))[1]:
            raise self._failed(f"has left children behind, {END_LIMIT:g} s after {number.name}")
        return time.monotonic() - begun, code

    async def kill(self) -> None:
        """It and its children have ended afterwards."""
        if self._process is None or self.exit_code is not None:
            return
        children = self._children()
        self._process.kill()
        await self._process.wait()
        await asyncio.to_thread(kill, children)

    @property
    def pid(self) -> int:
        """Of its last life."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode if self._process else None

    def look(self) -> None:
        """At what it uses, while it runs."""
        self.most_mib = max(self.most_mib, memory_mib(self.pid))
        self._seconds_now = processor_seconds(self.pid)

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    @property
    def processor_seconds(self) -> float:
        """Until the last look, of all its lives; the end of each is not seen."""
        return self._seconds_before + self._seconds_now

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def _failed(self, what: str) -> ProgramFailed:
        return _failed(self.name, what, self._log)


async def run_once(
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: Path,
    *,
    user: str | None = None,
    cwd: Path | None = None,
) -> None:
    """Until it ends by itself. Raises ProgramFailed where its code is not 0."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, stdout=output, stderr=subprocess.STDOUT, user=user, cwd=cwd
        )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:  # whoever waited for it is told to end
            process.kill()
            await process.wait()
    if code != 0:
        raise _failed(name, f"ended with code {code}", log)


def _failed(name: str, what: str, log: Path) -> ProgramFailed:
    lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return ProgramFailed(f"{name} {what}; the end of {log}:\n" + "\n".join(f"  {it}" for it in lines))


def memory_mib(pid: int) -> float:
    """Of a process with its children, what they share counted once on Linux, elsewhere for each of them."""
    parent = psutil.Process(pid)
    total = 0.0
    for process in (parent, *parent.children(recursive=True)):
        try:
            info = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue  # a connection that ended meanwhile
        total += getattr(info, "pss", info.rss)
    return total / 2**20


def processor_seconds(pid: int) -> float:
    """Of a process with its children, also those that it has seen the end of."""
    parent = psutil.Process(pid)
    total = sum(parent.cpu_times()[:4])
    for process in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a connection that ended meanwhile
            total += sum(process.cpu_times()[:2])
    return total
