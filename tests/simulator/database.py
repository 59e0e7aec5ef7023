"""The real repositories on SQLite without threads and without an asynchronous driver: each statement is done in place.

Compiling, binding and reading values is SQLAlchemy's; only its way to the driver and back is left out, which would be
a third of all that a run costs. That way is tested in `tests/adapters/store`. Used by `ground`.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from edition_migration.adapters.store.store import SqlUnitOfWork
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.ports.store import UnitOfWork

Row = dict[str, Any]
Processor = Callable[[Any], Any]

_STATEMENTS = 500
"""Prepared statements that a connection keeps: more than the repositories have."""


class StoreInPlace:
    """As `SqlStore` on a migrated file: one writer at a time, and readers who see one snapshot and cannot write."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._dialect = sqlite.dialect(paramstyle="qmark")
        self._compiled: dict[Any, SQLCompiler] = {}
        self._write_lock = asyncio.Lock()
        self._writer = self._connect("PRAGMA synchronous=OFF")
        self._readers: list[sqlite3.Connection] = []

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[UnitOfWork]:
        async with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._unit_of_work(self._writer, is_writer=True)
            finally:
                self._writer.rollback()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[UnitOfWork]:
        reader = self._readers.pop() if self._readers else self._connect("PRAGMA query_only=ON")
        reader.execute("BEGIN")
        try:
            yield self._unit_of_work(reader, is_writer=False)
        finally:
            reader.rollback()
            self._readers.append(reader)

    def close(self) -> None:
        for connection in (self._writer, *self._readers):
            connection.close()

    def _connect(self, pragma: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, cached_statements=_STATEMENTS)
        connection.execute(pragma)
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _unit_of_work(self, connection: sqlite3.Connection, *, is_writer: bool) -> UnitOfWork:
        in_place: Any = _Connection(connection, self._dialect, self._compiled)
        return SqlUnitOfWork(Transaction(in_place, is_writer=is_writer))


@dataclass(frozen=True, slots=True)
class _Result:
    """What `Transaction` asks of a result."""

    rows: list[Row]
    rowcount: int

    def mappings(self) -> "_Result":
        return self

    def all(self) -> list[Row]:
        return self.rows

    def first(self) -> Row | None:
        return self.rows[0] if self.rows else None


class _Connection:
    """What `Transaction` asks of a connection inside BEGIN."""

    def __init__(self, raw: sqlite3.Connection, dialect: Any, compiled: dict[Any, SQLCompiler]) -> None:
        self._raw = raw
        self.dialect = dialect
        self._compiled = compiled

    async def execute(self, statement: Any, parameters: Sequence[Row] | Row | None = None) -> _Result:
        if not isinstance(parameters, Sequence):
            return self._execute(statement, parameters or {})
        done = [self._execute(statement, row) for row in parameters or [{}]]
        return _Result([row for one in done for row in one.rows], sum(one.rowcount for one in done))

    async def scalar(self, statement: Any, parameters: Row | None = None) -> Any:
        row = self._execute(statement, parameters or {}).first()
        return None if row is None else next(iter(row.values()))

    async def commit(self) -> None:
        self._raw.execute("COMMIT")

    def _execute(self, statement: Any, parameters: Row) -> _Result:
        compiled, extracted, collected, _ = statement._compile_w_cache(
            self.dialect, compiled_cache=self._compiled, column_keys=sorted(parameters)
        )
        values = compiled.construct_params(
            parameters, extracted_parameters=extracted, escape_names=False, _collected_params=collected
        )
        sql, names, processors = compiled.string, compiled.positiontup, compiled._bind_processors
        if compiled.literal_execute_params or compiled.post_compile_params:
            expanded = compiled._process_parameters_for_postcompile(values)
            sql, names, processors = expanded.statement, expanded.positiontup, {**processors, **expanded.processors}
        bound = [processors[name](values[name]) if name in processors else values[name] for name in names]
        try:
            cursor = self._raw.execute(sql, bound)
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise DBAPIError(None, None, error) from error
        return _Result(_read(compiled, rows, self.dialect), cursor.rowcount)


def _read(compiled: SQLCompiler, rows: list[tuple[Any, ...]], dialect: Any) -> list[Row]:
    if not rows:
        return []
    columns = [(it.keyname, it.type._cached_result_processor(dialect, None)) for it in compiled._result_columns]
    return [
        {name: process(value) if process else value for (name, process), value in zip(columns, row, strict=True)}
        for row in rows
    ]
