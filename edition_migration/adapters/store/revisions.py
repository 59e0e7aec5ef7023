"""Which schema this code wants and which one a database has; without Alembic, since every process asks at its start."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text

from edition_migration.adapters.store.tables.schema import schema_floor
from edition_migration.domain.errors import StoreUnavailable

_VERSIONS = Path(__file__).parent / "alembic" / "versions"
_TABLE = "alembic_version"


@cache
def known_revisions() -> frozenset[str]:
    """All revisions that this code can bring to the newest; each file's name begins with its own."""
    return frozenset(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*.py"))


def expected_revision() -> str:
    """The newest revision of this code; they are numbered in their order."""
    return max(known_revisions())


@dataclass(frozen=True, slots=True)
class FoundSchema:
    """`revision` None: there is no schema of ours. Code older than `oldest_code` must not run on it."""

    revision: str | None = None
    oldest_code: str | None = None

    @property
    def is_newer(self) -> bool:
        """Whether newer code than this made it."""
        return self.revision is not None and self.revision not in known_revisions()

    @property
    def serves(self) -> bool:
        """Whether this code may run on it: it is this code's own, or newer and expanded only."""
        if self.is_newer:
            return self.oldest_code is not None and self.oldest_code <= expected_revision()
        return self.revision == expected_revision()


def mismatch(found: FoundSchema) -> StoreUnavailable:
    """What to raise where this code may not run on the database."""
    mend = "run the newer code that made it" if found.is_newer else "run starter.py setup with this code"
    text = f"the database has schema {found.revision or 'none'}, this code wants {expected_revision()}"
    return StoreUnavailable(text, mend=mend)


def schema_of(connection: Connection) -> FoundSchema:
    tables = inspect(connection).get_table_names()
    if _TABLE not in tables:
        return FoundSchema()
    revision = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 - a constant
    has_floor = schema_floor.name in tables
    return FoundSchema(revision, connection.scalar(select(schema_floor.c.oldest_code)) if has_floor else None)
