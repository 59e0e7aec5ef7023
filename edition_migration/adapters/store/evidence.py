"""All that the store says about a page of migrations, one query a table; and what has been left lying."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, RowMapping, Select, Table, and_, func, or_, select

from edition_migration.adapters.store.mails import IS_IN_QUEUE, IS_TO_SEND, MAIL
from edition_migration.adapters.store.tables.capacity import LedgerState, ledger, tickets
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import Postman, journal, mails, migrations, reset_tokens
from edition_migration.adapters.store.tables.people import domains, users
from edition_migration.adapters.store.tables.work import doorbells, errands, inbox
from edition_migration.adapters.store.transaction import Transaction, chunks
from edition_migration.domain.mail import LINK_MAILS, Mail, MailState
from edition_migration.domain.migration import ADOPTED, Migration, TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.reconciliation import Holder, RowFacts
from edition_migration.domain.token import USABLE
from edition_migration.ports.store_events import InboxState

Key = tuple[str, int]
"""User and generation, within one organization."""

_BEGUN = (MailState.QUEUED, MailState.SENDING, MailState.UNKNOWN)

_MIGRATION = select(migrations.c.user_id).where(
    migrations.c.org_id == ledger.c.org_id,
    migrations.c.user_id == ledger.c.user_id,
    migrations.c.generation == ledger.c.generation,
)
_DELETED = select(users.c.user_id).where(users.c.user_id == ledger.c.user_id, users.c.is_deleted)
_IS_STRAY = and_(
    ledger.c.state != LedgerState.RELEASED,
    or_(
        and_(ledger.c.generation != ADOPTED, ~_MIGRATION.exists()),
        and_(ledger.c.generation == ADOPTED, _DELETED.exists()),
    ),
)


class SqlEvidence:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def of_rows(self, org_id: str, after_user_id: str, after_generation: int, limit: int) -> Sequence[RowFacts]:
        it = migrations.c
        behind = or_(it.user_id > after_user_id, and_(it.user_id == after_user_id, it.generation > after_generation))
        page = select(migrations).where(it.org_id == org_id, behind).order_by(it.user_id, it.generation).limit(limit)
        return await self._facts(org_id, await self._tx.all(Migration, page))

    async def of_row(self, ref: MigrationRef) -> RowFacts | None:
        it = migrations.c
        mine = select(migrations).where(
            it.org_id == ref.org_id, it.user_id == ref.user_id, it.generation == ref.generation
        )
        found = await self._facts(ref.org_id, await self._tx.all(Migration, mine))
        return found[0] if found else None

    async def _facts(self, org_id: str, rows: Sequence[Migration]) -> list[RowFacts]:
        facts: list[RowFacts] = []
        for chunk in chunks(rows):
            about = await self._gather(org_id, sorted({row.user_id for row in chunk}))
            facts += [about.of(row) for row in chunk]
        return facts

    async def _gather(self, org_id: str, user_ids: Sequence[str]) -> "_Gathered":
        holding = await self._by_key(_of(ledger, org_id, user_ids), ledger.c.state)
        ticket = await self._by_key(_of(tickets, org_id, user_ids), tickets.c.state)
        link = _of(reset_tokens, org_id, user_ids).where(reset_tokens.c.state.in_(USABLE))
        link_mail = _of(mails, org_id, user_ids).where(
            mails.c.kind.in_(sorted(LINK_MAILS)), mails.c.state != MailState.SUPPRESSED
        )
        return _Gathered(
            holders={row["user_id"]: row for row in await self._tx.rows(_holders(org_id, user_ids))},
            newest=await self._newest(org_id, user_ids),
            holding=holding,
            tickets=ticket,
            links=(await self._by_key(link, reset_tokens.c.state)).keys(),
            link_mails=(await self._by_key(link_mail, mails.c.state)).keys(),
            first_mails=await self._first_mails(org_id, user_ids),
            journaled=await self._journaled(org_id, user_ids),
        )

    async def _by_key(self, statement: Select[Any, Any], column: ColumnElement[Any]) -> dict[Key, set[Any]]:
        """The values of a column for each migration."""
        found: dict[Key, set[Any]] = {}
        for row in await self._tx.rows(statement.add_columns(column.label("value"))):
            found.setdefault((row["user_id"], row["generation"]), set()).add(row["value"])
        return found

    async def _newest(self, org_id: str, user_ids: Sequence[str]) -> dict[str, int]:
        it = migrations.c
        newest = select(it.user_id, func.max(it.generation).label("generation"))
        rows = await self._tx.rows(newest.where(it.org_id == org_id, it.user_id.in_(user_ids)).group_by(it.user_id))
        return {row["user_id"]: row["generation"] for row in rows}

    async def _first_mails(self, org_id: str, user_ids: Sequence[str]) -> dict[Key, Mail]:
        it = mails.c
        heads = select(func.min(it.sequence)).where(it.org_id == org_id, it.user_id.in_(user_ids), IS_IN_QUEUE)
        first = select(*MAIL).where(it.sequence.in_(heads.group_by(it.user_id, it.generation)))
        found = await self._tx.all(Mail, first)
        return {(mail.user_id or "", mail.generation or 0): mail for mail in found}

    async def _journaled(self, org_id: str, user_ids: Sequence[str]) -> dict[Key, Any]:
        it = journal.c
        moves = or_(it.source.is_(None), it.source != it.target)
        last = select(func.max(it.entry_id)).where(it.org_id == org_id, it.user_id.in_(user_ids), moves)
        entries = select(it.user_id, it.generation, it.target).where(
            it.entry_id.in_(last.group_by(it.user_id, it.generation))
        )
        return {(row["user_id"], row["generation"]): row["target"] for row in await self._tx.rows(entries)}

    async def stray_holders(self, org_id: str, limit: int) -> Sequence[MigrationRef]:
        it = ledger.c
        strays = select(it.org_id, it.user_id, it.generation).where(it.org_id == org_id, _IS_STRAY)
        page = strays.order_by(it.user_id, it.generation).limit(limit)
        return [MigrationRef(**row) for row in await self._tx.rows(page)]

    async def is_stray(self, ref: MigrationRef) -> bool:
        it = ledger.c
        is_this = (it.org_id == ref.org_id, it.user_id == ref.user_id, it.generation == ref.generation)
        return await self._has_any(ledger, *is_this, _IS_STRAY)

    async def has_old_doorbells(self, org_id: str, before: datetime) -> bool:
        return await self._has_any(doorbells, doorbells.c.org_id == org_id, doorbells.c.rung_at < before)

    async def has_old_errands(self, org_id: str, before: datetime) -> bool:
        return await self._has_any(errands, errands.c.org_id == org_id, errands.c.created_at < before)

    async def has_old_events(self, org_id: str, before: datetime) -> bool:
        is_pending = literally(inbox.c.state, [InboxState.PENDING])
        return await self._has_any(inbox, inbox.c.org_id == org_id, is_pending, inbox.c.received_at < before)

    async def has_old_mails(self, org_id: str, before: datetime) -> bool:
        it = mails.c
        dues = (it.not_before, it.held_until)
        might_go = (it.created_at < before, *(or_(due.is_(None), due < before) for due in dues))
        is_free = or_(it.sending_at.is_(None), it.sending_at < before)
        by_organization = literally(it.postman, [Postman.ORGANIZATION])
        return await self._has_any(
            mails, it.org_id == org_id, by_organization, IS_TO_SEND, it.state.in_(_BEGUN), is_free, *might_go
        )

    async def _has_any(self, table: Table, *where: ColumnElement[bool]) -> bool:
        return await self._tx.value(select(func.count()).select_from(select(table).where(*where).limit(1).subquery()))


class _Gathered:
    """What the tables say about some users, by user or by migration."""

    def __init__(
        self,
        *,
        holders: dict[str, RowMapping],
        newest: dict[str, int],
        holding: dict[Key, set[LedgerState]],
        tickets: dict[Key, set[TicketState]],
        links: Any,
        link_mails: Any,
        first_mails: dict[Key, Mail],
        journaled: dict[Key, Any],
    ) -> None:
        self._holders = holders
        self._newest = newest
        self._holding = holding
        self._tickets = tickets
        self._links = links
        self._link_mails = link_mails
        self._first_mails = first_mails
        self._journaled = journaled

    def of(self, row: Migration) -> RowFacts:
        key = (row.user_id, row.generation)
        holding, places = self._holding.get(key, set()), self._tickets.get(key, set())
        return RowFacts(
            row=row,
            is_newest=self._newest[row.user_id] == row.generation,
            holder=_holder(self._holders[row.user_id]),
            has_reserved=LedgerState.RESERVED in holding,
            has_used=LedgerState.USED in holding,
            has_open_ticket=bool(places - {TicketState.CLOSED}),
            has_granted_ticket=TicketState.GRANTED in places,
            has_open_link=key in self._links,
            has_link_mail=key in self._link_mails,
            first_mail=self._first_mails.get(key),
            journaled=self._journaled.get(key),
        )


def _of(table: Table, org_id: str, user_ids: Sequence[str]) -> Select[Any, Any]:
    return select(table.c.user_id, table.c.generation).where(table.c.org_id == org_id, table.c.user_id.in_(user_ids))


def _holders(org_id: str, user_ids: Sequence[str]) -> Executable:
    it = users.c
    names = (it.user_id, it.org_id, it.account_status, it.credential_state, it.is_deleted, it.zone)
    block = select(domains.c.name).where(
        domains.c.name == it.domain, domains.c.org_id == org_id, domains.c.block_at.is_not(None)
    )
    errand = select(errands.c.errand_id).where(errands.c.org_id == org_id)
    return select(
        *names,
        it.password_hash.is_not(None).label("has_password"),
        and_(~block.exists(), ~errand.exists()).label("is_unblocked"),
    ).where(it.user_id.in_(user_ids))


def _holder(row: RowMapping) -> Holder:
    return Holder(**{name: row[name] for name in Holder.__dataclass_fields__})
