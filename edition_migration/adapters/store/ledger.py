"""Whose the licenses and the storage are. What is used or released here moves the counters in the same transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Label, and_, case, func, literal, select, tuple_, update

from edition_migration.adapters.store.capacity import SqlCapacityTable, move_counters
from edition_migration.adapters.store.tables.capacity import LedgerState, ledger
from edition_migration.adapters.store.transaction import Insert, Transaction, chunks, given, given_ref, of
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import ADOPTED
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Capacity

_IS_THEIRS = given_ref(ledger.c)
_CHANGE = (
    update(ledger).where(_IS_THEIRS, ledger.c.state == given(ledger.c.state, "source")).returning(ledger.c.storage_mb)
)
_IS_USED = select(ledger.c.user_id).where(_IS_THEIRS, ledger.c.state == LedgerState.USED)


class SqlLedger:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def reserve(self, org_id: str, holders: Sequence[tuple[MigrationRef, int]]) -> None:
        rows = [_row(org_id, ref.user_id, ref.generation, LedgerState.RESERVED, mb) for ref, mb in holders]
        if len(await self._open(rows)) < len(rows):
            raise Conflict("a migration has its license already")

    async def use(self, ref: MigrationRef) -> bool:
        storage_mb = await self._change(ref, LedgerState.RESERVED, LedgerState.USED)
        if storage_mb is None:
            return False
        await move_counters(
            self._tx,
            ref.org_id,
            licenses_reserved=-1,
            licenses_used=1,
            storage_reserved_mb=-storage_mb,
            storage_used_mb=storage_mb,
        )
        return True

    async def is_used(self, ref: MigrationRef) -> bool:
        return await self._tx.value(_IS_USED, of(ref)) is not None

    async def adopt(self, org_id: str, holders: Sequence[tuple[str, int]]) -> None:
        rows = [_row(org_id, user_id, ADOPTED, LedgerState.USED, mb) for user_id, mb in holders]
        opened = await self._open(rows)
        if opened:
            await move_counters(self._tx, org_id, licenses_used=len(opened), storage_used_mb=sum(opened))

    async def release(self, ref: MigrationRef) -> bool:
        reserved_mb = await self._change(ref, LedgerState.RESERVED, LedgerState.RELEASED)
        if reserved_mb is not None:
            await move_counters(self._tx, ref.org_id, licenses_reserved=-1, storage_reserved_mb=-reserved_mb)
            return True
        used_mb = await self._change(ref, LedgerState.USED, LedgerState.RELEASED)
        if used_mb is not None:
            await move_counters(self._tx, ref.org_id, licenses_used=-1, storage_used_mb=-used_mb)
        return used_mb is not None

    async def release_reserved(self, org_id: str, refs: Sequence[MigrationRef]) -> int:
        released: list[int] = []
        for chunk in chunks(sorted((ref.user_id, ref.generation) for ref in refs)):
            theirs = and_(
                ledger.c.org_id == org_id,
                tuple_(ledger.c.user_id, ledger.c.generation).in_(chunk),
                ledger.c.state == LedgerState.RESERVED,
            )
            await self._tx.lock(ledger.c.user_id, theirs)
            changed = update(ledger).where(theirs).values(state=LedgerState.RELEASED)
            released += [row["storage_mb"] for row in await self._tx.rows(changed.returning(ledger.c.storage_mb))]
        if released:
            await move_counters(self._tx, org_id, licenses_reserved=-len(released), storage_reserved_mb=-sum(released))
        return len(released)

    async def sums(self, org_id: str) -> Capacity:
        purchased = await SqlCapacityTable(self._tx).get(org_id)
        row = (await self._tx.rows(select(*_SUMS).where(ledger.c.org_id == org_id)))[0]
        return Capacity(
            org_id=org_id,
            licenses_purchased=purchased.licenses_purchased,
            storage_purchased_mb=purchased.storage_purchased_mb,
            **{column.name: int(row[column.name]) for column in _SUMS},
        )

    async def _open(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Writes rows that are new or were released; the storage of those, in no order."""
        if not rows:
            return []
        by_user = sorted(rows, key=lambda row: row["user_id"])
        return [row["storage_mb"] for row in await self._tx.rows(_opening(self._tx.insert(ledger)), by_user)]

    async def _change(self, ref: MigrationRef, source: LedgerState, target: LedgerState) -> int | None:
        """The guarded UPDATE; the row's storage, or None where it was not in `source`."""
        return await self._tx.value(_CHANGE, {**of(ref), "given_source": source, "state": target})


def _row(org_id: str, user_id: str, generation: int, state: LedgerState, storage_mb: int) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "user_id": user_id,
        "generation": generation,
        "state": state,
        "storage_mb": storage_mb,
    }


def _opening(statement: Insert) -> Any:
    return statement.on_conflict_do_update(
        index_elements=["org_id", "user_id", "generation"],
        set_={"state": statement.excluded.state, "storage_mb": statement.excluded.storage_mb},
        where=ledger.c.state == LedgerState.RELEASED,
    ).returning(ledger.c.storage_mb)


def _sum_where(state: LedgerState, what: ColumnElement[int], name: str) -> Label[int]:
    return func.coalesce(func.sum(case((ledger.c.state == state, what), else_=0)), 0).label(name)


_SUMS = (
    _sum_where(LedgerState.RESERVED, literal(1), "licenses_reserved"),
    _sum_where(LedgerState.USED, literal(1), "licenses_used"),
    _sum_where(LedgerState.RESERVED, ledger.c.storage_mb, "storage_reserved_mb"),
    _sum_where(LedgerState.USED, ledger.c.storage_mb, "storage_used_mb"),
)
