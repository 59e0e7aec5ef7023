"""A service on PostgreSQL and a Temporal server of its own, which is stopped, set back to a backup, and goes on.

The same organization over all that; `said` keeps every event for the sender to repeat.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from temporalio.client import Client
from temporalio.testing import TimeSkipper

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.intake import Intake
from edition_migration.application.wave_control import WaveControl
from edition_migration.bootstrap.foundation import reconciliation
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveCommand, WaveCommandKind
from tests.e2e.world import World, guest, sweeping, until, working, world_at_rest
from tests.fixtures.backup import copy_sqlite, dump, restore
from tests.fixtures.smtp import SmtpServer
from tests.fixtures.temporal_process import TemporalProcess

ORG = "acme"
Named = tuple[str, str | None, int | None, bool]
"""Kind, user or wave, generation, whether it was mended."""


@dataclass
class RealTime:
    """In place of a skipper: nothing here waits for time to pass."""

    client: Client


@dataclass
class Office:
    store_url: str
    temporal: TemporalProcess
    client: Client
    smtp: SmtpServer
    folder: Path
    said: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @asynccontextmanager
    async def at_rest(self) -> AsyncGenerator[World]:
        """Nobody works: as between a restore and the start of the processes."""
        store = SqlStore(self.store_url)
        try:
            async with world_at_rest(store, cast(TimeSkipper, RealTime(self.client)), self.smtp) as world:
                world.org_id = ORG
                yield world
        finally:
            await store.dispose()

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[World]:
        """Worker, sweep and web process run; they are stopped at the end, and workflows stay as they are."""
        async with self.at_rest() as world, working(world), sweeping(world):
            yield world

    # The databases

    async def back_up_store(self) -> None:
        await dump(self.store_url, self.folder / "store.dump")

    async def restore_store(self) -> None:
        await restore(self.store_url, self.folder / "store.dump")

    def back_up_temporal(self) -> None:
        copy_sqlite(self.folder / "temporal.db", self.folder / "temporal.copy")

    async def restore_temporal(self) -> None:
        await self.temporal.kill()
        copy_sqlite(self.folder / "temporal.copy", self.folder / "temporal.db")
        self.client = await self.temporal.start()

    async def lose_temporal(self) -> None:
        """An empty one comes in its place."""
        await self.temporal.kill()
        for file in self.folder.glob("temporal.db*"):
            file.unlink()
        self.client = await self.temporal.start()

    # The people around it

    async def say(self, world: World, event_type: str, **data: Any) -> None:
        document = world.document(event_type, data)
        self.said.append(document)
        await Intake(store=world.store, clock=world.clock).receive(document)
        await world.bells.ring_due()

    async def say_all_again(self, world: World) -> None:
        """What the sender does after a restore; what is known changes nothing."""
        for document in self.said:
            await Intake(store=world.store, clock=world.clock).receive(document)
        await world.bells.ring_due()

    async def guests(self, world: World, *names: str) -> None:
        """Guests who are in review, and have their first mail; those after the first are told of by events."""
        if self.said:
            for name in names:
                await self.say(world, "user.created", user_id=name, email=f"{name}@acme.example", client_version="5.2")
        else:
            await world.guests(*(guest(name) for name in names))
            await self.say(world, "org.service.provisioned", **world.provisioned_data(licenses=20))
        for name in names:
            await world.until(name, S.IN_REVIEW)
            await world.until_mailed(f"{name}@acme.example", 1)

    async def select(self, world: World, name: str) -> None:
        """Until the link is in the user's hand and the deadline runs."""
        await world.select(name)
        await world.until(name, S.AWAITING_PASSWORD)
        await world.until_deadline(name)

    async def migrate(self, world: World, name: str) -> None:
        """From the link to the end."""
        await world.choose_password(f"{name}@acme.example")
        row = await world.until(name, S.MIGRATED)
        await world.ended(name, row.generation)

    async def control(self, world: World, wave_id: str, kind: WaveCommandKind) -> None:
        command = WaveCommand(kind=kind, org_id=ORG, wave_id=wave_id, actor="admin", command_id=uuid4().hex)
        await WaveControl(store=world.store, clock=world.clock).control(command)
        await world.bells.ring_due()


async def until_drained(world: World) -> None:
    """Until the organization has nothing left to do; one that was cut in its drain is named after a restore."""

    async def has_no_work() -> bool:
        async with world.store.read() as uow:
            return ORG not in await uow.organizations.with_work(world.clock.now())

    await until(has_no_work, lambda: "the organization always has work")


async def named(world: World, *, is_dry: bool = False, is_restored: bool = False) -> set[Named]:
    """What `starter.py reconcile` names, and does: it rings at its end."""
    found: set[Named] = set()
    async for outcome in reconciliation(world.base).run(None, is_dry=is_dry, is_restored=is_restored):
        found |= {(it.kind, it.user_id or it.wave_id, it.generation, it.is_mended) for it in outcome.differences}
    if not is_dry:
        await world.bells.ring_due()
    return found
