"""Processes of ours, of this code or of the release kept in `release.py`, each as it runs in production."""

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.chaos.play import environment
from tests.cluster.program import Program
from tests.cluster.readiness import answers
from tests.fixtures.temporal_process import HOST, free_port
from tests.operations.office import Office

LINK_BASE = "http://127.0.0.1:8080"
"""As the world's pages have it; nobody listens there."""


@dataclass
class Fleet:
    """`folder` takes a log of each process."""

    office: Office
    folder: Path
    running: list[Program] = field(default_factory=list[Program])

    async def run(self, code: Path, *command: str) -> str:
        """One command to its end, which must be good; what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command), cwd=code, env=self._environ(), stdout=PIPE, stderr=STDOUT
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def start(self, name: str, code: Path, *command: str) -> Program:
        """Returns once it is ready."""
        environ = self._environ(free_port())
        is_ready = partial(answers, f"{address_of(environ)}/readyz")
        program = Program(name, (sys.executable, *command), environ, self.folder, is_ready, cwd=code)
        self.running.append(program)
        await program.start()
        return program

    def _environ(self, port: int = 0) -> dict[str, str]:
        office = self.office
        environ = environment(office.store_url, office.temporal.address, office.smtp.port, port)
        own = {"LINK_BASE": LINK_BASE, "WORKER_HEALTH_PORT": str(port)}
        return {**environ, **{f"EDITION_MIGRATION_{name}": value for name, value in own.items()}}


def address_of(environ: Mapping[str, str]) -> str:
    """Of a process with these settings."""
    return f"http://{HOST}:{environ['EDITION_MIGRATION_WEB_PORT']}"


@asynccontextmanager
async def fleet(office: Office, folder: Path) -> AsyncGenerator[Fleet]:
    """What still runs at the end is killed."""
    ours = Fleet(office, folder)
    try:
        yield ours
    finally:
        for it in ours.running:
            await it.kill()
