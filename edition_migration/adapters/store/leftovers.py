"""Rows that nobody needs any more: found by an index over their time, removed page by page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, func, or_, select

from edition_migration.adapters.store.mails import IS_TO_SEND
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import mails, migrations, reset_tokens
from edition_migration.adapters.store.tables.people import former_addresses, sessions
from edition_migration.adapters.store.tables.work import inbox
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.purge import Leftover
from edition_migration.domain.states import OPEN
from edition_migration.domain.token import TokenState
from edition_migration.ports.store_events import InboxState
from edition_migration.ports.store_leftovers import RemovedPage

Condition = Callable[[datetime], ColumnElement[bool]]
"""Whether a row that is older than this goes."""

_NEWER = mails.alias("newer").c
_HAS_NEWER = (
    select(_NEWER.sequence)
    .where(
        _NEWER.org_id == mails.c.org_id,
        _NEWER.kind == mails.c.kind,
        _NEWER.user_id.is_(None),
        _NEWER.sequence > mails.c.sequence,
    )
    .exists()
)
"""The newest mail of a kind to an organization says when it was last told."""
_HAS_MAIL = select(mails.c.sequence).where(mails.c.token_id == reset_tokens.c.token_id).exists()


def _is_at_rest(user_id: Column[Any], before: datetime) -> ColumnElement[bool]:
    """The user has no migration that is open, or that ended at `before` or later; true where there is no user."""
    it = migrations.c
    is_needed = or_(literally(it.state, OPEN), it.since >= before)
    return ~select(it.user_id).where(it.user_id == user_id, is_needed).exists()


def _event_goes(before: datetime) -> ColumnElement[bool]:
    return and_(inbox.c.state != InboxState.PENDING, _is_at_rest(inbox.c.user_id, before))


def _mail_goes(before: datetime) -> ColumnElement[bool]:
    it = mails.c
    return and_(~IS_TO_SEND, or_(it.user_id.is_not(None), _HAS_NEWER), _is_at_rest(it.user_id, before))


def _link_goes(before: datetime) -> ColumnElement[bool]:
    it = reset_tokens.c
    return and_(it.state.in_([TokenState.USED, TokenState.DEAD]), _is_at_rest(it.user_id, before))


def _session_goes(before: datetime) -> ColumnElement[bool]:
    """One that was never ended is over by its age."""
    it = sessions.c
    return and_(or_(it.ended_at.is_(None), it.ended_at < before), _is_at_rest(it.user_id, before))


@dataclass(frozen=True, slots=True)
class _Rows:
    """A table's key, the time by which its rows get old, and which old ones go; `unless` a removal would break."""

    key: Column[Any]
    at: Column[datetime]
    goes: Condition
    unless: ColumnElement[bool] | None = None

    @property
    def table(self) -> Table:
        return self.key.table  # pyright: ignore[reportReturnType] - a column of a table


_ROWS: Mapping[Leftover, _Rows] = {
    Leftover.EVENTS: _Rows(inbox.c.inbox_id, inbox.c.received_at, _event_goes),
    Leftover.MAILS: _Rows(mails.c.sequence, mails.c.created_at, _mail_goes),
    Leftover.LINKS: _Rows(reset_tokens.c.token_id, reset_tokens.c.created_at, _link_goes, unless=_HAS_MAIL),
    Leftover.FORMER_ADDRESSES: _Rows(
        former_addresses.c.address_id,
        former_addresses.c.changed_at,
        lambda before: _is_at_rest(former_addresses.c.user_id, before),
    ),
    Leftover.SESSIONS: _Rows(sessions.c.session_id, sessions.c.created_at, _session_goes),
}


class SqlLeftovers:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def count(self, kind: Leftover, before: datetime) -> int:
        it = _ROWS[kind]
        return await self._tx.value(select(func.count(it.key)).where(it.at < before, it.goes(before)))

    async def remove_page(self, kind: Leftover, before: datetime, after: datetime | None, limit: int) -> RemovedPage:
        it = _ROWS[kind]
        old = [it.at < before] if after is None else [it.at > after, it.at < before]
        until = await self._tx.value(select(it.at).where(*old).order_by(it.at).offset(limit - 1).limit(1))
        page = and_(*old, it.goes(before))
        if until is not None:
            page = and_(page, it.at <= until)
        if it.unless is not None:
            page = and_(page, ~it.unless)
        await self._tx.lock(it.key, page)
        return RemovedPage(await self._tx.change(delete(it.table).where(page)), until)
