"""The append-only journal: what makes every repeat find the first result, and the audit at once."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Executable, Table, select

from edition_migration.adapters.store.tables.migrations import journal
from edition_migration.adapters.store.transaction import Insert, Transaction, chunks, given, given_ref, of
from edition_migration.domain.errors import Conflict
from edition_migration.domain.migration import JournalEntry
from edition_migration.domain.names import MigrationRef

_ENTRY = [column for column in journal.c if column.name != "entry_id"]
_KEY = ("org_id", "user_id", "generation", "key")
_FIND = select(*_ENTRY).where(given_ref(journal.c), journal.c.key == given(journal.c.key, "key"))
_FIND_OF_USER = (
    select(*_ENTRY)
    .where(
        journal.c.org_id == given(journal.c.org_id, "org_id"),
        journal.c.user_id == given(journal.c.user_id, "user_id"),
        journal.c.key == given(journal.c.key, "key"),
    )
    .order_by(journal.c.generation)
    .limit(1)
)


def _new(insert: Callable[[Table], Insert]) -> Executable:
    return insert(journal).on_conflict_do_nothing(index_elements=_KEY).returning(journal.c.entry_id)


class SqlJournal:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, entries: Sequence[JournalEntry]) -> None:
        if not entries:
            return
        rows = [{column.name: getattr(entry, column.name) for column in _ENTRY} for entry in entries]
        if len(await self._tx.rows(self._tx.made(_new), rows)) < len(rows):
            raise Conflict("this change was journaled before under the same key")

    async def find(self, ref: MigrationRef, key: str) -> JournalEntry | None:
        return await self._tx.first(JournalEntry, _FIND, {**of(ref), "given_key": key})

    async def find_of_user(self, org_id: str, user_id: str, key: str) -> JournalEntry | None:
        its = {"given_org_id": org_id, "given_user_id": user_id, "given_key": key}
        return await self._tx.first(JournalEntry, _FIND_OF_USER, its)

    async def has_of_any(self, org_id: str, user_ids: Sequence[str], key: str) -> bool:
        its = (journal.c.org_id == org_id, journal.c.key == key)
        for chunk in chunks(user_ids):
            if await self._tx.rows(select(journal.c.entry_id).where(*its, journal.c.user_id.in_(chunk)).limit(1)):
                return True
        return False

    async def of_user(self, org_id: str, user_id: str) -> Sequence[JournalEntry]:
        theirs = select(*_ENTRY).where(journal.c.org_id == org_id, journal.c.user_id == user_id)
        return await self._tx.all(JournalEntry, theirs.order_by(journal.c.entry_id))

    async def newest_entry_id(self, org_id: str | None = None, until: datetime | None = None) -> int:
        newest = select(journal.c.entry_id).order_by(journal.c.entry_id.desc()).limit(1)
        if org_id is not None:
            newest = newest.where(journal.c.org_id == org_id)
        if until is not None:
            newest = newest.where(journal.c.at < until)
        rows = await self._tx.rows(newest)
        return rows[0]["entry_id"] if rows else 0
