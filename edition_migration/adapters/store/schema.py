"""The schema's revisions: which one this code wants, which one a database has, and bringing it there.

Used by `starter.py setup` and `doctor`, the demo and the tests; never at import, and never by a process that serves.
"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from edition_migration.adapters.store.engine import connect, parsed_url
from edition_migration.adapters.store.failures import guarded

_SCRIPTS = Path(__file__).parent / "alembic"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7302417)")


@cache
def expected_revision() -> str | None:
    """The newest revision of this code."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()


@cache
def known_revisions() -> frozenset[str]:
    """All revisions that this code can bring to the newest."""
    return frozenset(it.revision for it in ScriptDirectory(str(_SCRIPTS)).walk_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; None where it has no schema of ours."""
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(url: str) -> None:
    """Brings the database of `url` to this code's revision, in one transaction; a repeat changes nothing.

    Two at once wait for each other. Raises StoreUnavailable where the database cannot answer.
    """
    _make_folder(url)
    engines = connect(url)
    try:
        async with engines.writer.connect() as connection:
            await guarded(connection.begin().start())
            await guarded(connection.run_sync(_upgrade))
            await guarded(connection.commit())
    finally:
        await engines.dispose()


def _make_folder(url: str) -> None:
    """SQLite makes the file, not the folder it lies in."""
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
