"""Our processes of a chaos run: one parent imports all, forks worker and web, and forks again whoever ended.

`python -m tests.chaos.nursery FOLDER` keeps the pid of each in `FOLDER/{name}.pid` and ends with its standard input. A
child runs exactly what `worker.py` and `python -m edition_migration` run; only its imports are done already, so that a
restart costs a busy machine no ten seconds.
"""

import asyncio
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from edition_migration.bootstrap.web import serve_web
from edition_migration.bootstrap.worker import work
from tests.chaos.notes import FAULTS, Notes

ROLES: dict[str, Callable[[], Awaitable[None]]] = {"worker-0": work, "worker-1": work, "web": serve_web}
REST = 0.5
"""Seconds before one that ended by itself, as where nothing answers yet, is started again."""


def fork(name: str, folder: Path) -> int:
    pid = os.fork()
    if pid:
        (folder / f"{name}.pid").write_text(str(pid))
        return pid
    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(0)
    try:
        asyncio.run(_run(name))
    except BaseException:  # the parent's own code must not run in the child
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


async def _run(name: str) -> None:
    await ROLES[name]()


def keep_all(folder: Path) -> None:
    faults = Notes(folder, FAULTS)
    children = {fork(name, folder): name for name in ROLES}
    due: dict[str, float] = {}
    try:
        while not select.select([0], [], [], 0.1)[0]:
            pid, status = os.waitpid(-1, os.WNOHANG) if children else (0, 0)
            if pid:
                name = children.pop(pid)
                is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                if not is_killed:
                    faults.add(kind=f"{name}_ended_by_itself", code=status)
                due[name] = time.monotonic() + (0.0 if is_killed else REST)
            for name in [it for it, at in due.items() if at <= time.monotonic()]:
                del due[name]
                children[fork(name, folder)] = name
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    keep_all(Path(sys.argv[1]))
