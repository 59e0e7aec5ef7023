"""Processes of ours, of this code or of the release kept in `release.py`, each as it runs in production."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.chaos.play import environment
from tests.e2e.world import until
from tests.fixtures.temporal_process import free_port
from tests.operations.office import Office

LINK_BASE = "http://127.0.0.1:8080"
"""As the world's pages have it; nobody listens there."""
PATIENCE = 180.0
"""Of a busy machine, on which a process takes a while to load its code."""


@dataclass
class Running:
    name: str
    process: asyncio.subprocess.Process
    address: str
    client: httpx2.AsyncClient

    async def status(self) -> int | None:
        """What its `/readyz` answers; None where nobody does."""
        try:
            return (await self.client.get(f"{self.address}/readyz")).status_code
        except httpx2.TransportError:
            return None

    async def stop(self) -> int:
        """As an orchestrator does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@dataclass
class Fleet:
    """`folder` takes a log of each process."""

    office: Office
    folder: Path
    client: httpx2.AsyncClient
    running: list[Running] = field(default_factory=list[Running])

    async def run(self, code: Path, *command: str) -> str:
        """One command to its end, which must be good; what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command), cwd=code, env=self._environ(), stdout=-1, stderr=-2
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def start(self, name: str, code: Path, *command: str) -> Running:
        """Returns once it is ready."""
        port = free_port()
        log = (self.folder / f"{name}.log").open("wb")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command), cwd=code, env=self._environ(port), stdout=log, stderr=log
        )
        log.close()
        running = Running(name, process, f"http://127.0.0.1:{port}", self.client)
        self.running.append(running)

        async def is_ready() -> bool:
            return await running.status() == 200

        await until(is_ready, lambda: (self.folder / f"{name}.log").read_text()[-2000:], PATIENCE, every=0.2)
        return running

    def _environ(self, port: int = 0) -> dict[str, str]:
        office = self.office
        environ = environment(office.store_url, office.temporal.address, office.smtp.port, port)
        own = {"LINK_BASE": LINK_BASE, "WORKER_HEALTH_PORT": str(port)}
        return {**environ, **{f"EDITION_MIGRATION_{name}": value for name, value in own.items()}}


@asynccontextmanager
async def fleet(office: Office, folder: Path) -> AsyncGenerator[Fleet]:
    """What still runs at the end is killed."""
    async with httpx2.AsyncClient(timeout=30) as client:
        ours = Fleet(office, folder, client)
        try:
            yield ours
        finally:
            for it in ours.running:
                if it.process.returncode is None:
                    it.process.kill()
                await it.process.wait()
