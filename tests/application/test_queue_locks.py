"""Whoever gives back several places in the queue, and whoever grants, never wait for each other: on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.errands import Errands
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import ServiceStatus
from edition_migration.domain.progress import PageInput
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveCommandKind
from edition_migration.ports.store_waves import WaveOrder
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.postgres import until_somebody_waits
from tests.fixtures.records import wave

ADA, BOB = (MigrationRef(org_id="acme", user_id=it, generation=1) for it in ("u1", "u2"))


@pytest.fixture
async def store(postgres_store_url: str) -> AsyncIterator[SqlStore]:
    """Ada waits for a license and Bob has the only one, both in a wave that was cancelled; the service has ended."""
    store = SqlStore(postgres_store_url)
    async with store.write() as uow:
        await uow.organizations.put(organization(status=ServiceStatus.DEPROVISIONED))
        await uow.domains.put(domain())
        await uow.capacity.set_purchased("acme", licenses=1, storage_mb=1000)
        await uow.users.put([user(org_id="acme"), user("u2", org_id="acme")])
        await uow.waves.add(wave("w1", org_id="acme"), "{}")
        states = {"u1": S.WAITING_CAPACITY, "u2": S.SELECTED}
        await uow.migrations.add([migration(it, state=state, wave_id="w1") for it, state in states.items()])
        await uow.tickets.cut("acme", [(BOB, 100), (ADA, 100)])
        await uow.capacity.take("acme", 1, 100)
        await uow.tickets.set_granted("acme", [1], NOW)
        await uow.ledger.reserve("acme", [(BOB, 100)])
        await uow.waves.add_order(WaveOrder("acme", "c1", "w1", WaveCommandKind.CANCEL, "admin", NOW, "{}"))
        await uow.commit()
    yield store
    await store.dispose()


@pytest.mark.parametrize(
    ("kind", "argument"), [(ErrandKind.CANCEL_WAVE, "w1"), (ErrandKind.REVIEW_DOMAIN, "acme.example")]
)
async def test_a_page_that_gives_places_back_takes_the_counters_before_the_tickets(
    store: SqlStore, postgres_store_url: str, kind: ErrandKind, argument: str
) -> None:
    async with store.write() as uow:
        await uow.errands.add("acme", kind, argument, NOW)
        await uow.commit()
    errands = Errands(store=store, clock=MovableClock(), keys=LINK_KEYS)
    async with store.write() as granting:
        await granting.capacity.hold("acme")
        page = asyncio.create_task(errands.page(PageInput(org_id="acme", as_of=NOW)))
        await until_somebody_waits(postgres_store_url)
        assert [it.user_id for it in await granting.tickets.waiting("acme", 0, 10)] == ["u1"]
        await granting.commit()
    assert (await page).count == 2
    async with store.read() as uow:
        assert await uow.tickets.waiting_count("acme") == 0
        assert (await uow.capacity.get("acme")).licenses_reserved == 0
