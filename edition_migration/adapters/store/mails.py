"""The outbox: mails in the order of sending, ids only. A migration has its postman, and so has an organization."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Executable, Table, and_, case, false, func, select, tuple_, update

from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import Postman, reset_tokens
from edition_migration.adapters.store.tables.migrations import mails as mail_rows
from edition_migration.adapters.store.tables.texts import own_texts
from edition_migration.adapters.store.transaction import (
    Insert,
    Transaction,
    chunks,
    given,
    given_list,
    given_ref,
    of,
)
from edition_migration.domain.mail import (
    AT_MOST_ONCE,
    FINISHED,
    NOT_BEGUN,
    SENDABLE_ONCE,
    UNSENT,
    Mail,
    MailKind,
    MailState,
)
from edition_migration.domain.names import MigrationRef

_IT = mail_rows.c
_IS_REQUESTED = (
    select(reset_tokens.c.is_requested)
    .where(reset_tokens.c.token_id == _IT.token_id, _IT.kind != MailKind.REMINDER)
    .scalar_subquery()
)
_ASIDE = ("postman", "figures")
"""What no record of a mail carries."""
MAIL = [
    *(column for column in _IT if column.name not in _ASIDE),
    func.coalesce(_IS_REQUESTED, false(), type_=Boolean).label("is_requested"),
]
_NEW = [column.name for column in _IT if column.name not in ("sequence", *_ASIDE)]


def _is_given_up(it: Any) -> ColumnElement[bool]:
    return and_(it.state == MailState.UNKNOWN, it.kind.in_(sorted(AT_MOST_ONCE)))


def _is_to_send(it: Any) -> ColumnElement[bool]:
    return and_(literally(it.state, UNSENT), ~_is_given_up(it))


_IS_GIVEN_UP = _is_given_up(_IT)
IS_TO_SEND = _is_to_send(_IT)
"""A mail whose kind is sent at most once is not sent again when nobody knows whether it arrived."""
IS_IN_QUEUE = and_(_IT.postman == Postman.MIGRATION, _IT.state.not_in(FINISHED), ~_IS_GIVEN_UP)
"""A migration's own postman has still to do with it."""
_BY_ORGANIZATION = literally(_IT.postman, [Postman.ORGANIZATION])
_OLDER = mail_rows.alias("older").c
_HAS_OLDER = (
    select(_OLDER.sequence)
    .where(
        _OLDER.org_id == _IT.org_id,
        _OLDER.user_id == _IT.user_id,
        _OLDER.sequence < _IT.sequence,
        literally(_OLDER.postman, [Postman.ORGANIZATION]),
        _is_to_send(_OLDER),
    )
    .exists()
)
"""A user's mails stand in their order; those to the Notification Email have no user and wait for none."""

_NEWEST_TEXT = select(func.coalesce(func.max(own_texts.c.revision), 0)).where(own_texts.c.org_id == _IT.org_id)
_TEXT_REVISION = case((_IT.state.in_(sorted(SENDABLE_ONCE)), _NEWEST_TEXT.scalar_subquery()), else_=_IT.text_revision)
"""Words that the relay may have already are said again as they were; a mail that it does not have says today's."""

_IS_THEIRS = given_ref(_IT)
_IS_IT = _IT.mail_id == given(_IT.mail_id, "mail_id")
OF_ORGANIZATION = select(*MAIL).where(_IT.org_id == given(_IT.org_id, "org_id"))
_OF_MIGRATION = select(*MAIL).where(_IS_THEIRS).order_by(_IT.sequence)
_NEXT_OF_MIGRATION = _OF_MIGRATION.where(IS_IN_QUEUE).limit(1)
_NEXT_OF_ORGANIZATION = (
    OF_ORGANIZATION.where(_BY_ORGANIZATION, IS_TO_SEND, ~_HAS_OLDER)
    .order_by(_IT.held_until.nulls_first(), _IT.sequence)
    .limit(1)
)
_LAST_TO_ORGANIZATION = (
    OF_ORGANIZATION.where(_IT.kind == given(_IT.kind, "kind"), _IT.user_id.is_(None))
    .order_by(_IT.round.desc())
    .limit(1)
)
_GET = select(*MAIL).where(_IS_IT)
_SET = update(mail_rows).where(_IS_IT)
_FIGURES = select(_IT.figures).where(_IS_IT)
_SET_FIRST_FIGURES = _SET.where(_IT.figures.is_(None))
_MARK = _SET.where(_IT.state.in_(given_list(_IT.state, "sources")))
_MARK_SENDING = _MARK.values(attempts=_IT.attempts + 1, text_revision=_TEXT_REVISION)
_SUPPRESS = update(mail_rows).where(_IS_THEIRS, _IT.state.in_(NOT_BEGUN), ~_IS_GIVEN_UP)
_SUPPRESS_KINDS = _SUPPRESS.where(_IT.kind.in_(given_list(_IT.kind, "kinds")))
_ANY_ACCEPTED = select(_IT.mail_id).where(_IS_THEIRS, _IT.accepted_at.is_not(None)).limit(1)


def _new(insert: Callable[[Table], Insert]) -> Executable:
    return insert(mail_rows).on_conflict_do_nothing()


class SqlMails:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def queue(self, mails: Sequence[Mail]) -> None:
        rows = [{name: getattr(mail, name) for name in _NEW} for mail in mails]
        for row in rows:
            row["postman"] = Postman.ORGANIZATION if row["user_id"] is None else Postman.MIGRATION
        await self._tx.change_each(self._tx.made(_new), rows)

    async def next_of_migration(self, ref: MigrationRef) -> Mail | None:
        return await self._tx.first(Mail, _NEXT_OF_MIGRATION, of(ref))

    async def next_of_organization(self, org_id: str) -> Mail | None:
        return await self._tx.first(Mail, _NEXT_OF_ORGANIZATION, {"given_org_id": org_id})

    async def last_to_organization(self, org_id: str, kind: MailKind) -> Mail | None:
        return await self._tx.first(Mail, _LAST_TO_ORGANIZATION, {"given_org_id": org_id, "given_kind": kind})

    async def get(self, mail_id: str) -> Mail | None:
        return await self._tx.first(Mail, _GET, {"given_mail_id": mail_id})

    async def mark(
        self,
        mail_id: str,
        sources: Collection[MailState],
        target: MailState,
        at: datetime,
        *,
        reply_code: int | None = None,
    ) -> bool:
        values: dict[str, Any] = {"state": target}
        if target is MailState.SENDING:
            values["sending_at"] = at
        if target is MailState.ACCEPTED:
            values["accepted_at"] = at
        if reply_code is not None:
            values["reply_code"] = reply_code
        marked = _MARK_SENDING if target is MailState.SENDING else _MARK
        guard = {"given_mail_id": mail_id, "given_sources": sorted(sources)}
        return await self._tx.change(marked, {**guard, **values}) == 1

    async def figures(self, mail_id: str) -> str | None:
        return await self._tx.value(_FIGURES, {"given_mail_id": mail_id})

    async def keep_figures(self, mail_id: str, figures: str) -> None:
        await self._tx.change(_SET_FIRST_FIGURES, {"given_mail_id": mail_id, "figures": figures})

    async def end_attempt(self, mail_id: str, attempt: int, state: MailState, *, is_counted: bool) -> None:
        its = _SET.where(_IT.state == MailState.SENDING, _IT.attempts == attempt)
        attempts = attempt if is_counted else attempt - 1
        await self._tx.change(its.values(attempts=attempts), {"given_mail_id": mail_id, "state": state})

    async def of_migration(self, ref: MigrationRef) -> Sequence[Mail]:
        """In the order of sending."""
        return await self._tx.all(Mail, _OF_MIGRATION, of(ref))

    async def counts(self, org_id: str) -> dict[tuple[MailKind, MailState], int]:
        grouped = select(_IT.kind, _IT.state, func.count().label("mails")).where(_IT.org_id == org_id)
        rows = await self._tx.rows(grouped.group_by(_IT.kind, _IT.state))
        return {(row["kind"], row["state"]): row["mails"] for row in rows}

    async def suppress_unsent(self, ref: MigrationRef, kinds: Collection[MailKind] | None = None) -> int:
        values: dict[str, Any] = {**of(ref), "state": MailState.SUPPRESSED}
        if kinds is None:
            return await self._tx.change(_SUPPRESS, values)
        return await self._tx.change(_SUPPRESS_KINDS, {**values, "given_kinds": sorted(kinds)})

    async def requeue_refused(self, ref: MigrationRef) -> int:
        theirs = update(mail_rows).where(_IS_THEIRS, _IT.state == MailState.BOUNCED)
        return await self._tx.change(theirs.values(state=MailState.QUEUED), of(ref))

    async def was_any_accepted(self, ref: MigrationRef) -> bool:
        return await self._tx.value(_ANY_ACCEPTED, of(ref)) is not None

    async def hand_over(self, refs: Sequence[MigrationRef]) -> frozenset[str]:
        org_ids: set[str] = set()
        key = tuple_(_IT.org_id, _IT.user_id, _IT.generation)
        for chunk in chunks([(ref.org_id, ref.user_id, ref.generation) for ref in refs]):
            theirs = update(mail_rows).where(key.in_(chunk), IS_TO_SEND).values(postman=Postman.ORGANIZATION)
            org_ids.update(row["org_id"] for row in await self._tx.rows(theirs.returning(_IT.org_id)))
        return frozenset(org_ids)
