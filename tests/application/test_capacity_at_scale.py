"""5,000 guests want 3,000 licenses, in several waves at once, on both databases: who came first is served first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.capacity import Capacity, why_waiting
from edition_migration.application.compensation import compensate
from edition_migration.application.deselection import deselect
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.domain.commands import SelectionAnswer
from edition_migration.domain.migration import Migration, Ticket
from edition_migration.domain.progress import PageInput
from edition_migration.domain.states import InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.doubles import MovableClock

GUESTS, LICENSES, WAVES = 5_000, 3_000, 5
MEGABYTES = 10
USERS = [f"u{number:05}" for number in range(GUESTS)]


class Service:
    def __init__(self, url: str) -> None:
        self.stores = [SqlStore(url) for _ in range(WAVES)]
        self.store, self.clock = self.stores[0], MovableClock()

    async def prepare(self, guests: int, licenses: int) -> None:
        """Set by set: the tests are about what comes after."""
        users = USERS[:guests]
        async with self.store.write() as uow:
            await uow.organizations.put(builders.organization())
            await uow.capacity.set_purchased("acme", licenses=licenses, storage_mb=GUESTS * MEGABYTES)
            await uow.users.put([builders.user(it, storage_used_mb=MEGABYTES) for it in users])
            await uow.migrations.add([builders.migration(it, state=S.IN_REVIEW) for it in users])
            await uow.commit()

    async def select(self, number: int, user_ids: list[str]) -> SelectionAnswer:
        order = SelectionOrder(org_id="acme", user_ids=user_ids, actor=f"staff-{number}", command_id=f"wave-{number}")
        return await Selection(store=self.stores[number], clock=self.clock).select(order)

    async def purchase(self, **limits: int | None) -> None:
        async with self.store.write() as uow:
            await uow.capacity.set_purchased("acme", **{"licenses": None, "storage_mb": None, **limits})
            await uow.commit()

    async def grant(self) -> int:
        page = PageInput(org_id="acme", as_of=self.clock.now())
        return (await Capacity(store=self.store, clock=self.clock).grant_page(page)).count

    async def counters(self) -> Any:
        """After checking that the ledger says the same."""
        async with self.store.read() as uow:
            counters, sums = await uow.capacity.get("acme"), await uow.ledger.sums("acme")
        assert counters == sums
        return counters

    async def waiting(self) -> list[Ticket]:
        async with self.store.write() as uow:  # it holds them, as a grant does
            return list(await uow.tickets.waiting("acme", 0, GUESTS))

    async def row(self, user_id: str) -> Migration:
        async with self.store.read() as uow:
            row = await uow.migrations.latest("acme", user_id)
        assert row is not None
        return row

    async def end(self, user_id: str, state: S) -> None:
        """As cancellation, expiry, undo and deletion do it: the move, then what it takes back."""
        row = await self.row(user_id)
        async with self.store.write() as uow:
            await uow.migrations.move(row.ref, [row.state], state, self.clock.now())
            await compensate(uow, row, self.clock.now(), reason=InactiveReason.EXPIRED, mail=None)
            await uow.commit()

    async def deselect(self, user_id: str) -> None:
        row = await self.row(user_id)
        async with self.store.write() as uow:
            await deselect(uow, row, self.clock.now(), actor="staff-1", key="command/c1")
            await uow.commit()


@pytest_asyncio.fixture
async def service(store_url: str) -> AsyncIterator[Service]:
    service = Service(store_url)
    yield service
    for store in service.stores:
        await store.dispose()


async def test_three_thousand_of_five_thousand_are_served_in_the_order_in_which_they_came(service: Service) -> None:
    await service.prepare(GUESTS, LICENSES)
    waves = [USERS[number::WAVES] for number in range(WAVES)]
    answers = await asyncio.gather(*(service.select(number, waves[number]) for number in range(WAVES)))
    assert [len(it.answers) for it in answers] == [GUESTS // WAVES] * WAVES
    waiting = await service.waiting()
    assert [it.number for it in waiting] == list(range(LICENSES + 1, GUESTS + 1))
    came = sorted(answers, key=lambda it: (it.waiting_for_capacity, -it.licenses_free))
    served = [it.user_id for answer in came for it in answer.answers]
    assert [it.user_id for it in waiting] == served[LICENSES:]
    assert (came[-1].licenses_free, came[-1].waiting_for_capacity) == (0, GUESTS - LICENSES)
    counters = await service.counters()
    assert (counters.licenses_reserved, counters.storage_reserved_mb) == (LICENSES, LICENSES * MEGABYTES)


async def test_every_release_serves_the_next_and_newcomers_stand_behind(service: Service) -> None:
    await service.prepare(50, 30)
    await service.select(0, USERS[:40])
    await service.end("u00000", S.CANCELLED)
    await service.select(1, USERS[40:50])
    assert [it.user_id for it in await service.waiting()] == USERS[31:50]
    await service.end("u00001", S.EXPIRED)
    assert await service.grant() == 1
    await service.end("u00002", S.DELETED)
    await service.deselect("u00003")
    assert await service.grant() == 2
    await service.end("u00004", S.UNDONE)
    assert await service.grant() == 1
    await service.purchase(licenses=40)
    assert await service.grant() == 10
    assert [it.user_id for it in await service.waiting()] == USERS[45:50]
    assert (await service.counters()).licenses_reserved == 40


async def test_a_limit_below_use_refuses_new_keeps_old_and_serves_again_once_enough_is_free(service: Service) -> None:
    await service.prepare(22, 20)
    await service.select(0, USERS[:20])
    await service.purchase(licenses=18)
    await service.select(1, USERS[20:22])
    assert [it.user_id for it in await service.waiting()] == USERS[20:22]
    counters = await service.counters()
    assert (counters.licenses_purchased, counters.licenses_reserved, counters.licenses_free) == (18, 20, 0)
    for user_id in USERS[:2]:
        await service.end(user_id, S.CANCELLED)
        assert await service.grant() == 0
    await service.end(USERS[2], S.CANCELLED)
    assert await service.grant() == 1
    assert [it.user_id for it in await service.waiting()] == [USERS[21]]


async def test_who_waits_for_storage_alone_is_passed_keeps_his_number_and_says_so(service: Service) -> None:
    await service.prepare(4, 2)
    async with service.store.write() as uow:
        await uow.users.put([builders.user("u00001", storage_used_mb=500)])
        await uow.commit()
    await service.purchase(licenses=2, storage_mb=100)
    await service.select(0, USERS[:4])
    large, behind = await service.waiting()
    assert (large.user_id, large.number, behind.user_id) == ("u00001", 2, "u00003")
    async with service.store.read() as uow:
        assert await why_waiting(uow, large) == "waiting for a license"
        assert await why_waiting(uow, behind) == "waiting for a license"
    await service.purchase(licenses=3)
    assert await service.grant() == 1
    await service.purchase(licenses=4)
    assert await service.grant() == 0
    async with service.store.read() as uow:
        assert await why_waiting(uow, large) == "waiting for storage"
    await service.purchase(storage_mb=1000)
    assert await service.grant() == 1
    assert await service.waiting() == []
