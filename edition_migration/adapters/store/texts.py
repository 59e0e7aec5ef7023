"""Organizations' own texts."""

from collections.abc import Sequence

from sqlalchemy import func, select

from edition_migration.adapters.store.tables.texts import own_texts
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import OwnTextRevision

_IT = own_texts.c


class SqlOwnTexts:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, revision: OwnTextRevision) -> int:
        values = {column.name: getattr(revision, column.name) for column in _IT if column.name != "revision"}
        return await self._tx.value(self._tx.insert(own_texts).values(values).returning(_IT.revision))

    async def get(self, revision: int) -> OwnTextRevision | None:
        return await self._tx.first(OwnTextRevision, select(own_texts).where(_IT.revision == revision))

    async def by_command(self, org_id: str, command_id: str) -> OwnTextRevision | None:
        given = select(own_texts).where(_IT.org_id == org_id, _IT.command_id == command_id)
        return await self._tx.first(OwnTextRevision, given)

    async def newest(
        self, org_id: str, kind: MailKind, language: str, *, until: int | None = None
    ) -> OwnTextRevision | None:
        theirs = select(own_texts).where(_IT.org_id == org_id, _IT.kind == kind, _IT.language == language)
        if until is not None:
            theirs = theirs.where(_IT.revision <= until)
        return await self._tx.first(OwnTextRevision, theirs.order_by(_IT.revision.desc()).limit(1))

    async def newest_of_all(self, org_id: str) -> Sequence[OwnTextRevision]:
        newest = select(func.max(_IT.revision)).where(_IT.org_id == org_id).group_by(_IT.kind, _IT.language)
        theirs = select(own_texts).where(_IT.revision.in_(newest)).order_by(_IT.kind, _IT.language)
        return await self._tx.all(OwnTextRevision, theirs)
