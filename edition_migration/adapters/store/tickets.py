"""Who waits for licenses in which order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, insert, select, tuple_, update

from edition_migration.adapters.store.tables.capacity import counters, tickets
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.transaction import GIVEN_LIMIT, Transaction, chunks, given, given_ref, of
from edition_migration.domain.migration import Ticket, TicketState
from edition_migration.domain.names import MigrationRef

IS_WAITING = literally(tickets.c.state, [TicketState.WAITING])
_IS_THEIRS = given_ref(tickets.c)
_NEWEST = select(tickets).where(_IS_THEIRS).order_by(tickets.c.number.desc()).limit(1)
_OF_ORGANIZATION = tickets.c.org_id == given(tickets.c.org_id, "org_id")
_WAITING_BEHIND = (
    select(tickets)
    .where(_OF_ORGANIZATION, IS_WAITING, tickets.c.number > given(tickets.c.number, "number"))
    .order_by(tickets.c.number)
    .limit(GIVEN_LIMIT)
    .with_for_update(key_share=True)
)
_WAITING_COUNT = select(func.count()).where(_OF_ORGANIZATION, IS_WAITING)
_SET_OPEN = update(tickets).where(_IS_THEIRS, tickets.c.state != TicketState.CLOSED)

_IS_COUNTED = counters.c.org_id == given(counters.c.org_id, "org_id")
_HOLD_NEXT = select(counters.c.next_ticket).where(_IS_COUNTED).with_for_update(key_share=True)
_SET_NEXT = update(counters).where(_IS_COUNTED)
_CUT = insert(tickets)


class SqlTickets:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def cut(self, org_id: str, holders: Sequence[tuple[MigrationRef, int]]) -> None:
        """The counters' row is held first, so that two selections cannot take the same numbers."""
        if not holders:
            return
        number = await self._tx.value(_HOLD_NEXT, {"given_org_id": org_id})
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
        await self._tx.change_each(_CUT, rows)
        await self._tx.change(_SET_NEXT, {"given_org_id": org_id, "next_ticket": number + len(rows)})

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
        return await self._tx.first(Ticket, _NEWEST, of(ref))

    async def waiting(self, org_id: str, after_number: int, limit: int) -> Sequence[Ticket]:
        behind = {"given_org_id": org_id, "given_number": after_number, "given_limit": limit}
        return await self._tx.all(Ticket, _WAITING_BEHIND, behind)

    async def waiting_count(self, org_id: str) -> int:
        return await self._tx.value(_WAITING_COUNT, {"given_org_id": org_id})

    async def set_granted(self, org_id: str, numbers: Sequence[int], at: datetime) -> None:
        for chunk in chunks(sorted(numbers)):
            these = update(tickets).where(tickets.c.org_id == org_id, tickets.c.number.in_(chunk), IS_WAITING)
            await self._tx.change(these.values(state=TicketState.GRANTED, granted_at=at))

    async def close(self, ref: MigrationRef) -> None:
        await self._tx.change(_SET_OPEN, {**of(ref), "state": TicketState.CLOSED})

    async def close_many(self, org_id: str, refs: Sequence[MigrationRef]) -> None:
        for chunk in chunks(sorted((ref.user_id, ref.generation) for ref in refs)):
            theirs = and_(
                tickets.c.org_id == org_id,
                tuple_(tickets.c.user_id, tickets.c.generation).in_(chunk),
                tickets.c.state != TicketState.CLOSED,
            )
            await self._tx.lock(tickets.c.number, theirs)
            await self._tx.change(update(tickets).where(theirs).values(state=TicketState.CLOSED))
