"""What holds mails and steps back: pauses of an organization or the whole service, and an organization's own pace."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from edition_migration.adapters.store.tables.work import paces, pauses
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.ports.store_events import SERVICE, Pause


class SqlPauses:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def begin(self, scope: str, at: datetime, actor: str) -> bool:
        new = self._tx.insert(pauses).values(scope=scope, started_at=at, actor=actor).on_conflict_do_nothing()
        return bool(await self._tx.rows(new.returning(pauses.c.pause_id)))

    async def end(self, scope: str, at: datetime) -> bool:
        running = update(pauses).where(pauses.c.scope == scope, pauses.c.ended_at.is_(None))
        return await self._tx.change(running.values(ended_at=at)) == 1

    async def of(self, org_id: str) -> Sequence[Pause]:
        theirs = select(pauses).where(pauses.c.scope.in_([org_id, SERVICE]))
        return await self._tx.all(Pause, theirs.order_by(pauses.c.started_at, pauses.c.pause_id))

    async def is_paused(self, org_id: str) -> bool:
        running = select(pauses.c.pause_id).where(pauses.c.scope.in_([org_id, SERVICE]), pauses.c.ended_at.is_(None))
        return await self._tx.value(running.limit(1)) is not None


class SqlPaces:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def take_slot(self, org_id: str, now: datetime, interval: timedelta) -> datetime:
        """The row is made first where it is missing, then held: two at once take two slots."""
        await self._tx.change(self._tx.insert(paces).values(org_id=org_id, next_at=now).on_conflict_do_nothing())
        mine = select(paces.c.next_at).where(paces.c.org_id == org_id).with_for_update()
        slot: datetime = max(await self._tx.value(mine), now)
        await self._tx.change(update(paces).where(paces.c.org_id == org_id).values(next_at=slot + interval))
        return slot
