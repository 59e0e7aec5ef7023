"""The seals over the journal, and the journal as the audit reads it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, exists, func, insert, select

from edition_migration.adapters.store.tables.migrations import journal
from edition_migration.adapters.store.tables.migrations import seals as seal_rows
from edition_migration.adapters.store.transaction import Transaction, chunks
from edition_migration.domain.migration import JournalEntry
from edition_migration.domain.seals import Link, NumberedEntry, Seal
from edition_migration.ports.store_audit import AuditLine, Unsealed

_ENTRY = [column for column in journal.c if column.name != "entry_id"]
_IS_UNSEALED = ~exists().where(seal_rows.c.entry_id == journal.c.entry_id)


class SqlSeals:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def newest_entry_id(self) -> int:
        return await self._tx.value(select(func.max(seal_rows.c.entry_id))) or 0

    async def unsealed(self, after_entry_id: int, limit: int) -> Sequence[NumberedEntry]:
        behind = select(journal).where(journal.c.entry_id > after_entry_id, _IS_UNSEALED)
        rows = await self._tx.rows(behind.order_by(journal.c.entry_id).limit(limit))
        return [NumberedEntry(row["entry_id"], _entry(row)) for row in rows]

    async def heads(self, org_ids: Collection[str]) -> Mapping[str, Seal]:
        found: dict[str, Seal] = {}
        for chunk in chunks(sorted(org_ids)):
            last = select(seal_rows.c.org_id, func.max(seal_rows.c.position).label("position"))
            ends = last.where(seal_rows.c.org_id.in_(chunk)).group_by(seal_rows.c.org_id).subquery()
            is_end = (seal_rows.c.org_id == ends.c.org_id) & (seal_rows.c.position == ends.c.position)
            found |= {it.org_id: it for it in await self._tx.all(Seal, select(seal_rows).join(ends, is_end))}
        return found

    async def add(self, seals: Sequence[Seal]) -> None:
        await self._tx.change_each(insert(seal_rows), [asdict(seal) for seal in seals])

    async def links(self, org_id: str, after_position: int, limit: int) -> Sequence[Link]:
        chain = select(seal_rows, *(column.label(f"entry_{column.name}") for column in journal.c)).select_from(
            seal_rows.outerjoin(journal, journal.c.entry_id == seal_rows.c.entry_id)
        )
        behind = chain.where(seal_rows.c.org_id == org_id, seal_rows.c.position > after_position)
        rows = await self._tx.rows(behind.order_by(seal_rows.c.position).limit(limit))
        return [Link(_seal(row), _joined_entry(row)) for row in rows]

    async def entries(
        self,
        org_id: str | None,
        after_entry_id: int,
        limit: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[AuditLine]:
        where: list[ColumnElement[bool]] = [journal.c.entry_id > after_entry_id]
        if org_id is not None:
            where.append(journal.c.org_id == org_id)
        if since is not None:
            where.append(journal.c.at >= since)
        if until is not None:
            where.append(journal.c.at < until)
        lines = select(journal, seal_rows.c.position, seal_rows.c.hash).select_from(
            journal.outerjoin(seal_rows, seal_rows.c.entry_id == journal.c.entry_id)
        )
        rows = await self._tx.rows(lines.where(*where).order_by(journal.c.entry_id).limit(limit))
        return [AuditLine(NumberedEntry(row["entry_id"], _entry(row)), row["position"], row["hash"]) for row in rows]

    async def unsealed_of(self, org_id: str) -> Unsealed:
        tail = select(func.count().label("count"), func.min(journal.c.at).label("oldest_at"))
        row = (await self._tx.rows(tail.where(journal.c.org_id == org_id, _IS_UNSEALED)))[0]
        return Unsealed(row["count"], row["oldest_at"])


def _entry(row: RowMapping) -> JournalEntry:
    return JournalEntry(**{column.name: row[column.name] for column in _ENTRY})


def _joined_entry(row: RowMapping) -> JournalEntry | None:
    if row["entry_entry_id"] is None:
        return None
    values: dict[str, Any] = {column.name: row[f"entry_{column.name}"] for column in _ENTRY}
    return JournalEntry(**values)


def _seal(row: RowMapping) -> Seal:
    return Seal(row["org_id"], row["position"], row["entry_id"], row["hash"])
