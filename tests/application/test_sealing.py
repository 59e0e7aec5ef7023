"""The sealer: every committed entry gets one position in its organization's chain, also one that appears late."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application import sealing
from edition_migration.application.audit import Audit
from edition_migration.application.sealing import Sealer
from edition_migration.domain.migration import JournalEntry
from edition_migration.domain.seals import Link
from tests.doubles import MovableClock
from tests.fixtures import records
from tests.fixtures.tampering import execute_plainly


async def journaled(store: SqlStore, *entries: JournalEntry) -> None:
    async with store.write() as uow:
        await uow.journal.add(entries)
        await uow.commit()


async def people(store: SqlStore, *org_ids: str) -> None:
    """Each of these organizations with a user of the same name and his migration."""
    async with store.write() as uow:
        await uow.users.put([records.user(org_id) for org_id in org_ids])
        for org_id in org_ids:
            await uow.organizations.put(records.organization(org_id))
        await uow.migrations.add([records.migration(it, org_id=it) for it in org_ids])
        await uow.commit()


def entry_of(org_id: str, number: int) -> JournalEntry:
    return records.entry(f"k{number}", org_id, org_id=org_id, detail={"number": number})


async def links(store: SqlStore, org_id: str = "acme") -> list[Link]:
    async with store.read() as uow:
        return list(await uow.seals.links(org_id, 0, 10_000))


async def is_intact(store: SqlStore) -> bool:
    return (await Audit(store=store, clock=MovableClock()).verify(None)).is_intact


async def test_entries_are_chained_apart_for_each_organization(store: SqlStore) -> None:
    await people(store, "acme", "other")
    await journaled(store, *(entry_of(org_id, number) for number in range(3) for org_id in ("acme", "other")))
    assert await Sealer(store=store).seal_due() == 6
    for org_id in ("acme", "other"):
        chain = await links(store, org_id)
        assert [link.seal.position for link in chain] == [1, 2, 3]
        assert [link.entry and link.entry.key for link in chain] == ["k0", "k1", "k2"]
    assert await is_intact(store)


async def test_sealing_again_adds_nothing_and_new_entries_go_on(store: SqlStore) -> None:
    await people(store, "acme")
    await journaled(store, entry_of("acme", 1))
    sealer = Sealer(store=store)
    assert (await sealer.seal_due(), await sealer.seal_due()) == (1, 0)
    await journaled(store, entry_of("acme", 2))
    assert await sealer.seal_due() == 1
    assert [link.seal.position for link in await links(store)] == [1, 2]


async def test_many_pages_are_sealed_in_one_go(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PAGE", 4)
    await people(store, "acme", "other")
    await journaled(store, *(entry_of(("acme", "other")[number % 2], number) for number in range(11)))
    assert await Sealer(store=store).seal_due() == 11
    assert await is_intact(store)


async def test_two_sealers_at_once_seal_each_entry_once(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "PAGE", 5)
    await people(store, "acme")
    await journaled(store, *(entry_of("acme", number) for number in range(40)))
    sealed = await asyncio.gather(*(Sealer(store=store).seal_due() for _ in range(2)))
    assert sum(sealed) == 40
    assert await is_intact(store)


@pytest_asyncio.fixture
async def other_store(postgres_store_url: str) -> AsyncIterator[SqlStore]:
    opened = SqlStore(postgres_store_url)
    yield opened
    await opened.dispose()


async def test_entry_with_a_lower_number_that_appears_later_is_sealed_behind(other_store: SqlStore) -> None:
    store = other_store
    await people(store, "acme", "slow")
    async with store.write() as slow:
        await slow.journal.add([entry_of("acme", 1)])
        await journaled(store, entry_of("acme", 2))
        assert await Sealer(store=store).seal_due() == 1
        await slow.commit()
    assert await Sealer(store=store).seal_due() == 1
    chain = await links(store)
    assert [link.entry and link.entry.key for link in chain] == ["k2", "k1"]
    assert chain[0].seal.entry_id > chain[1].seal.entry_id
    assert await is_intact(store)


async def test_entry_behind_the_margin_is_found_by_the_full_look_only(other_store: SqlStore) -> None:
    store = other_store
    await people(store, "acme")
    sealer = Sealer(store=store, margin=0)
    async with store.write() as slow:
        await slow.journal.add([entry_of("acme", 1)])
        await journaled(store, entry_of("acme", 2))
        await sealer.seal_due()
        await slow.commit()
    assert await sealer.seal_due() == 0
    chain = await Audit(store=store, clock=MovableClock()).chain("acme")
    assert (chain.unsealed, chain.broken) == (1, None)
    assert await sealer.seal_all() == 1


@pytest.mark.parametrize("change", ["UPDATE {0} SET org_id = org_id", "DELETE FROM {0}"])
@pytest.mark.parametrize("table", ["journal", "seals"])
async def test_database_refuses_to_change_what_is_written(
    store: SqlStore, store_url: str, table: str, change: str
) -> None:
    await people(store, "acme")
    await journaled(store, entry_of("acme", 1))
    await Sealer(store=store).seal_due()
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        await execute_plainly(store_url, change.format(table))
    assert len(await links(store)) == 1
