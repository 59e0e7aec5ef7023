"""Licenses and storage: taken, used, released; counters that always say what the ledger says; tickets and waves."""

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import Ticket, TicketState, WaveState
from edition_migration.domain.organization import Activation, Capacity
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.fixtures.records import NOW, ORG, migration, organization, ref, user, wave


async def _organization(store: Store, *, licenses: int, storage_mb: int) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(f"u{number}") for number in range(1, 7)])
        await uow.migrations.add([migration(f"u{number}") for number in range(1, 6)])
        await uow.capacity.set_purchased(ORG, licenses=licenses, storage_mb=storage_mb)
        await uow.commit()


def _capacity(*numbers: int) -> Capacity:
    return Capacity(ORG, *numbers)


async def test_new_organization_has_nothing_and_putting_it_again_keeps_its_counters(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        await uow.organizations.put(organization("new"))
        assert await uow.capacity.get("new") == Capacity("new", 0, 0, 0, 0, 0, 0)
        await uow.organizations.put(organization(name="Acme again"))
        assert await uow.capacity.hold(ORG) == _capacity(3, 0, 0, 30, 0, 0)


async def test_taking_more_than_is_free_changes_nothing(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        assert await uow.capacity.take(ORG, 2, 20)
        assert not await uow.capacity.take(ORG, 2, 5)
        assert not await uow.capacity.take(ORG, 1, 11)
        assert not await uow.capacity.take("nobody", 1, 0)
        assert await uow.capacity.get(ORG) == _capacity(3, 2, 0, 30, 20, 0)
        assert await uow.capacity.take(ORG, 1, 10)
        assert await uow.capacity.take(ORG, 0, 0)


async def test_license_goes_from_reserved_to_used_to_released(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        assert not await uow.ledger.use(ref())
        assert not await uow.ledger.release(ref())
        await uow.capacity.take(ORG, 2, 25)
        await uow.ledger.reserve(ORG, [(ref("u1"), 10), (ref("u2"), 15)])
        assert await uow.ledger.sums(ORG) == await uow.capacity.get(ORG) == _capacity(3, 2, 0, 30, 25, 0)
        assert await uow.ledger.use(ref("u1"))
        assert not await uow.ledger.use(ref("u1"))
        assert await uow.ledger.sums(ORG) == await uow.capacity.get(ORG) == _capacity(3, 1, 1, 30, 15, 10)
        assert await uow.ledger.release(ref("u2"))
        assert await uow.ledger.release(ref("u1"))
        assert not await uow.ledger.release(ref("u1"))
        assert await uow.ledger.sums(ORG) == await uow.capacity.get(ORG) == _capacity(3, 0, 0, 30, 0, 0)


async def test_reservation_that_was_released_may_be_made_again_but_not_twice(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        for storage_mb in (10, 20):
            await uow.capacity.take(ORG, 1, storage_mb)
            await uow.ledger.reserve(ORG, [(ref(), storage_mb)])
            assert (await uow.ledger.sums(ORG)).storage_reserved_mb == storage_mb
            await uow.ledger.release(ref())
        await uow.capacity.take(ORG, 1, 10)
        await uow.ledger.reserve(ORG, [(ref(), 10)])
        with pytest.raises(Conflict):
            await uow.ledger.reserve(ORG, [(ref(), 10)])


async def test_limit_below_what_is_in_use_refuses_new_and_keeps_old(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        await uow.capacity.take(ORG, 3, 30)
        await uow.ledger.reserve(ORG, [(ref(f"u{number}"), 10) for number in (1, 2, 3)])
        await uow.ledger.use(ref("u1"))
        await uow.capacity.set_purchased(ORG, licenses=1, storage_mb=5)
        assert await uow.capacity.get(ORG) == _capacity(1, 2, 1, 5, 20, 10)
        assert (await uow.capacity.get(ORG)).licenses_free == 0
        assert not await uow.capacity.take(ORG, 1, 0)
        assert await uow.ledger.use(ref("u2"))
        assert await uow.ledger.release(ref("u3"))
        assert not await uow.capacity.take(ORG, 1, 0)
        await uow.ledger.release(ref("u2"))
        await uow.ledger.release(ref("u1"))
        assert await uow.capacity.take(ORG, 1, 5)
        assert not await uow.capacity.take(ORG, 1, 0)


async def test_one_limit_can_be_set_alone(store: SqlStore) -> None:
    await _organization(store, licenses=3, storage_mb=30)
    async with store.write() as uow:
        await uow.capacity.set_purchased(ORG, licenses=7, storage_mb=None)
        await uow.capacity.set_purchased(ORG, licenses=None, storage_mb=None)
        assert await uow.capacity.get(ORG) == _capacity(7, 0, 0, 30, 0, 0)


async def test_business_users_from_before_count_once_even_above_the_limit(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.ledger.adopt(ORG, [("u1", 10), ("u2", 5)])
        await uow.ledger.adopt(ORG, [("u2", 5), ("u6", 1)])
        assert await uow.ledger.sums(ORG) == await uow.capacity.get(ORG) == _capacity(1, 0, 3, 0, 0, 16)
        assert not await uow.capacity.take(ORG, 1, 0)
        assert await uow.ledger.release(ref("u1", generation=0))
        assert await uow.ledger.sums(ORG) == await uow.capacity.get(ORG) == _capacity(1, 0, 2, 0, 0, 6)


async def test_tickets_are_numbered_on_in_the_given_order(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.tickets.cut(ORG, [(ref("u3"), 5), (ref("u1"), 7)])
        await uow.tickets.cut(ORG, [(ref("u1"), 9), (ref("u2"), 0)])
        await uow.commit()
    async with store.write() as uow:
        waiting = await uow.tickets.waiting(ORG, 0, 10)
        assert [(it.number, it.user_id, it.storage_mb) for it in waiting] == [(1, "u3", 5), (2, "u1", 7), (3, "u2", 0)]
        assert [it.number for it in await uow.tickets.waiting(ORG, 1, 1)] == [2]
        assert await uow.tickets.waiting_count(ORG) == 3


async def test_closed_ticket_makes_room_for_a_new_one(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.tickets.cut(ORG, [(ref("u1"), 5), (ref("u2"), 5)])
        await uow.tickets.set_granted(ORG, [1], NOW)
        assert await uow.tickets.of(ref("u1")) == Ticket(ORG, 1, "u1", 1, TicketState.GRANTED, 5, NOW)
        await uow.tickets.cut(ORG, [(ref("u1"), 5)])
        assert await uow.tickets.of(ref("u1")) == Ticket(ORG, 1, "u1", 1, TicketState.GRANTED, 5, NOW)
        await uow.tickets.close(ref("u1"))
        await uow.tickets.set_granted(ORG, [1], NOW)
        assert await uow.tickets.of(ref("u1")) == Ticket(ORG, 1, "u1", 1, TicketState.CLOSED, 5, NOW)
        await uow.tickets.cut(ORG, [(ref("u1"), 5)])
        assert await uow.tickets.of(ref("u1")) == Ticket(ORG, 3, "u1", 1, TicketState.WAITING, 5)
        assert await uow.tickets.of(ref("u3")) is None


async def test_command_of_a_wave_is_given_once_and_keeps_its_answer(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.waves.add(wave(), '{"wave_id":"w1"}')
        with pytest.raises(Conflict):
            await uow.waves.add(wave("w2", command_id="command-w1"), "{}")
        assert await uow.waves.answer_to(ORG, "command-w1") == '{"wave_id":"w1"}'
        assert await uow.waves.answer_to(ORG, "command-w2") is None
        assert await uow.waves.get(ORG, "w1") == wave()


async def test_wave_is_started_once_and_released(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.waves.add(wave(), "{}")
        await uow.waves.add(wave("w2"), "{}")
        assert await uow.waves.unstarted(ORG, 1) == [wave()]
        await uow.waves.set_started(ORG, "w1", NOW)
        await uow.waves.set_state(ORG, "w1", WaveState.RELEASED)
        assert await uow.waves.unstarted(ORG, 10) == [wave("w2")]
        assert await uow.waves.of_organization(ORG) == [wave(started_at=NOW, state=WaveState.RELEASED), wave("w2")]


async def test_wave_claims_only_unclaimed_rows_before_selection(store: SqlStore) -> None:
    await _organization(store, licenses=1, storage_mb=0)
    async with store.write() as uow:
        await uow.migrations.move(ref("u2"), {S.BLOCKED}, S.IN_REVIEW, NOW)
        await uow.migrations.move(ref("u3"), {S.BLOCKED}, S.SKIPPED, NOW)
        wanted = [ref("u4"), ref("u3"), ref("u2"), ref("unknown")]
        assert await uow.migrations.claim(ORG, wanted, "w1", Activation.BY_HAND) == [ref("u4"), ref("u2")]
        assert await uow.migrations.claim(ORG, wanted, "w2", Activation.DELAYED) == []
        await uow.waves.add(wave(), "{}")
        await uow.commit()
    async with store.read() as uow:
        assert [it.user_id for it in await uow.members.to_release(ORG, "w1", 10, told_only=True)] == ["u2"]
        assert await uow.migrations.get(ref("u4")) == migration("u4", wave_id="w1", activation=Activation.BY_HAND)


@pytest.mark.parametrize(
    ("licenses", "storage_mb", "work"),
    [(1, 30, [ORG]), (1, 10, [ORG]), (1, 9, []), (0, 30, [])],
    ids=["room for both", "room for the smaller", "no storage", "no license"],
)
async def test_a_ticket_that_fits_is_work(store: SqlStore, licenses: int, storage_mb: int, work: list[str]) -> None:
    await _organization(store, licenses=licenses, storage_mb=storage_mb)
    async with store.write() as uow:
        await uow.migrations.set_started([ref(f"u{number}") for number in range(1, 6)], NOW)
        await uow.tickets.cut(ORG, [(ref("u1"), 20), (ref("u2"), 10)])
        assert await uow.organizations.with_work(NOW) == work
