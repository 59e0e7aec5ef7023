"""Many at once: one token used by two hundred, the last licenses wanted by thirty-two, one address, one event."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from typing import TypeVar

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.errors import Conflict
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState, Received
from tests.fixtures.records import NOW, ORG, migration, organization, ref, token, user, wave

Answer = TypeVar("Answer")

_PROCESSES = 2
_TASKS = 100
_CONSUME = f"""
import asyncio, sys
from edition_migration.adapters.store.store import SqlStore
from tests.fixtures.records import NOW, token

async def consume(store):
    async with store.write() as uow:
        used = await uow.tokens.consume(token().digest, NOW)
        await uow.commit()
        return used is not None

async def main():
    store = SqlStore(sys.argv[1])
    await store.check()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(sum(await asyncio.gather(*(consume(store) for _ in range({_TASKS})))), flush=True)
    await store.dispose()

asyncio.run(main())
"""


async def _in_a_transaction(store: Store, work: Callable[[UnitOfWork], Awaitable[Answer]]) -> Answer:
    async with store.write() as uow:
        answer = await work(uow)
        await uow.commit()
    return answer


async def _with_users(store: Store, count: int) -> list[MigrationRef]:
    rows = [migration(f"u{number:03}") for number in range(count)]
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(row.user_id) for row in rows])
        await uow.migrations.add(rows)
        await uow.commit()
    return [row.ref for row in rows]


async def test_token_wanted_by_two_hundred_in_two_processes_is_used_once(store: SqlStore, store_url: str) -> None:
    await _with_users(store, 1)
    async with store.write() as uow:
        await uow.tokens.add(token(user_id="u000", state=TokenState.LIVE))
        await uow.commit()
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", _CONSUME, store_url, stdin=PIPE, stdout=PIPE)
        for _ in range(_PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert sorted(int(output) for output, _ in answers) == [0, 1]
    async with store.read() as uow:
        used = await uow.tokens.get("t1")
    assert used is not None
    assert used.state is TokenState.USED


async def test_last_licenses_wanted_by_thirty_two_are_not_oversold(store: SqlStore) -> None:
    refs = await _with_users(store, 32)
    async with store.write() as uow:
        await uow.capacity.set_purchased(ORG, licenses=5, storage_mb=1000)
        await uow.commit()

    async def take(mine: MigrationRef) -> bool:
        async def work(uow: UnitOfWork) -> bool:
            if not await uow.capacity.take(ORG, 1, 10):
                return False
            await uow.ledger.reserve(ORG, [(mine, 10)])
            return True

        return await _in_a_transaction(store, work)

    taken = await asyncio.gather(*(take(mine) for mine in refs))
    assert sum(taken) == 5
    async with store.read() as uow:
        counters = await uow.capacity.get(ORG)
        assert (counters.licenses_reserved, counters.storage_reserved_mb) == (5, 50)
        assert counters == await uow.ledger.sums(ORG)


async def test_storage_wanted_by_thirty_two_is_not_oversold(store: SqlStore) -> None:
    await _with_users(store, 1)
    async with store.write() as uow:
        await uow.capacity.set_purchased(ORG, licenses=100, storage_mb=70)
        await uow.commit()
    taken = await asyncio.gather(
        *(_in_a_transaction(store, lambda uow: uow.capacity.take(ORG, 1, 10)) for _ in range(32))
    )
    assert sum(taken) == 7


async def test_migration_released_by_many_at_once_is_released_once(store: SqlStore) -> None:
    [mine] = await _with_users(store, 1)
    async with store.write() as uow:
        await uow.capacity.set_purchased(ORG, licenses=5, storage_mb=100)
        await uow.capacity.take(ORG, 1, 10)
        await uow.ledger.reserve(ORG, [(mine, 10)])
        await uow.ledger.use(mine)
        await uow.commit()
    released = await asyncio.gather(
        *(_in_a_transaction(store, lambda uow: uow.ledger.release(mine)) for _ in range(16))
    )
    assert sum(released) == 1
    async with store.read() as uow:
        counters = await uow.capacity.get(ORG)
        assert (counters.licenses_used, counters.storage_used_mb) == (0, 0)


async def test_tickets_cut_by_many_at_once_have_numbers_without_gap_or_double(store: SqlStore) -> None:
    refs = await _with_users(store, 24)

    async def cut(mine: list[MigrationRef]) -> None:
        await _in_a_transaction(store, lambda uow: uow.tickets.cut(ORG, [(it, 1) for it in mine]))

    await asyncio.gather(*(cut(refs[start : start + 3]) for start in range(0, 24, 3)))
    async with store.write() as uow:
        tickets = await uow.tickets.waiting(ORG, 0, 100)
    assert [it.number for it in tickets] == list(range(1, 25))
    assert {it.user_id for it in tickets} == {it.user_id for it in refs}


async def test_event_received_by_many_at_once_is_new_once(store: SqlStore) -> None:
    row = InboxRow(0, "hr", "e1", "user.created", ORG, "{}", "d" * 64, NOW, InboxState.PENDING)
    answers = await asyncio.gather(*(_in_a_transaction(store, lambda uow: uow.inbox.receive(row)) for _ in range(16)))
    assert sorted(answers) == [Received.NEW] + [Received.REPEATED] * 15


async def test_address_wanted_by_many_at_once_gets_one_owner(store: SqlStore) -> None:
    async def put(number: int) -> bool:
        try:
            await _in_a_transaction(store, lambda uow: uow.users.put([user(f"u{number}", email="a@acme.example")]))
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(put(number) for number in range(8)))) == 1


async def test_row_that_is_held_waits_for_its_holder(store: SqlStore) -> None:
    await _with_users(store, 1)
    mine = ref("u000")
    order: list[str] = []
    held = asyncio.Event()

    async def first() -> None:
        async with store.write() as uow:
            await uow.migrations.hold(mine)
            held.set()
            await asyncio.sleep(0)
            order.append("first")
            await uow.commit()

    async def second() -> None:
        await held.wait()
        async with store.write() as uow:
            await uow.migrations.hold(mine)
            order.append("second")

    await asyncio.gather(first(), second())
    assert order == ["first", "second"]


async def test_pages_over_the_same_users_in_any_order_do_not_deadlock(store: SqlStore) -> None:
    refs = await _with_users(store, 60)

    async def claim(number: int) -> int:
        mine = refs if number % 2 else list(reversed(refs))

        async def work(uow: UnitOfWork) -> int:
            claimed = await uow.migrations.claim(ORG, mine, f"w{number}", organization().settings.activation)
            await uow.waves.add(wave(f"w{number}"), "{}")
            return len(claimed)

        return await _in_a_transaction(store, work)

    assert sorted(await asyncio.gather(*(claim(number) for number in range(6)))) == [0, 0, 0, 0, 0, 60]
