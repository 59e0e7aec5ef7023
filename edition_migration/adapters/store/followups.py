"""Looks across an organization's users for whom an administrator follows up."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, func, select

from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import mails, migrations
from edition_migration.adapters.store.transaction import Transaction, given
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import ADMINISTRATORS_TO_MEND
from edition_migration.domain.states import OPEN, MigrationState

_IT = migrations.c
_IS_PARKED = and_(literally(_IT.state, OPEN), _IT.attention.is_not(None))

_PARKED_COUNT = select(func.count()).where(
    _IT.org_id == given(_IT.org_id, "org_id"), _IS_PARKED, literally(_IT.attention, ADMINISTRATORS_TO_MEND)
)
_PARKED_COUNT_SINCE = _PARKED_COUNT.where(_IT.attention_at > given(_IT.attention_at, "since"))


class SqlFollowups:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def parked_count(self, org_id: str, since: datetime | None = None) -> int:
        if since is None:
            return await self._tx.value(_PARKED_COUNT, {"given_org_id": org_id})
        return await self._tx.value(_PARKED_COUNT_SINCE, {"given_org_id": org_id, "given_since": since})

    async def told_before(
        self,
        org_id: str,
        states: Collection[MigrationState],
        kinds: Collection[MailKind],
        before: datetime,
        limit: int,
        after_user_id: str = "",
    ) -> Sequence[str]:
        last = func.max(func.coalesce(mails.c.accepted_at, mails.c.created_at))
        theirs = and_(
            mails.c.org_id == _IT.org_id, mails.c.user_id == _IT.user_id, mails.c.generation == _IT.generation
        )
        told = (
            select(_IT.user_id)
            .join(mails, theirs)
            .where(_IT.org_id == org_id, _IT.state.in_(sorted(states)), _IT.user_id > after_user_id)
            .where(mails.c.kind.in_(sorted(kinds)), mails.c.state != MailState.SUPPRESSED)
            .group_by(_IT.user_id)
            .having(last < before)
        )
        return [row["user_id"] for row in await self._tx.rows(told.order_by(_IT.user_id).limit(limit))]
