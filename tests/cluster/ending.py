"""Ends a run at once where it is told to: SIGTERM or Ctrl-C, with all processes that it has started.

Nothing is cancelled for it. Those who act in a run try again for ever while the database is away, and a build in a
thread hears of no cancelling at all: to wait for either would be to wait for what is being ended.
"""

import contextlib
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import psutil

CODE = 130
GONE_LIMIT = 30.0
"""Seconds."""


def end_when_told(folders: Sequence[Path]) -> None:
    """From now on. The folders go too."""

    def end(number: int, frame: FrameType | None) -> None:
        logging.disable()  # asyncio's watcher of a child that is waited for here would say that it does not know it
        children = kill(psutil.Process().children(recursive=True))
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        state = f"{len(children)} of its processes go on" if children else "all its processes have ended"
        sys.stderr.write(f"told to end by {signal.Signals(number).name}; {state}\n")
        sys.stderr.flush()
        os._exit(CODE)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def kill(processes: Sequence[psutil.Process]) -> Sequence[psutil.Process]:
    """Those that go on after it, which are none."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return psutil.wait_procs(processes, timeout=GONE_LIMIT)[1]
