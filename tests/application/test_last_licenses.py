"""32 administrators select at once for the last licenses: none is sold twice, and who came first is served first."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.capacity import Capacity
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.domain.commands import SelectionAnswer
from edition_migration.domain.migration import Ticket, TicketState
from edition_migration.domain.organization import Capacity as Counters
from edition_migration.domain.progress import PageInput
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.doubles import MovableClock

WRITERS, LICENSES, MEGABYTES = 32, 7, 100
USERS = [f"user-{number:02}" for number in range(1, WRITERS + 1)]


@dataclass
class Desk:
    """Four processes' stores on one database, and the selection of each."""

    stores: list[SqlStore]

    async def select(self, place: int, *user_ids: str) -> SelectionAnswer:
        selection = Selection(store=self.stores[place % len(self.stores)], clock=MovableClock())
        order = SelectionOrder(org_id="acme", user_ids=user_ids, actor="admin", command_id=f"command-{place}")
        return await selection.select(order)

    async def tickets(self) -> list[Ticket]:
        async with self.stores[0].read() as uow:
            found = [await uow.tickets.of(builders.migration(user_id).ref) for user_id in USERS]
        return sorted((it for it in found if it is not None), key=lambda it: it.number)

    async def counters(self) -> Counters:
        async with self.stores[0].read() as uow:
            counters = await uow.capacity.get("acme")
            assert counters == await uow.ledger.sums("acme")
            return counters


@pytest_asyncio.fixture
async def desk(store_url: str) -> AsyncIterator[Desk]:
    stores = [SqlStore(store_url) for _ in range(4)]
    async with stores[0].write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.capacity.set_purchased("acme", licenses=LICENSES, storage_mb=100_000)
        await uow.users.put([builders.user(user_id, storage_used_mb=MEGABYTES) for user_id in USERS])
        await uow.migrations.add([builders.migration(user_id, state=S.IN_REVIEW) for user_id in USERS])
        await uow.commit()
    yield Desk(stores)
    for store in stores:
        await store.dispose()


async def test_32_writers_never_oversell_and_the_lowest_tickets_are_served(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.select(place, user_id) for place, user_id in enumerate(USERS)))
    assert [it.answers[0].verdict for it in answers] == ["done"] * WRITERS
    tickets = await desk.tickets()
    assert [it.number for it in tickets] == list(range(1, WRITERS + 1))
    assert [it.state for it in tickets] == [TicketState.GRANTED] * LICENSES + [TicketState.WAITING] * 25
    counters = await desk.counters()
    assert (counters.licenses_reserved, counters.licenses_free) == (LICENSES, 0)
    assert counters.storage_reserved_mb == LICENSES * MEGABYTES


async def test_32_selections_of_the_same_users_claim_each_of_them_once(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.select(place, *USERS) for place in range(WRITERS)))
    given = [(it.user_id, it.verdict) for answer in answers for it in answer.answers if it.verdict == "done"]
    assert sorted(given) == [(user_id, "done") for user_id in USERS]
    refused = {it.reason for answer in answers for it in answer.answers if it.verdict == "refused"}
    assert refused == {"already_selected"}
    assert [it.number for it in await desk.tickets()] == list(range(1, WRITERS + 1))
    assert (await desk.counters()).licenses_reserved == LICENSES


async def test_32_repeats_of_one_command_get_the_first_answer(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.select(0, *USERS) for _ in range(WRITERS)))
    assert {it.model_dump_json() for it in answers} == {answers[0].model_dump_json()}
    assert len(await desk.tickets()) == WRITERS


async def test_a_license_is_not_granted_to_a_user_who_is_cancelled_at_the_same_moment(desk: Desk) -> None:
    await desk.select(0, *USERS)
    leaver = builders.migration(USERS[LICENSES]).ref
    async with desk.stores[0].write() as uow:
        await uow.capacity.set_purchased("acme", licenses=LICENSES + 1, storage_mb=None)
        await uow.commit()
    granting = Capacity(store=desk.stores[1], clock=MovableClock())
    async with desk.stores[0].write() as uow:
        await uow.tickets.close(leaver)
        grant = asyncio.create_task(granting.grant_page(PageInput(org_id="acme", as_of=builders.NOW)))
        await asyncio.wait([grant], timeout=0.5)
        await uow.commit()
    assert (await grant).count == 1
    await desk.counters()
    async with desk.stores[0].read() as uow:
        after = [await uow.tickets.of(builders.migration(user_id).ref) for user_id in USERS[LICENSES : LICENSES + 2]]
    assert [it.state for it in after if it] == [TicketState.CLOSED, TicketState.GRANTED]
    async with desk.stores[0].write() as uow:
        assert not await uow.ledger.release(leaver)
