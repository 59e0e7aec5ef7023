"""The counters of licenses and storage, one row an organization. Nothing else decides whether there is room."""

from typing import Any

from sqlalchemy import ColumnElement, RowMapping, case, literal, select, update

from edition_migration.adapters.store.tables.capacity import counters
from edition_migration.adapters.store.transaction import Transaction, given
from edition_migration.domain.errors import NotFound
from edition_migration.domain.organization import Capacity

_IT = counters.c
_CAPACITY = (
    _IT.org_id,
    _IT.licenses_purchased,
    _IT.licenses_reserved,
    _IT.licenses_used,
    _IT.storage_purchased_mb,
    _IT.storage_reserved_mb,
    _IT.storage_used_mb,
)
_GET = select(*_CAPACITY).where(_IT.org_id == given(_IT.org_id, "org_id"))
_HOLD = _GET.with_for_update(key_share=True)
_LICENSES_IN_USE = _IT.licenses_reserved + _IT.licenses_used
_STORAGE_IN_USE = _IT.storage_reserved_mb + _IT.storage_used_mb
LICENSES_FREE = _IT.licenses_purchased - _LICENSES_IN_USE
STORAGE_FREE_MB = _IT.storage_purchased_mb - _STORAGE_IN_USE


class SqlCapacityTable:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, org_id: str) -> Capacity:
        return _capacity(await self._tx.row(_GET, {"given_org_id": org_id}))

    async def hold(self, org_id: str) -> Capacity:
        return _capacity(await self._tx.row(_HOLD, {"given_org_id": org_id}))

    async def set_purchased(self, org_id: str, *, licenses: int | None, storage_mb: int | None) -> None:
        values: dict[str, Any] = {}
        if licenses is not None:
            values["licenses_purchased"] = licenses
            values["licenses_ceiling"] = _greatest(_LICENSES_IN_USE, literal(licenses))
        if storage_mb is not None:
            values["storage_purchased_mb"] = storage_mb
            values["storage_ceiling_mb"] = _greatest(_STORAGE_IN_USE, literal(storage_mb))
        if values:
            await self._tx.change(update(counters).where(_IT.org_id == org_id).values(values))

    async def take(self, org_id: str, licenses: int, storage_mb: int) -> bool:
        enough = [_IT.org_id == org_id]
        if licenses:
            enough.append(licenses <= LICENSES_FREE)
        if storage_mb:
            enough.append(storage_mb <= STORAGE_FREE_MB)
        taken = update(counters).where(*enough)
        taken = taken.values(
            licenses_reserved=_IT.licenses_reserved + licenses,
            storage_reserved_mb=_IT.storage_reserved_mb + storage_mb,
        )
        return await self._tx.change(taken) == 1

    async def set_in_use(self, sums: Capacity) -> None:
        licenses = literal(sums.licenses_reserved + sums.licenses_used)
        storage = literal(sums.storage_reserved_mb + sums.storage_used_mb)
        mine = update(counters).where(_IT.org_id == sums.org_id)
        await self._tx.change(
            mine.values(
                licenses_reserved=sums.licenses_reserved,
                licenses_used=sums.licenses_used,
                licenses_ceiling=_greatest(licenses, _IT.licenses_purchased),
                storage_reserved_mb=sums.storage_reserved_mb,
                storage_used_mb=sums.storage_used_mb,
                storage_ceiling_mb=_greatest(storage, _IT.storage_purchased_mb),
            )
        )


def _greatest(left: ColumnElement[int], right: ColumnElement[int]) -> ColumnElement[int]:
    return case((left > right, left), else_=right)


def _capacity(row: RowMapping | None) -> Capacity:
    if row is None:
        raise NotFound("no such organization", mend="apply its file or send its provisioning event first")
    return Capacity(**row)


async def move_counters(
    transaction: Transaction,
    org_id: str,
    *,
    licenses_reserved: int = 0,
    licenses_used: int = 0,
    storage_reserved_mb: int = 0,
    storage_used_mb: int = 0,
) -> None:
    """Adds to the counters what the ledger moved, and lets the ceilings follow what is in use."""
    licenses = _LICENSES_IN_USE + (licenses_reserved + licenses_used)
    storage = _STORAGE_IN_USE + (storage_reserved_mb + storage_used_mb)
    moved = update(counters).where(_IT.org_id == org_id)
    moved = moved.values(
        licenses_reserved=_IT.licenses_reserved + licenses_reserved,
        licenses_used=_IT.licenses_used + licenses_used,
        licenses_ceiling=_greatest(licenses, _IT.licenses_purchased),
        storage_reserved_mb=_IT.storage_reserved_mb + storage_reserved_mb,
        storage_used_mb=_IT.storage_used_mb + storage_used_mb,
        storage_ceiling_mb=_greatest(storage, _IT.storage_purchased_mb),
    )
    await transaction.change(moved)
