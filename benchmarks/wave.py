"""How fast one large wave is accepted, released and cancelled: one transaction each, or a page. No Temporal in it.

`python -m benchmarks.wave [USERS] [DATABASE_URL]`; SQLite in a temporary folder by default, else an empty database.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.schema import upgrade
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.errand_cancel_wave import cancel_wave
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.application.wave_control import WaveControl
from edition_migration.application.wave_report import wave_result
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.progress import WaveInput
from edition_migration.domain.states import MigrationState
from edition_migration.domain.waves import WaveCommand, WaveCommandKind
from edition_migration.ports.store import Store
from tests.builders import domain, migration, organization, user

CHUNK = 1000
PAGE = 600
"""A minute of mail at ten a second."""


async def prepare(store: Store, user_ids: list[str], licenses: int) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.domains.put(domain())
        await uow.capacity.set_purchased("acme", licenses=licenses, storage_mb=10_000_000)
        await uow.commit()
    for first in range(0, len(user_ids), CHUNK):
        some = user_ids[first : first + CHUNK]
        async with store.write() as uow:
            await uow.users.put([user(it) for it in some])
            await uow.migrations.add([migration(it, state=MigrationState.IN_REVIEW) for it in some])
            await uow.commit()


class Wave:
    """One wave of everybody, in the opposite order of their ids."""

    def __init__(self, store: Store, user_ids: list[str]) -> None:
        self.store, self.clock, self.user_ids = store, SystemClock(), user_ids
        self.wave_id = ""

    async def accept(self) -> int:
        order = SelectionOrder(org_id="acme", user_ids=self.user_ids[::-1], actor="staff", command_id="c1")
        answer = await Selection(store=self.store, clock=self.clock).select(order)
        self.wave_id = answer.wave_id or ""
        return len(answer.answers)

    async def release(self) -> int:
        release = WaveRelease(store=self.store, clock=self.clock, page_size=PAGE)
        given = WaveInput(org_id="acme", wave_id=self.wave_id, as_of=self.clock.now())
        released = 0
        while not (page := await release.release_page(given)).done:
            released += page.released
        return released + page.released

    async def report(self) -> int:
        async with self.store.read() as uow:
            return len((await wave_result(uow, "acme", self.wave_id)).sheet.rows)

    async def cancel(self) -> int:
        command = WaveCommand(
            kind=WaveCommandKind.CANCEL, org_id="acme", wave_id=self.wave_id, actor="staff", command_id="c2"
        )
        count = (await WaveControl(store=self.store, clock=self.clock).control(command)).deselected
        while True:
            async with self.store.write() as uow:
                errand = await uow.errands.next("acme")
                if errand is None:
                    return count
                await cancel_wave(uow, errand, self.clock.now())
                await uow.commit()


async def measure(name: str, work: Callable[[], Awaitable[int]]) -> None:
    started, begun = time.perf_counter(), time.process_time()
    count = await work()
    seconds, busy = time.perf_counter() - started, time.process_time() - begun
    print(f"{name}: {count} users in {seconds:.1f} s, of them {busy:.1f} s of this process's own work", flush=True)


async def main(count: int, url: str) -> None:
    await upgrade(url)
    store = SqlStore(url)
    user_ids = [f"g{number:07}" for number in range(count)]
    await prepare(store, user_ids, licenses=count * 6 // 10)
    wave = Wave(store, user_ids)
    await measure("accept ", wave.accept)
    await measure("release", wave.release)
    await measure("report ", wave.report)
    await measure("cancel ", wave.cancel)
    await store.dispose()


if __name__ == "__main__":
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(users, sys.argv[2] if len(sys.argv) > 2 else f"sqlite+aiosqlite:///{folder}/store.db"))
