"""The demo's processes: awaited until they are ready, explained when they end, and gone afterwards."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edition_migration.cli.demo import processes
from edition_migration.cli.demo.failure import DemoFailed
from edition_migration.cli.demo.processes import Processes

WRITES_ITS_PID = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))"
STUBBORN = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WRITES_ITS_PID}; time.sleep(600)"
"""Ignores being told to end."""


def of(folder: Path) -> Processes:
    return Processes(folder=folder, logs=folder / "logs", environ=os.environ)


def exists(path: Path) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return path.exists() and path.read_text() != ""  # noqa: ASYNC240 - a small local file

    return look


async def never() -> bool:
    return False


async def test_a_process_that_ends_before_it_is_ready_is_explained_by_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('port taken'); sys.exit(3)"]
    async with of(tmp_path) as children:
        with pytest.raises(DemoFailed, match=r"worker ended with code 3; the end of .*worker\.log:\n  port taken"):
            await children.start("worker", command, never)


async def test_a_process_that_ends_by_itself_later_is_noticed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = [sys.executable, "-c", f"{WRITES_ITS_PID}; import time; time.sleep(600)", str(pid_file)]
    async with of(tmp_path) as children:
        await children.start("web", command, exists(pid_file))
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
        async with asyncio.timeout(20):
            with pytest.raises(DemoFailed, match="web ended with code -9"):
                await children.watch()


async def test_a_process_that_ignores_being_told_to_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "DRAIN_PATIENCE", 0.2)
    pid_file = tmp_path / "pid"
    async with of(tmp_path) as children:
        await children.start("temporal", [sys.executable, "-c", STUBBORN, str(pid_file)], exists(pid_file))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_what_a_process_started_itself_is_gone_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]]).wait()"
    command = [sys.executable, "-c", parent, STUBBORN, str(pid_file)]
    async with of(tmp_path) as children:
        await children.start("temporal", command, exists(pid_file))
        grandchild = int(pid_file.read_text())
    async with asyncio.timeout(20):  # it is ended, and waits to be collected by the machine's first process
        while is_running(grandchild):  # noqa: ASYNC110 - nobody tells of another's child
            await asyncio.sleep(0.05)
    assert not is_running(grandchild)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
