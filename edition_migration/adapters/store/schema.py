"""Bringing a database to this code's schema.

Used by `starter.py setup`, the demo and the tests; never at import, and never by a process that serves.
"""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from edition_migration.adapters.store.engine import connect, parsed_url
from edition_migration.adapters.store.failures import guarded
from edition_migration.adapters.store.revisions import expected_revision, mismatch, schema_of

SCRIPTS = Path(__file__).parent / "alembic"
REST = 0.5
"""Seconds between two looks whether another upgrade has ended."""
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_lock(7302417)")


async def upgrade(url: str) -> str:
    """Brings the database of `url` to this code's revision; a repeat changes nothing.

    SQLite in one transaction; PostgreSQL in one for each revision, so that indexes can be built beside those who write,
    and a repeat goes on where a run was ended. There is no way back: a newer schema that serves this code is left as it
    is. The answer is the revision that the database has then. Two at once wait for each other, however long it takes.
    Raises StoreUnavailable where the database cannot answer, or its newer schema does not serve this code.
    """
    _make_folder(url)
    engines = connect(url)
    try:
        async with engines.writer.connect() as connection:
            if engines.is_serial:
                await guarded(connection.begin().start())
            else:
                await _alone(connection)
            revision = await guarded(connection.run_sync(_upgrade))
            await guarded(connection.commit())
            return revision
    finally:
        await engines.dispose()


async def _alone(connection: AsyncConnection) -> None:
    """From now until the connection ends nobody else upgrades.

    It asks again and again: a query that waits for the lock would be one of those whose end an index waits for that is
    built concurrently, by the one who has the lock.
    """
    while not await guarded(connection.scalar(_ONE_AT_A_TIME)):
        await guarded(connection.rollback())
        await asyncio.sleep(REST)
    await guarded(connection.rollback())


def _make_folder(url: str) -> None:
    """SQLite makes the file, not the folder it lies in."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)


def _upgrade(connection: Connection) -> str:
    found = schema_of(connection)
    if found.is_newer and not found.serves:
        raise mismatch(found)
    if found.revision is not None and found.is_newer:
        return found.revision
    if connection.dialect.name == "postgresql":
        connection.rollback()  # each revision begins one of its own
    bring_to(connection, "head")
    return expected_revision()


def bring_to(connection: Connection, revision: str) -> None:
    """Applies what leads to this revision, and asks nothing: neither who else does so, nor what the schema is."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
