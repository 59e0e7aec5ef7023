"""Which schema this code wants and which one a database has; without Alembic, since every process asks at its start."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

_VERSIONS = Path(__file__).parent / "alembic" / "versions"
_TABLE = "alembic_version"


@cache
def known_revisions() -> frozenset[str]:
    """All revisions that this code can bring to the newest; each file's name begins with its own."""
    return frozenset(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.py"))


def expected_revision() -> str:
    """The newest revision of this code; they are numbered in their order."""
    return max(known_revisions())


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; None where it has no schema of ours."""
    if not inspect(connection).has_table(_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 - a constant
