"""The database's failures in the project's own closed set, told by class and code, never by text.

What is raised carries neither the statement, nor its parameters, nor the driver's words, nor a cause that does: they
hold addresses. PostgreSQL's own detail of a broken rule names the value.
"""

import sqlite3
from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from edition_migration.domain.errors import Conflict, EditionMigrationError, StoreUnavailable

Result = TypeVar("Result")

_MEND = "see whether the database runs, can be reached, and has room; the work is repeated by itself"

_SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)

_POSTGRES_UNAVAILABLE_CLASSES = frozenset({"08", "28", "3D", "53", "57", "58"})
"""Connection, authorization, no such database, resources, operator intervention, system error."""
_POSTGRES_UNAVAILABLE = frozenset({"25006", "40001", "40P01", "55P03"})
"""Read-only after a failover, serialization failure, deadlock, lock not available in time."""

_TAKEN = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})


async def guarded(call: Awaitable[Result]) -> Result:
    """The answer of one call to the database.

    Raises StoreUnavailable, Conflict (a key is taken; the transaction is lost) or, for what is our own fault,
    EditionMigrationError with a code only.
    """
    try:
        return await call
    except DBAPIError as error:
        failure = _failure_of(error)
    except (PoolTimeout, PendingRollbackError, TimeoutError, OSError) as error:  # the second: it was lost a moment ago
        failure = StoreUnavailable(f"the database gave no connection ({type(error).__name__})", mend=_MEND)
    raise failure  # outside the handler, so that the driver's words are not its context


def _failure_of(error: DBAPIError) -> EditionMigrationError:
    code = _code_of(error)
    if error.connection_invalidated or _is_unavailable(error):
        return StoreUnavailable(f"the database cannot answer ({code})", mend=_MEND)
    if code in _TAKEN:
        return Conflict(f"a key of this row is taken ({code})")
    return EditionMigrationError(f"the database refuses a statement of ours ({code})")


def _is_unavailable(error: DBAPIError) -> bool:
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        number = getattr(origin, "sqlite_errorcode", None)
        return number is not None and number & 0xFF in _SQLITE_UNAVAILABLE
    state = getattr(origin, "sqlstate", None) or ""
    return state in _POSTGRES_UNAVAILABLE or state[:2] in _POSTGRES_UNAVAILABLE_CLASSES


def _code_of(error: DBAPIError) -> str:
    origin = error.orig
    return getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None) or type(origin).__name__
