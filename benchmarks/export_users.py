"""How fast and how flat `export` is: users a second, peak memory, and the ratio to the plainest way.

Run: `python -m benchmarks.export_users [USERS]`, SQLite in a temporary folder. The plainest way reads the same rows of
the same database with one SELECT and writes them with `csv`.
"""

import asyncio
import csv
import io
import sqlite3
import sys
import tempfile
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.import_users import peak_mb
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.filters import NO_FILTER
from edition_migration.application.listings import Listings, Scope
from edition_migration.application.views import UserLine
from edition_migration.cli.output import CsvOut
from edition_migration.domain.states import AccountStatus, InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests import builders

USERS = 100_000
CHUNK = 5_000
PLAIN = """
SELECT m.user_id, u.email, u.display_name, u.client_version, u.inactive_reason, m.state, m.reason, m.since, m.wave_id,
       m.deadline_at, m.attention, m.attention_at
FROM migrations m JOIN users u ON u.user_id = m.user_id ORDER BY m.user_id
"""


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def fill(store: SqlStore, count: int) -> None:
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.domains.put(builders.domain())
        await uow.commit()
    for begin in range(0, count, CHUNK):
        ids = [f"u{number}" for number in range(begin, min(begin + CHUNK, count))]
        async with store.write() as uow:
            await uow.users.put([builders.user(it, email=f"{it}@acme.example", **held) for it in ids])
            await uow.migrations.add([builders.migration(it, state=S.IN_REVIEW) for it in ids])
            await uow.commit()


async def ours(store: SqlStore) -> int:
    """What `starter.py export` does; users written."""
    out = CsvOut(UserLine)
    async for page in Listings(store=store, clock=_Clock(), message_domain="localhost").all(
        Scope.EVERYBODY, None, NO_FILTER
    ):
        out.write(page)
    return out.count


def plain(database: Path, target: Path) -> float:
    """Seconds of the plainest way."""
    began = time.perf_counter()
    with sqlite3.connect(database) as connection, target.open("w", newline="") as file:
        csv.writer(file).writerows(connection.execute(PLAIN))
    return time.perf_counter() - began


async def measured(folder: Path, count: int) -> tuple[float, float]:
    """Seconds, and how much the peak memory grew in MB."""
    url = f"sqlite+aiosqlite:///{folder}/store.db"
    await upgrade(url)
    store = SqlStore(url)
    await fill(store, count)
    before, began = peak_mb(), time.perf_counter()
    with (folder / "export.csv").open("w") as file, redirect_stdout(io.TextIOWrapper(file.buffer, write_through=True)):
        written = await ours(store)
    seconds = time.perf_counter() - began
    await store.dispose()
    assert written == count
    return seconds, peak_mb() - before


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, grown = asyncio.run(measured(folder, count))
        least = plain(folder / "store.db", folder / "plain.csv")
    print(
        f"{count} users in {seconds:.1f} s: {count / seconds:.0f} users/s, {seconds / least:.0f} times the plainest way"
    )
    print(f"peak memory {peak_mb():.0f} MB, of it {grown:.0f} MB since the export began")


if __name__ == "__main__":
    main()
