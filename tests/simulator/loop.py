"""One event loop without threads and without time of its own, so that the same seed gives the same run.

What the product hands to threads (the database driver, `asyncio.to_thread`) is done at once, in place. The loop's time
stands still: nothing of the machine's speed enters a run.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util.concurrency import await_


class StillLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that can say whether anything is left to run now."""

    def __init__(self) -> None:
        super().__init__()
        self.set_default_executor(_InPlace())

    def time(self) -> float:
        return 0.0

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:
        """There is one thread, so nobody must be woken."""
        return self.call_soon(callback, *args, context=context)

    async def settle(self) -> None:
        """Returns once every task waits for something."""
        while self._ready:  # noqa: ASYNC110 - pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            await asyncio.sleep(0)


class _InPlace(ThreadPoolExecutor):
    """Runs what it is given at once."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


async def _nothing() -> None: ...


class _Cursor(sqlite3.Cursor):
    """SQLAlchemy insists that something is awaited; this is the least."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        await_(_nothing())
        return super().execute(*arguments)

    async def _async_soft_close(self) -> None:
        """Rows are read when they are asked for; there is nothing to wait for."""

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        await_(_nothing())
        return super().executemany(*arguments)


class _Connection(sqlite3.Connection):
    """A connection of the standard library where SQLAlchemy expects one of aiosqlite: nothing is waited for."""

    @property
    def _connection(self) -> sqlite3.Connection:
        return self

    def cursor(self, *_: Any, **__: Any) -> sqlite3.Cursor:
        return super().cursor(_Cursor)

    def terminate(self) -> None:
        self.close()


class _Driver:
    """In the place of aiosqlite."""

    has_stop = True
    aiosqlite = aiosqlite

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        return sqlite3.connect(*arguments, factory=_Connection, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)


@contextmanager
def database_in_place() -> Generator[None]:
    """Engines on SQLite that are made inside work without a thread: each statement is done when it is given."""
    with patch.object(SQLiteDialect_aiosqlite, "import_dbapi", lambda: _Driver()):
        yield
