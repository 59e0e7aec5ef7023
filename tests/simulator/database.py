"""The real repositories on SQLite without threads and without an asynchronous driver: each statement is done in place.

Compiling, binding and reading values is SQLAlchemy's; only its way to the driver and back is left out, which would be
a third of all that a run costs. That way is tested in `tests/adapters/store`. Used by `ground`.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

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
        self._statements = _Statements()
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
        in_place: Any = _Connection(connection, self._statements)
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


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement with its IN lists written out: the text, and by name and type what is bound to it."""

    sql: str
    parameters: Sequence[tuple[str, Processor | None]]
    listed: Row

    def values(self, given: Row) -> list[Any]:
        every = given | self.listed
        return [process(every[name]) if process else every[name] for name, process in self.parameters]


class _Prepared:
    """One statement as it was compiled, for all its executions with values of the same names."""

    def __init__(self, compiled: SQLCompiler, values: Row, dialect: Any) -> None:
        self._compiled = compiled
        self._defaults = values
        self._lists = [compiled.bind_names[it] for it in compiled.literal_execute_params | compiled.post_compile_params]
        self._bound: dict[Any, _Bound] = {}
        self.columns = [
            (it.keyname, it.type._cached_result_processor(dialect, None)) for it in compiled._result_columns
        ]

    def bound(self, parameters: Row) -> tuple[str, list[Any]]:
        """The text and the values of one execution."""
        given = {**self._defaults, **parameters}
        key = tuple(_hashable(given[name]) for name in self._lists)
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = self._written_out(dict(given))
        return bound.sql, bound.values(given)

    def _written_out(self, given: Row) -> _Bound:
        compiled = self._compiled
        if not self._lists:
            return _Bound(compiled.string, _typed(compiled.positiontup, compiled._bind_processors), {})
        before = set(given)
        expanded = compiled._process_parameters_for_postcompile(given)
        types = {**compiled._bind_processors, **expanded.processors}
        listed = {name: value for name, value in given.items() if name not in before}
        return _Bound(expanded.statement, _typed(expanded.positiontup, types), listed)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _typed(names: Sequence[str] | None, types: Mapping[str, Any]) -> list[tuple[str, Processor | None]]:
    return [(name, types.get(name)) for name in names or ()]


class _Statements:
    """Statements of a process as they were compiled. One made anew for each call shares the text of its shape."""

    def __init__(self) -> None:
        self._dialect = sqlite.dialect(paramstyle="qmark")
        self._compiled: dict[Any, SQLCompiler] = {}
        self._prepared: WeakKeyDictionary[Any, dict[frozenset[str], _Prepared]] = WeakKeyDictionary()

    @property
    def dialect(self) -> Any:
        return self._dialect

    def prepared(self, statement: Any, parameters: Row) -> _Prepared:
        by_names = self._prepared.setdefault(statement, {})
        names = frozenset(parameters)
        found = by_names.get(names)
        if found is None:
            found = by_names[names] = self._new(statement, parameters)
        return found

    def _new(self, statement: Any, parameters: Row) -> _Prepared:
        compiled, extracted, collected, _ = statement._compile_w_cache(
            self._dialect, compiled_cache=self._compiled, column_keys=sorted(parameters)
        )
        values = compiled.construct_params(
            parameters, extracted_parameters=extracted, escape_names=False, _collected_params=collected
        )
        return _Prepared(compiled, values, self._dialect)


class _Connection:
    """What `Transaction` asks of a connection inside BEGIN."""

    def __init__(self, raw: sqlite3.Connection, statements: _Statements) -> None:
        self._raw = raw
        self._statements = statements
        self.dialect = statements.dialect

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
        prepared = self._statements.prepared(statement, parameters)
        sql, values = prepared.bound(parameters)
        try:
            cursor = self._raw.execute(sql, values)
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise DBAPIError(None, None, error) from error
        return _Result([_read(prepared, row) for row in rows], cursor.rowcount)


def _read(prepared: _Prepared, row: tuple[Any, ...]) -> Row:
    columns = zip(prepared.columns, row, strict=True)
    return {name: process(value) if process else value for (name, process), value in columns}
