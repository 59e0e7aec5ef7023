"""How fast a provisioned domain's guests are blocked: rows made, accounts inactive, sessions ended. No Temporal in it.

`python -m benchmarks.block_guests [GUESTS]` on a SQLite file; prints seconds and guests a second of the block, and of a
plain bulk insert of as many rows into the same file, which is what the database alone can do.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.enrollment import Enrollment
from edition_migration.domain.progress import PageInput
from edition_migration.domain.user import User
from edition_migration.ports.store import Store
from edition_migration.ports.store_listing import PENDING
from tests.application.test_starting import HalfDeafGateway
from tests.builders import domain, organization, user

CHUNK = 1000


async def insert(store: Store, guests: list[User]) -> float:
    started = time.perf_counter()
    for first in range(0, len(guests), CHUNK):
        async with store.write() as uow:
            await uow.users.put(guests[first : first + CHUNK])
            await uow.commit()
    return time.perf_counter() - started


async def block(store: Store) -> float:
    clock = SystemClock()
    enrollment = Enrollment(store=store, clock=clock, gateway=HalfDeafGateway())
    started = time.perf_counter()
    while (await enrollment.block_page(PageInput(org_id="acme", as_of=clock.now()))).more:
        pass
    return time.perf_counter() - started


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'store.db'}"
        await upgrade(url)
        store = SqlStore(url)
        async with store.write() as uow:
            await uow.organizations.put(organization())
            await uow.domains.put(domain())
            await uow.commit()
        inserted = await insert(store, [user(f"g{number:07}") for number in range(count)])
        blocked = await block(store)
        async with store.read() as uow:
            pending = await uow.listing.count("acme", PENDING)
        await store.dispose()
    assert pending == count
    print(f"insert: {count} users in {inserted:.1f} s, {count / inserted:.0f} a second")
    print(f"block:  {count} guests in {blocked:.1f} s, {count / blocked:.0f} a second")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
