"""Worker and web processes that kill themselves with SIGKILL at armed places, and are started anew. For crash tests.

The parent imports everything once and forks, so that a fresh process costs no import. A place is armed by a file of
the name `{role}.{place}` in a folder; whoever removes the file dies, so each place kills once. Where the file says
`freeze`, the process stops in place of dying, and leaves its pid in a file of the same name and `.frozen`. The parent
ends with its standard input, and says a line for each process that was killed.
"""

import asyncio
import os
import select
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import structlog
from pydantic import BaseModel, SecretStr

from edition_migration.application.rings import Bells
from edition_migration.bootstrap.foundation import foundation
from edition_migration.bootstrap.web import build_web_services, web_settings
from edition_migration.bootstrap.worker import build_activities
from edition_migration.domain.metrics import Process
from edition_migration.ports.mails import RelaySecurity
from edition_migration.temporal.client import connect
from edition_migration.temporal.metrics import SdkMeter
from edition_migration.temporal.sweep import sweep
from edition_migration.temporal.worker import WorkerOptions, build_workers
from edition_migration.web.app import build_app
from edition_migration.web.server import serve
from tests.e2e.watched_ports import Reached, WatchedGateway, WatchedMailer, WatchedStore
from tests.e2e.world import settings_of

WORKER, WEB = "worker", "web"
FREEZE = "freeze"


class CrashConfig(BaseModel, frozen=True):
    """What the processes need. `armed` is the folder of places."""

    database_url: str
    temporal_address: str
    smtp_port: int
    web_port: int
    armed: Path
    workers: int


class _Child(NamedTuple):
    pid: int
    role: str


def killer(role: str, armed: Path) -> Reached:
    async def reached(place: str) -> None:
        try:
            is_frozen = (armed / f"{role}.{place}").read_text() == FREEZE
            os.unlink(armed / f"{role}.{place}")
        except FileNotFoundError:
            return
        if is_frozen:
            (armed / f"{role}.{place}.frozen").write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGSTOP if is_frozen else signal.SIGKILL)

    return reached


async def run(role: str, config: CrashConfig) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    environ = {"TEMPORAL_ADDRESS": config.temporal_address}
    client = await connect(identity=f"{role}-{os.getpid()}", environ=environ)
    settings = settings_of(
        database_url=SecretStr(config.database_url),
        smtp_port=config.smtp_port,
        smtp_security=RelaySecurity.NONE,
    )
    real = foundation(settings, client)
    reached = killer(role, config.armed)
    store = WatchedStore(real.store, reached)
    base = replace(
        real,
        store=store,
        gateway=WatchedGateway(real.gateway, reached),
        mailer=WatchedMailer(real.mailer, real.store, reached),
    )
    if role == WEB:
        await serve(
            build_app(build_web_services(base, SdkMeter(client, Process.WEB)), web_settings(settings)),
            "127.0.0.1",
            config.web_port,
        )
    else:
        options = WorkerOptions(mails_per_second=1000, concurrent_mails=1, concurrent_activities=1)
        migration, mail = build_workers(client, build_activities(base, SdkMeter(client, Process.WORKER)), options)
        async with migration, mail:
            await sweep(Bells(store=base.store, gateway=base.gateway), asyncio.Event())


def fork(role: str, config: CrashConfig) -> _Child:
    pid = os.fork()
    if pid:
        return _Child(pid, role)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    try:
        asyncio.run(run(role, config))
    except BaseException:  # the parent's own code must not run in the child
        traceback.print_exc()
    os._exit(1)


def _wake_up(number: int, frame: FrameType | None) -> None:
    """Nothing itself: the signal writes to the wake-up file."""


def keep_alive(config: CrashConfig) -> None:
    """Restarts who was killed, until standard input ends. A process that ends in any other way ends this one."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, _wake_up)
    roles = [WORKER] * config.workers + [WEB]
    children = {child.pid: child for child in (fork(role, config) for role in roles)}
    try:
        while True:
            ready, _, _ = select.select([0, reading], [], [])
            if 0 in ready and not os.read(0, 1):
                return
            if reading in ready:
                os.read(reading, 1000)
            _restart_killed(children, config)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _restart_killed(children: dict[int, _Child], config: CrashConfig) -> None:
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG) if children else (0, 0)
        if not pid:
            return
        ended = children.pop(pid)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            raise SystemExit(f"a {ended.role} process ended by itself with status {status}")
        print(f"{time.monotonic():.1f} killed {ended.role}", flush=True)  # noqa: T201 - what the test counts
        new = fork(ended.role, config)
        children[new.pid] = new


if __name__ == "__main__":
    keep_alive(CrashConfig.model_validate_json(sys.argv[1]))
