"""Who waits for licenses in which order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, insert, select, tuple_, update

from edition_migration.adapters.store.tables.capacity import counters, tickets
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.transaction import Transaction, chunks
from edition_migration.domain.migration import Ticket, TicketState
from edition_migration.domain.names import MigrationRef

_WAITING = literally(tickets.c.state, [TicketState.WAITING])


class SqlTickets:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def cut(self, org_id: str, holders: Sequence[tuple[MigrationRef, int]]) -> None:
        """The counters' row is held first, so that two selections cannot take the same numbers."""
        if not holders:
            return
        mine = counters.c.org_id == org_id
        number = await self._tx.value(select(counters.c.next_ticket).where(mine).with_for_update(key_share=True))
        kept = await self._with_open_ticket(org_id, [ref for ref, _ in holders])
        new = [(ref, mb) for ref, mb in dict(holders).items() if ref not in kept]
        rows = [
            {
                "org_id": org_id,
                "number": number + place,
                "user_id": ref.user_id,
                "generation": ref.generation,
                "state": TicketState.WAITING,
                "storage_mb": storage_mb,
            }
            for place, (ref, storage_mb) in enumerate(new)
        ]
        await self._tx.change_each(insert(tickets), rows)
        await self._tx.change(update(counters).where(mine).values(next_ticket=number + len(rows)))

    async def _with_open_ticket(self, org_id: str, refs: Sequence[MigrationRef]) -> set[MigrationRef]:
        found: set[MigrationRef] = set()
        key = tuple_(tickets.c.user_id, tickets.c.generation)
        for chunk in chunks(refs):
            theirs = select(tickets.c.org_id, tickets.c.user_id, tickets.c.generation).where(
                tickets.c.org_id == org_id,
                key.in_([(ref.user_id, ref.generation) for ref in chunk]),
                tickets.c.state != TicketState.CLOSED,
            )
            found.update(MigrationRef(**row) for row in await self._tx.rows(theirs))
        return found

    async def of(self, ref: MigrationRef) -> Ticket | None:
        return await self._tx.first(
            Ticket, select(tickets).where(_is_of(ref)).order_by(tickets.c.number.desc()).limit(1)
        )

    async def waiting(self, org_id: str, after_number: int, limit: int) -> Sequence[Ticket]:
        behind = select(tickets).where(tickets.c.org_id == org_id, _WAITING, tickets.c.number > after_number)
        held = behind.order_by(tickets.c.number).limit(limit).with_for_update(key_share=True)
        return await self._tx.all(Ticket, held)

    async def waiting_count(self, org_id: str) -> int:
        return await self._tx.value(select(func.count()).where(tickets.c.org_id == org_id, _WAITING))

    async def set_granted(self, org_id: str, numbers: Sequence[int], at: datetime) -> None:
        for chunk in chunks(sorted(numbers)):
            these = update(tickets).where(tickets.c.org_id == org_id, tickets.c.number.in_(chunk), _WAITING)
            await self._tx.change(these.values(state=TicketState.GRANTED, granted_at=at))

    async def close(self, ref: MigrationRef) -> None:
        it = update(tickets).where(_is_of(ref), tickets.c.state != TicketState.CLOSED)
        await self._tx.change(it.values(state=TicketState.CLOSED))

    async def close_many(self, org_id: str, refs: Sequence[MigrationRef]) -> None:
        for chunk in chunks(sorted((ref.user_id, ref.generation) for ref in refs)):
            theirs = and_(
                tickets.c.org_id == org_id,
                tuple_(tickets.c.user_id, tickets.c.generation).in_(chunk),
                tickets.c.state != TicketState.CLOSED,
            )
            await self._tx.lock(tickets.c.number, theirs)
            await self._tx.change(update(tickets).where(theirs).values(state=TicketState.CLOSED))


def _is_of(ref: MigrationRef) -> ColumnElement[bool]:
    return and_(
        tickets.c.org_id == ref.org_id, tickets.c.user_id == ref.user_id, tickets.c.generation == ref.generation
    )
