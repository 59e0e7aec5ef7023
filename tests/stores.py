"""The stores of a test process.

An engine keeps the statements that it compiled, for which a third of most tests' time would go: so one test after the
other has its store at the same place, and the same engines.
"""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

from edition_migration.adapters.store.engine import connect
from edition_migration.adapters.store.store import SqlStore

_connected = cache(connect)


@asynccontextmanager
async def store_at(url: str, *, is_dry: bool = False) -> AsyncGenerator[SqlStore]:
    """A store over the engines that this process has there; they are left without a connection, whatever happens."""
    with patch("edition_migration.adapters.store.store.connect", _connected):
        store = SqlStore(url, is_dry=is_dry)
    try:
        yield store
    finally:
        await store.dispose()


def empty_store(template: Path) -> str:
    """The URL of a copy beside the template, made anew; who still has the last one open keeps that to himself."""
    file = template.with_name("store.db")
    for old in file.parent.glob("store.db*"):
        old.unlink()
    shutil.copyfile(template, file)
    return f"sqlite+aiosqlite:///{file}"
