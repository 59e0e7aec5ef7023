"""An import of many rows, as a process of its own, while worker and gate go on working on the same SQLite file."""

import asyncio
import csv
import sys
from pathlib import Path

from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.domain.states import MigrationState as S
from tests.e2e.world import OLD_PASSWORD, World, guest, until

ROWS = 10_000
IMPORT = """
import asyncio, sys
from pathlib import Path
from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.imports import UserImport

async def main(url, file):
    store = SqlStore(url)
    report = await UserImport(store=store, clock=SystemClock(), files=CsvFiles()).run(Path(file), Path(file + ".out"))
    await store.dispose()
    print(report.model_dump_json())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_the_gate_answers_and_a_migration_goes_on_during_an_import(
    world: World, sqlite_store_url: str, tmp_path: Path
) -> None:
    password_hash = await PwdlibHasher(memory_kib=1024, passes=1, lanes=1).hash(OLD_PASSWORD)
    await world.guests(
        guest("ada"), guest("eve", email="eve@free.example", domain="free.example", password_hash=password_hash)
    )
    file = tmp_path / "users.csv"
    with file.open("w", newline="") as rows:
        writer = csv.writer(rows)
        writer.writerow(["email", "displayName", "edition", "clientVersion"])
        writer.writerows([f"user{n}@other.example", f"User {n}", "guest", "5.1"] for n in range(ROWS))
    importing = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IMPORT, sqlite_store_url, str(file), stdout=asyncio.subprocess.PIPE
    )

    async def is_writing() -> bool:
        async with world.store.read() as uow:
            return await uow.users.by_email("user0@other.example") is not None

    await until(is_writing, lambda: "the import wrote nothing")
    await world.provision()
    await world.until("ada", S.IN_REVIEW)
    assert await world.sign_in("eve@free.example", OLD_PASSWORD) == "signed_in"
    assert importing.returncode is None, "the import was over too soon to prove anything"
    output, _ = await importing.communicate()
    assert importing.returncode == 0
    assert f'"created":{ROWS}' in output.decode()
