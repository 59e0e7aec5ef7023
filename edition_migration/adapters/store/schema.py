"""Bringing a database to this code's schema.

Used by `starter.py setup`, the demo and the tests; never at import, and never by a process that serves.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from edition_migration.adapters.store.engine import connect, parsed_url
from edition_migration.adapters.store.failures import guarded
from edition_migration.adapters.store.revisions import expected_revision, mismatch, schema_of

SCRIPTS = Path(__file__).parent / "alembic"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7302417)")


async def upgrade(url: str) -> str:
    """Brings the database of `url` to this code's revision, in one transaction; a repeat changes nothing.

    There is no way back: a newer schema that serves this code is left as it is. The answer is the revision that the
    database has then. Two at once wait for each other. Raises StoreUnavailable where the database cannot answer, or
    its newer schema does not serve this code.
    """
    _make_folder(url)
    engines = connect(url)
    try:
        async with engines.writer.connect() as connection:
            await guarded(connection.begin().start())
            revision = await guarded(connection.run_sync(_upgrade))
            await guarded(connection.commit())
            return revision
    finally:
        await engines.dispose()


def _make_folder(url: str) -> None:
    """SQLite makes the file, not the folder it lies in."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)


def _upgrade(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME)
    found = schema_of(connection)
    if found.is_newer and not found.serves:
        raise mismatch(found)
    if found.revision is not None and found.is_newer:
        return found.revision
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return expected_revision()
