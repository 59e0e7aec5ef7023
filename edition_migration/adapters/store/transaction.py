"""One transaction as the repositories use it: statements in, rows out, failures translated.

To build a statement takes longer than to run it, so those that every step runs are built once, at import, with
parameters named by `given` and `given_ref`; their values come with each call, from `of` for a migration.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Executable,
    Integer,
    RowMapping,
    Table,
    and_,
    bindparam,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from edition_migration.adapters.store.failures import guarded
from edition_migration.domain.errors import EditionMigrationError
from edition_migration.domain.names import MigrationRef

Item = TypeVar("Item")
Insert = postgresql.Insert | sqlite.Insert

CHUNK = 500
"""Values of one IN list: far below both databases' limit of parameters."""


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


Given = Mapping[str, Any]
"""Values of a statement's parameters, and of the columns that an UPDATE sets."""


def given(column: ColumnElement[Any], name: str) -> BindParameter[Any]:
    """A value of `column` that comes with each call. Its name is no column's, which an UPDATE would set."""
    return bindparam(f"given_{name}", type_=column.type)


def given_list(column: ColumnElement[Any], name: str) -> BindParameter[Any]:
    """Values of `column` for an IN list, which come with each call."""
    return bindparam(f"given_{name}", type_=column.type, expanding=True)


GIVEN_LIMIT: BindParameter[int] = bindparam("given_limit", type_=Integer)
"""A LIMIT that comes with each call."""


def given_ref(columns: Any) -> ColumnElement[bool]:
    """The rows of one migration, in a table that names it."""
    return and_(*(columns[name] == given(columns[name], name) for name in ("org_id", "user_id", "generation")))


def of(ref: MigrationRef) -> dict[str, Any]:
    """The values for `given_ref`."""
    return {"given_org_id": ref.org_id, "given_user_id": ref.user_id, "given_generation": ref.generation}


def _insert(is_postgresql: bool) -> Callable[[Table], Insert]:
    return postgresql.insert if is_postgresql else sqlite.insert


@cache
def _made(build: Callable[[Callable[[Table], Insert]], Executable], is_postgresql: bool) -> Executable:
    return build(_insert(is_postgresql))


@cache
def _upsert(table: Table, keys: tuple[str, ...], columns: tuple[str, ...], is_postgresql: bool) -> Insert:
    statement = _insert(is_postgresql)(table)
    names = columns or [column.name for column in table.c]
    others = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


class Transaction:
    """A connection inside BEGIN. Every method raises what `guarded` says."""

    def __init__(self, connection: AsyncConnection, *, is_writer: bool) -> None:
        self._connection = connection
        self._is_writer = is_writer
        self._is_postgresql = connection.dialect.name == "postgresql"

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows ON CONFLICT in the dialect of this database."""
        return _insert(self._is_postgresql)(table)

    def upsert(self, table: Table, *keys: str, columns: Sequence[str] = ()) -> Insert:
        """An INSERT that replaces `columns` (all others, where none are named) of a row with the same `keys`."""
        return _upsert(table, keys, tuple(columns), self._is_postgresql)

    def made(self, build: Callable[[Callable[[Table], Insert]], Executable]) -> Executable:
        """What `build` makes of this database's INSERT, made once."""
        return _made(build, self._is_postgresql)

    async def lock(self, key: Column[Any], condition: ColumnElement[bool]) -> None:
        """Holds rows in the order of `key`, so that two pages never wait for each other in a circle.

        SQLite has one writer, who needs no more.
        """
        if self._is_postgresql:
            await self.rows(select(key).where(condition).order_by(key).with_for_update(key_share=True))

    async def rows(self, statement: Executable, parameters: Given | Sequence[Given] | None = None) -> list[RowMapping]:
        """All rows: of a query, or of a change with RETURNING, done once for each row of a list of parameters."""
        result = await guarded(self._connection.execute(statement, parameters))
        return list(result.mappings().all())

    async def all(
        self, make: Callable[..., Item], statement: Executable, parameters: Given | None = None
    ) -> list[Item]:
        """All rows as records, whose fields are the columns."""
        return [make(**row) for row in await self.rows(statement, parameters)]

    async def first(
        self, make: Callable[..., Item], statement: Executable, parameters: Given | None = None
    ) -> Item | None:
        """The first row as a record, or None."""
        row = await self.row(statement, parameters)
        return None if row is None else make(**row)

    async def row(self, statement: Executable, parameters: Given | None = None) -> RowMapping | None:
        """The first row."""
        result = await guarded(self._connection.execute(statement, parameters))
        return result.mappings().first()

    async def value(self, statement: Executable, parameters: Given | None = None) -> Any:
        """The first column of the first row, or None."""
        return await guarded(self._connection.scalar(statement, parameters))

    async def change(self, statement: Executable, parameters: Given | None = None) -> int:
        """Runs one change; the number of rows it changed."""
        result = await guarded(self._connection.execute(statement, parameters))
        return result.rowcount

    async def change_each(self, statement: Executable, parameters: Sequence[dict[str, Any]]) -> None:
        """Runs one change once for each row of parameters."""
        if parameters:
            await guarded(self._connection.execute(statement, parameters))

    async def commit(self) -> None:
        if not self._is_writer:
            raise EditionMigrationError("a transaction for looking has nothing to commit")
        await guarded(self._connection.commit())
