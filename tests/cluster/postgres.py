"""The machine's own PostgreSQL, with its contrib modules: Temporal's schema wants one, and the tests' wheel has none.

As root it runs as the user `postgres`: it refuses to be one who may do everything.
"""

import os
import shutil
import signal
import tempfile
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cluster.ports import free_ports
from tests.cluster.program import Program, ProgramFailed, run_once
from tests.fixtures.temporal_process import HOST

USER = "postgres"
SETTINGS = {
    "max_connections": 300,  # of all processes together; 100 unless told
    "fsync": "off",  # a process that ends loses nothing that it gave to the system
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": HOST,
}


class Postgres:
    """`program` is not started yet."""

    def __init__(self, data: Path, logs: Path, user: str | None) -> None:
        self.port = free_ports(1)[0]
        self._binaries, self._data, self._logs, self._user = find_binaries(), data, logs, user
        settings = (f"-c{name}={value}" for name, value in {**SETTINGS, "port": self.port}.items())
        self.program = Program(
            "postgresql",
            (str(self._binaries / "postgres"), "-D", str(data), *settings),
            os.environ,
            logs,
            self._is_ready,
            # In order, without waiting for whoever is connected: what is committed is kept, what runs is rolled back.
            end_signal=signal.SIGINT,
            user=user,
            cwd=data,
        )

    async def start(self) -> None:
        """For the first time. Raises ProgramFailed."""
        await self._run("initdb", "--auth=trust", f"--username={USER}", f"--pgdata={self._data}")
        await self.program.start()

    async def create(self, database: str) -> str:
        """The URL of a new, empty database. Raises ProgramFailed."""
        await self._run("createdb", f"--host={HOST}", f"--port={self.port}", f"--username={USER}", database)
        return self.url(database)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}@{HOST}:{self.port}/{database}"

    async def _run(self, tool: str, *arguments: str) -> None:
        command = (str(self._binaries / tool), *arguments)
        await run_once(tool, command, os.environ, self._logs, user=self._user, cwd=self._data)

    async def _is_ready(self) -> bool:
        command = (str(self._binaries / "pg_isready"), f"--host={HOST}", f"--port={self.port}")
        process = await create_subprocess_exec(*command, cwd=self._data, stdout=subprocess.DEVNULL)
        return await process.wait() == 0


@asynccontextmanager
async def new_postgres(logs: Path) -> AsyncGenerator[Postgres]:
    """Its files are gone at the end."""
    user = USER if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(prefix="em-pg-"))
    if user:
        shutil.chown(data, user)
    try:
        yield Postgres(data, logs, user)
    finally:
        shutil.rmtree(data)


def find_binaries() -> Path:
    """Where `postgres` and its tools lie: on PATH, else Debian's newest. Raises ProgramFailed where there are none."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda it: int(it.parent.name))
    if not of_debian:
        raise ProgramFailed("there is no PostgreSQL; deploy/setup/postgresql.sh installs Debian's")
    return of_debian[-1]
