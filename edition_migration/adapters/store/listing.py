"""Lists of users and their newest migrations; see the port."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, RowMapping, String, and_, func, or_, select, type_coerce

from edition_migration.adapters.store.mails import MAIL
from edition_migration.adapters.store.migrations import COLUMNS, IS_NEWEST
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import mails, migrations
from edition_migration.adapters.store.tables.people import users
from edition_migration.adapters.store.transaction import Transaction
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import OPEN
from edition_migration.ports.store_listing import Criteria, ListedUser, MailCriteria

_IT = migrations.c
_MAIL = mails.c
_OPEN = frozenset(OPEN)
LINE = tuple(users.c[field.name] for field in fields(ListedUser) if field.name != "migration")


class SqlListing:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def page(self, org_id: str, criteria: Criteria, limit: int, after_user_id: str = "") -> Sequence[ListedUser]:
        theirs = (_IT.org_id == org_id, _IT.user_id > after_user_id, *_of_the_row(criteria), *_of_the_user(criteria))
        rows = select(migrations, *LINE).join(users, users.c.user_id == _IT.user_id).where(*theirs)
        return [line_of(row) for row in await self._tx.rows(rows.order_by(_IT.user_id).limit(limit))]

    async def count(self, org_id: str, criteria: Criteria, after_user_id: str = "") -> int:
        rows = select(func.count()).select_from(migrations).where(_IT.org_id == org_id, *_of_the_row(criteria))
        if after_user_id:
            rows = rows.where(_IT.user_id > after_user_id)
        if of_the_user := _of_the_user(criteria):
            rows = rows.join(users, users.c.user_id == _IT.user_id).where(*of_the_user)
        return await self._tx.value(rows)

    async def mails(self, org_id: str, criteria: MailCriteria, limit: int, before: int | None = None) -> Sequence[Mail]:
        rows = select(*MAIL).where(_MAIL.org_id == org_id, *_of_the_mail(criteria))
        if before is not None:
            rows = rows.where(_MAIL.sequence < before)
        return await self._tx.all(Mail, rows.order_by(_MAIL.sequence.desc()).limit(limit))

    async def mails_of_wave(self, org_id: str, wave_id: str) -> dict[tuple[MailKind, MailState], int]:
        of_the_row = and_(_MAIL.org_id == _IT.org_id, _MAIL.user_id == _IT.user_id, _MAIL.generation == _IT.generation)
        counted = select(_MAIL.kind, _MAIL.state, func.count().label("mails")).select_from(mails)
        theirs = counted.join(migrations, of_the_row).where(_IT.org_id == org_id, _IT.wave_id == wave_id)
        rows = await self._tx.rows(theirs.group_by(_MAIL.kind, _MAIL.state))
        return {(row["kind"], row["state"]): row["mails"] for row in rows}


def line_of(row: RowMapping) -> ListedUser:
    line = {column.name: row[column.name] for column in LINE}
    return ListedUser(migration=Migration(**{name: row[name] for name in COLUMNS}), **line)


def _of_the_row(criteria: Criteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if criteria.is_in_wave is not None:
        found.append(_IT.wave_id.is_not(None) if criteria.is_in_wave else _IT.wave_id.is_(None))
    if criteria.states is not None:
        found.append(literally(_IT.state, criteria.states))
    if criteria.states is None or not _OPEN.issuperset(criteria.states):  # of open ones a user has one at most
        found.append(IS_NEWEST)
    if criteria.is_parked:
        found.append(_IT.attention.is_not(None))
    if criteria.since_before is not None:
        found.append(_IT.since <= criteria.since_before)
    if criteria.wave_id is not None:
        found.append(_IT.wave_id == criteria.wave_id)
    return found


def _of_the_user(criteria: Criteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if criteria.domain is not None:
        found.append(users.c.email.endswith(f"@{criteria.domain}", autoescape=True))
    if criteria.reason is not None:
        words = (_IT.reason, _IT.attention, users.c.inactive_reason)
        found.append(or_(*(type_coerce(word, String) == criteria.reason for word in words)))
    if criteria.client_version == "":
        found.append(users.c.client_version.is_(None))
    elif criteria.client_version is not None:
        version = criteria.client_version
        below = (users.c.client_version.startswith(f"{version}{mark}", autoescape=True) for mark in ".-+")
        found.append(or_(users.c.client_version == version, *below))
    return found


def _of_the_mail(criteria: MailCriteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if criteria.user_ids:
        found.append(_MAIL.user_id.in_(criteria.user_ids))
    if criteria.kinds:
        found.append(_MAIL.kind.in_(criteria.kinds))
    if criteria.states:
        found.append(_MAIL.state.in_(criteria.states))
    return found
