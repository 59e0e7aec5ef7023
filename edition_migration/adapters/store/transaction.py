"""One transaction as the repositories use it: statements in, rows out, failures translated."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Executable, RowMapping, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from edition_migration.adapters.store.failures import guarded
from edition_migration.domain.errors import EditionMigrationError

Item = TypeVar("Item")
Insert = postgresql.Insert | sqlite.Insert

CHUNK = 500
"""Values of one IN list: far below both databases' limit of parameters."""


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


class Transaction:
    """A connection inside BEGIN. Every method raises what `guarded` says."""

    def __init__(self, connection: AsyncConnection, *, is_writer: bool) -> None:
        self._connection = connection
        self._is_writer = is_writer
        self._is_postgresql = connection.dialect.name == "postgresql"

    def insert(self, table: Table) -> Insert:
        """An INSERT that knows ON CONFLICT in the dialect of this database."""
        return postgresql.insert(table) if self._is_postgresql else sqlite.insert(table)

    def upsert(self, table: Table, *keys: str, columns: Sequence[str] = ()) -> Insert:
        """An INSERT that replaces `columns` (all others, where none are named) of a row with the same `keys`."""
        statement = self.insert(table)
        names = columns or [column.name for column in table.c]
        others = {name: statement.excluded[name] for name in names if name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=others)

    async def lock(self, key: Column[Any], condition: ColumnElement[bool]) -> None:
        """Holds rows in the order of `key`, so that two pages never wait for each other in a circle.

        SQLite has one writer, who needs no more.
        """
        if self._is_postgresql:
            await self.rows(select(key).where(condition).order_by(key).with_for_update(key_share=True))

    async def rows(self, statement: Executable, parameters: Sequence[dict[str, Any]] | None = None) -> list[RowMapping]:
        """All rows: of a query, or of a change with RETURNING."""
        result = await guarded(self._connection.execute(statement, parameters))
        return list(result.mappings().all())

    async def all(self, make: Callable[..., Item], statement: Executable) -> list[Item]:
        """All rows as records, whose fields are the columns."""
        return [make(**row) for row in await self.rows(statement)]

    async def first(self, make: Callable[..., Item], statement: Executable) -> Item | None:
        """The first row as a record, or None."""
        row = await self.row(statement)
        return None if row is None else make(**row)

    async def row(self, statement: Executable) -> RowMapping | None:
        """The first row."""
        result = await guarded(self._connection.execute(statement))
        return result.mappings().first()

    async def value(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return await guarded(self._connection.scalar(statement))

    async def change(self, statement: Executable) -> int:
        """Runs one change; the number of rows it changed."""
        result = await guarded(self._connection.execute(statement))
        return result.rowcount

    async def change_each(self, statement: Executable, parameters: Sequence[dict[str, Any]]) -> None:
        """Runs one change once for each row of parameters."""
        if parameters:
            await guarded(self._connection.execute(statement, parameters))

    async def commit(self) -> None:
        if not self._is_writer:
            raise EditionMigrationError("a transaction for looking has nothing to commit")
        await guarded(self._connection.commit())
