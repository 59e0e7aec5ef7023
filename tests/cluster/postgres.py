"""The machine's own PostgreSQL, with its contrib modules: Temporal's schema wants one, and the tests' wheel has none.

Roles and databases are made by the script that compose's container runs: each database has an owner who logs in with a
password and may do nothing beside. As root the server runs as the user `postgres`: it refuses to be one who may do
everything.
"""

import os
import secrets
import shutil
import signal
from asyncio import create_subprocess_exec, subprocess
from pathlib import Path

from tests.cluster.ports import free_ports
from tests.cluster.program import Program, ProgramFailed, run_once
from tests.fixtures.temporal_process import HOST

USER = "postgres"
OURS, TEMPORAL = "edition_migration", "temporal"
"""The owners of the databases; ours is named as its owner."""
DATABASES_SCRIPT = Path(__file__).parents[2] / "deploy" / "compose" / "postgres" / "databases.sh"
SETTINGS = {
    "max_connections": 300,  # of all processes together; 100 unless told
    "fsync": "off",  # a process that ends loses nothing that it gave to the system
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": HOST,
}


class Postgres:
    """Its files are in `folder`, an empty one for it alone. `program` is not started yet; `passwords` are by role."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self.port = free_ports(1)[0]
        self.passwords = {role: secrets.token_hex(16) for role in (USER, OURS, TEMPORAL)}
        self._user = USER if os.geteuid() == 0 else None
        self._binaries, self._folder, self._logs = find_binaries(), folder, logs
        settings = (f"-c{name}={value}" for name, value in {**SETTINGS, "port": self.port}.items())
        self.program = Program(
            "postgresql",
            (str(self._binaries / "postgres"), "-D", str(self._data), *settings),
            os.environ,
            logs,
            self._is_ready,
            # In order, without waiting for whoever is connected: what is committed is kept, what runs is rolled back.
            end_signal=signal.SIGINT,
            user=self._user,
            cwd=folder,
        )

    async def start(self) -> None:
        """For the first time, with all roles and databases. Raises ProgramFailed."""
        password = self._folder / "password"
        password.write_text(self.passwords[USER])
        if self._user:
            shutil.chown(self._folder, self._user)
            shutil.chown(password, self._user)
        login = (f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256")
        command = (str(self._binaries / "initdb"), *login, f"--pgdata={self._data}")
        await run_once("initdb", command, os.environ, self._logs, user=self._user, cwd=self._folder)
        await self.program.start()
        await self._make_databases()

    def url(self, database: str) -> str:
        """For SQLAlchemy, as the database's owner."""
        owner = OURS if database == OURS else TEMPORAL
        return f"postgresql+asyncpg://{owner}:{self.passwords[owner]}@{HOST}:{self.port}/{database}"

    async def _make_databases(self) -> None:
        folder = self._logs / "secrets"
        folder.mkdir(mode=0o700)
        for role in (OURS, TEMPORAL):
            (folder / f"{role}_db_password").write_text(self.passwords[role])
        environ = {
            **os.environ,
            "PATH": f"{self._binaries}{os.pathsep}{os.environ['PATH']}",
            "PGHOST": HOST,
            "PGPORT": str(self.port),
            "PGPASSWORD": self.passwords[USER],
            "SECRETS": str(folder),
        }
        await run_once("databases", (str(DATABASES_SCRIPT),), environ, self._logs)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    async def _is_ready(self) -> bool:
        command = (str(self._binaries / "pg_isready"), f"--host={HOST}", f"--port={self.port}")
        process = await create_subprocess_exec(*command, cwd=self._folder, stdout=subprocess.DEVNULL)
        return await process.wait() == 0


def find_binaries() -> Path:
    """Where `postgres` and its tools lie: on PATH, else Debian's newest. Raises ProgramFailed where there are none."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda it: int(it.parent.name))
    if not of_debian:
        raise ProgramFailed("there is no PostgreSQL; deploy/setup/postgresql.sh installs Debian's")
    return of_debian[-1]
