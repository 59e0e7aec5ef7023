"""How the store connects: one engine for changes and one for looking. Used by the store and by the schema's upgrade.

SQLite: WAL, and `synchronous=FULL`, because nobody is answered before his row would survive a power cut; writers take
the write lock at BEGIN, readers see one snapshot and cannot write. PostgreSQL: READ COMMITTED for writers, who hold
rows; REPEATABLE READ READ ONLY for readers.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from edition_migration.domain.errors import ConfigurationError

PATIENCE = timedelta(seconds=30)
"""How long a statement waits for somebody else's lock."""
CONNECTIONS = 20
"""The most of one process to PostgreSQL; readers of one process to a SQLite file."""

_URLS = "begin it with sqlite+aiosqlite:/// or postgresql+asyncpg://, as in docs/reference/settings.md"
_to_json = partial(json.dumps, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Engines:
    """`writer` and `reader` are of the same database; `is_serial` where it has one writer at a time."""

    writer: AsyncEngine
    reader: AsyncEngine
    is_serial: bool

    async def dispose(self) -> None:
        await self.writer.dispose()
        await self.reader.dispose()


def connect(url: str, *, patience: timedelta = PATIENCE, connections: int = CONNECTIONS) -> Engines:
    """Engines of `sqlite+aiosqlite:///file` or `postgresql+asyncpg://...`; connects at the first use.

    Raises ConfigurationError for what is no URL or of another kind, and where the driver is not installed; its text
    does not repeat the URL, which may hold a password.
    """
    parsed = parsed_url(url)
    try:
        if parsed.drivername == "sqlite+aiosqlite":
            return _sqlite(parsed, patience, connections)
        if parsed.drivername == "postgresql+asyncpg":
            return _postgresql(parsed, patience, connections)
    except ModuleNotFoundError as error:
        mend = "install it: uv sync --frozen --no-dev --extra postgres"
        raise ConfigurationError(f"the database's driver {error.name} is not installed", mend=mend) from None
    raise ConfigurationError("the store's URL is of no kind that is served", mend=_URLS)


def parsed_url(url: str) -> URL:
    """Raises ConfigurationError for what is no URL; its text does not repeat it."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError("the store's URL is no URL of a database", mend=_URLS) from None


def _sqlite(url: URL, patience: timedelta, connections: int) -> Engines:
    arguments = {"timeout": patience.total_seconds(), "isolation_level": None}
    make = partial(create_async_engine, url, connect_args=arguments, json_serializer=_to_json, hide_parameters=True)
    writer = make(pool_size=1, max_overflow=0)
    reader = make(pool_size=connections, max_overflow=0)
    _prepare(writer.sync_engine, "BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
    _prepare(reader.sync_engine, "BEGIN", "PRAGMA query_only=ON")
    return Engines(writer, reader, is_serial=True)


def _prepare(engine: Engine, begin: str, *pragmas: str) -> None:
    """Sets up each new connection, and says BEGIN ourselves: the driver would begin late, or not at all."""

    def on_connect(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in (*pragmas, "PRAGMA foreign_keys=ON"):
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _postgresql(url: URL, patience: timedelta, connections: int) -> Engines:
    settings = {
        "application_name": "edition-migration",
        "timezone": "UTC",
        "lock_timeout": str(int(patience.total_seconds() * 1000)),
    }
    engine = create_async_engine(
        url,
        connect_args={"server_settings": settings, "timeout": patience.total_seconds()},
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience.total_seconds(),
        json_serializer=_to_json,
        hide_parameters=True,
    )
    return Engines(
        engine.execution_options(isolation_level="READ COMMITTED"),
        engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True),
        is_serial=False,
    )
