"""What is to be done: the inbox of events, doorbells, errands."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from sqlalchemy import Executable, Table, delete, exists, insert, or_, select, update

from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.work import doorbells, errands, inbox
from edition_migration.adapters.store.transaction import GIVEN_LIMIT, Insert, Transaction, chunks, given, given_list
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.names import MigrationRef, WaveRef
from edition_migration.ports.store_events import Doorbell, Errand, InboxRow, InboxState, Received

_NEXT_PENDING = (
    select(inbox)
    .where(inbox.c.org_id == given(inbox.c.org_id, "org_id"), literally(inbox.c.state, [InboxState.PENDING]))
    .order_by(inbox.c.inbox_id)
    .limit(1)
)
_DIGEST = select(inbox.c.digest).where(
    inbox.c.source == given(inbox.c.source, "source"), inbox.c.event_id == given(inbox.c.event_id, "event_id")
)
_SETTLE = update(inbox).where(inbox.c.inbox_id == given(inbox.c.inbox_id, "inbox_id"))
_RING = insert(doorbells)
_OLDEST_BELLS = select(doorbells).order_by(doorbells.c.bell_id).limit(GIVEN_LIMIT)
_REMOVE_BELLS = delete(doorbells).where(doorbells.c.bell_id.in_(given_list(doorbells.c.bell_id, "bell_ids")))
_NEXT_ERRAND = (
    select(errands).where(errands.c.org_id == given(errands.c.org_id, "org_id")).order_by(errands.c.errand_id).limit(1)
)
_IS_ERRAND = errands.c.errand_id == given(errands.c.errand_id, "errand_id")
_ADD_ERRAND = insert(errands)
_ADVANCE = update(errands).where(_IS_ERRAND)
_FINISH = delete(errands).where(_IS_ERRAND)


def _keep(new: Callable[[Table], Insert]) -> Executable:
    keep = new(inbox).on_conflict_do_nothing(index_elements=["source", "event_id"])
    return keep.returning(inbox.c.inbox_id)


class SqlInbox:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def receive(self, row: InboxRow) -> Received:
        values = {column.name: getattr(row, column.name) for column in inbox.c if column.name != "inbox_id"}
        if await self._tx.rows(self._tx.made(_keep), values):
            return Received.NEW
        first = await self._tx.value(_DIGEST, {"given_source": row.source, "given_event_id": row.event_id})
        return Received.REPEATED if first == row.digest else Received.DIFFERENT

    async def next_pending(self, org_id: str) -> InboxRow | None:
        return await self._tx.first(InboxRow, _NEXT_PENDING, {"given_org_id": org_id})

    async def settle(
        self,
        inbox_id: int,
        state: InboxState,
        reason: str | None,
        *,
        failure: str | None = None,
        wants: str | None = None,
    ) -> None:
        outcome = {"state": state, "reason": reason, "failure": failure, "wants": wants}
        await self._tx.change(_SETTLE, {"given_inbox_id": inbox_id, **outcome})

    async def set_user(self, inbox_id: int, user_id: str) -> None:
        await self._tx.change(update(inbox).where(inbox.c.inbox_id == inbox_id).values(user_id=user_id))

    async def retry_failed(
        self, failure: str, types: Collection[str], *, user_id: str | None = None, wants: str | None = None
    ) -> Sequence[str]:
        failed = (inbox.c.failure == failure) & inbox.c.failure.is_not(None) & inbox.c.type.in_(sorted(types))
        if user_id is not None:
            failed &= inbox.c.user_id == user_id
        if wants is not None:
            failed &= or_(inbox.c.wants == wants, inbox.c.wants.is_(None))
        await self._tx.lock(inbox.c.inbox_id, failed)
        again = update(inbox).where(failed).values(state=InboxState.PENDING, reason=None, failure=None, wants=None)
        rows = await self._tx.rows(again.returning(inbox.c.org_id))
        return sorted({row["org_id"] for row in rows})

    async def get(self, source: str, event_id: str) -> InboxRow | None:
        return await self._tx.first(
            InboxRow, select(inbox).where(inbox.c.source == source, inbox.c.event_id == event_id)
        )

    async def listing(self, org_id: str | None, limit: int) -> Sequence[InboxRow]:
        newest = select(inbox).order_by(inbox.c.inbox_id.desc()).limit(limit)
        if org_id is not None:
            newest = newest.where(inbox.c.org_id == org_id)
        return await self._tx.all(InboxRow, newest)

    async def of_user(self, org_id: str, user_id: str) -> Sequence[InboxRow]:
        theirs = select(inbox).where(inbox.c.org_id == org_id, inbox.c.user_id == user_id)
        return await self._tx.all(InboxRow, theirs.order_by(inbox.c.inbox_id))

    async def has_pending_detection(self, org_id: str, user_id: str) -> bool:
        detections = exists().where(
            inbox.c.org_id == org_id,
            inbox.c.user_id == user_id,
            inbox.c.type == EventType.USER_DETECTED,
            inbox.c.state.in_([InboxState.PENDING, InboxState.APPLIED]),
        )
        return bool(await self._tx.value(select(detections)))


class SqlDoorbells:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add_migrations(self, refs: Sequence[MigrationRef], at: datetime) -> None:
        rows = [
            {"org_id": ref.org_id, "user_id": ref.user_id, "generation": ref.generation, "rung_at": at} for ref in refs
        ]
        await self._tx.change_each(_RING, rows)

    async def add_organization(self, org_id: str, at: datetime) -> None:
        await self._tx.change(_RING, {"org_id": org_id, "rung_at": at})

    async def add_wave(self, ref: WaveRef, at: datetime) -> None:
        await self._tx.change(_RING, {"org_id": ref.org_id, "wave_id": ref.wave_id, "rung_at": at})

    async def oldest(self, limit: int) -> Sequence[Doorbell]:
        return await self._tx.all(Doorbell, _OLDEST_BELLS, {"given_limit": limit})

    async def remove(self, bell_ids: Sequence[int]) -> None:
        for chunk in chunks(sorted(bell_ids)):
            await self._tx.change(_REMOVE_BELLS, {"given_bell_ids": list(chunk)})


class SqlErrands:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, org_id: str, kind: str, argument: str, at: datetime) -> None:
        values = {"org_id": org_id, "kind": kind, "argument": argument, "cursor": "", "created_at": at}
        await self._tx.change(_ADD_ERRAND, values)

    async def next(self, org_id: str) -> Errand | None:
        return await self._tx.first(Errand, _NEXT_ERRAND, {"given_org_id": org_id})

    async def advance(self, errand_id: int, cursor: str) -> None:
        await self._tx.change(_ADVANCE, {"given_errand_id": errand_id, "cursor": cursor})

    async def finish(self, errand_id: int) -> None:
        await self._tx.change(_FINISH, {"given_errand_id": errand_id})
