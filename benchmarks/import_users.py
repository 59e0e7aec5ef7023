"""How fast and how flat `import users` is: rows a second, peak memory, and the ratio to the plainest way.

Run: `python -m benchmarks.import_users [ROWS] [DATABASE_URL]`; SQLite in a temporary folder by default. The plainest
way reads the same file with `csv` and writes the same table with one `executemany`, without any check.
"""

import asyncio
import csv
import resource
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.imports import UserImport

ROWS = 100_000


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def write_file(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,userId,displayName,locale,clientVersion,status,inactiveReason,storageUsed\n")
        file.writelines(f"u{n}@acme.example,u{n},User {n},en,5.2,active,-,{n % 500}\n" for n in range(rows))


def plain(path: Path, database: Path) -> float:
    """Seconds of the plainest way."""
    began = time.perf_counter()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE users (email TEXT PRIMARY KEY, id TEXT, name TEXT, locale TEXT, version TEXT)")
    with path.open(encoding="utf-8", newline="") as file:
        rows = (tuple(row[:5]) for row in csv.reader(file))
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return time.perf_counter() - began


async def ours(path: Path, url: str) -> float:
    """Seconds of the import, both passes and the result file."""
    await upgrade(url)
    store = SqlStore(url)
    began = time.perf_counter()
    await UserImport(store=store, clock=_Clock(), files=CsvFiles()).run(path, path.with_suffix(".result.csv"))
    seconds = time.perf_counter() - began
    await store.dispose()
    return seconds


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.csv"
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite+aiosqlite:///{folder}/store.db"
        write_file(path, rows)
        before = peak_mb()
        seconds = asyncio.run(ours(path, url))
        after = peak_mb()
        least = plain(path, Path(folder) / "plain.db")
    print(f"{rows} rows in {seconds:.1f} s: {rows / seconds:.0f} rows/s, {seconds / least:.0f} times the plainest way")
    print(f"peak memory {after:.0f} MB, of it {after - before:.0f} MB since the start")


if __name__ == "__main__":
    main()
