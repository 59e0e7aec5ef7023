"""The database of one simulating process: one migrated SQLite file, emptied between two runs."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, create_engine

from edition_migration.adapters.store.schema import upgrade
from edition_migration.domain.mail import MailState
from tests.simulator.database import StoreInPlace
from tests.simulator.view import Row, View, read_table, read_view

_IN_MEMORY = Path("/dev/shm")
"""Where the machine has it: a simulated crash ends work, never the machine, so nothing need reach a disk."""


@dataclass
class Ground:
    """The real store on its file, and a look of our own at what is committed."""

    store: StoreInPlace
    _engine: Engine
    _own: sqlite3.Connection
    _new: sqlite3.Connection

    def empty(self) -> None:
        """As if it were just made, page by page; row numbers begin anew, so that a seed gives the same run again."""
        self._new.backup(self._own)

    def view(self) -> View:
        with self._engine.connect() as connection:
            return read_view(connection)

    def contacts(self) -> list[Row]:
        with self._engine.connect() as connection:
            return read_table(connection, "contacts")

    def has_doorbells(self) -> bool:
        return self._own.execute("SELECT 1 FROM doorbells LIMIT 1").fetchone() is not None

    def is_anybody_enrolled(self) -> bool:
        return self._own.execute("SELECT 1 FROM migrations LIMIT 1").fetchone() is not None

    def wave_ids(self) -> list[str]:
        return [str(row[0]) for row in self._own.execute("SELECT wave_id FROM waves WHERE size > 0 ORDER BY wave_id")]

    def migration_states(self) -> list[str]:
        """Of each migration, in upper case as they are stored."""
        return [str(row[0]) for row in self._own.execute("SELECT state FROM migrations")]

    def accepted_mails(self) -> list[str]:
        """To users, oldest first."""
        rows = self._own.execute("SELECT mail_id FROM mails WHERE state = 'accepted' AND user_id IS NOT NULL")
        return [str(row[0]) for row in rows]

    def user_of(self, mail_id: str) -> str:
        return str(self._own.execute("SELECT user_id FROM mails WHERE mail_id = ?", (mail_id,)).fetchone()[0])

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """All rows as they lie there."""
        names = [
            row[0]
            for row in self._own.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {name: self._own.execute(f'SELECT * FROM "{name}"').fetchall() for name in sorted(names)}  # noqa: S608

    def mail_state(self, mail_id: str) -> MailState | None:
        row = self._own.execute("SELECT state FROM mails WHERE mail_id = ?", (mail_id,)).fetchone()
        return None if row is None else MailState(row[0])


@cache
def _schema() -> bytes:
    """An empty database; the upgrade takes longer than a seed."""
    with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
        file = Path(folder) / "store.db"
        asyncio.run(upgrade(f"sqlite+aiosqlite:///{file}"))
        with closing(sqlite3.connect(file)) as connection:
            return connection.serialize()


@contextmanager
def prepared_ground() -> Generator[Ground]:
    """A folder of its own, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="simulator-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        file = Path(folder) / "store.db"
        file.write_bytes(_schema())
        own = sqlite3.connect(file, isolation_level=None)
        new = sqlite3.connect(":memory:")
        own.backup(new)
        engine = create_engine(f"sqlite:///{file}")
        store = StoreInPlace(file)
        yield Ground(store, engine, own, new)
        store.close()
        engine.dispose()
        own.close()
        new.close()
        shutil.rmtree(folder, ignore_errors=True)
