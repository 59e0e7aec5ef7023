"""What waits in the whole service; see the port. Asked often: what is done with costs nothing."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from edition_migration.adapters.store.mails import IS_TO_SEND
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import mails, migrations
from edition_migration.adapters.store.tables.people import organizations
from edition_migration.adapters.store.tables.work import doorbells, inbox, pauses
from edition_migration.adapters.store.transaction import Transaction, given
from edition_migration.domain.mail import KEPT_FOR_THE_DAY
from edition_migration.domain.metrics import QuietHours
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import OPEN, MigrationState
from edition_migration.ports.store_events import SERVICE, InboxState

_NOW = given(mails.c.created_at, "now")
_OLDEST_DOORBELL = select(doorbells.c.rung_at).order_by(doorbells.c.bell_id).limit(1)
_IS_PENDING = literally(inbox.c.state, [InboxState.PENDING])
_OLDEST_EVENT = select(func.min(inbox.c.received_at), func.count()).where(_IS_PENDING)
"""Counted as well, or the index over all times would be walked through all that is settled to the first that waits."""
_IS_OPEN = migrations.c.state.in_(OPEN)
"""Not with literals: the partial index of open migrations would be taken, which holds no state."""
_OPEN_MIGRATIONS = (
    select(migrations.c.state, func.count().label("migrations")).where(_IS_OPEN).group_by(migrations.c.state)
)
_PARKED_MIGRATIONS = (
    select(migrations.c.attention, func.count().label("migrations"))
    .where(migrations.c.attention.is_not(None), _IS_OPEN)
    .group_by(migrations.c.attention)
)


def _has_come(column: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= _NOW)


_IS_PAUSED = (
    select(pauses.c.pause_id)
    .where(pauses.c.ended_at.is_(None), or_(pauses.c.scope == SERVICE, pauses.c.scope == mails.c.org_id))
    .exists()
)
_IS_PARKED = (
    select(migrations.c.user_id)
    .where(
        migrations.c.org_id == mails.c.org_id,
        migrations.c.user_id == mails.c.user_id,
        migrations.c.generation == mails.c.generation,
        migrations.c.attention.is_not(None),
    )
    .exists()
)
_HAS_QUIET_HOURS = (
    select(organizations.c.org_id)
    .where(organizations.c.org_id == mails.c.org_id, organizations.c.settings["quiet_hours"].as_string().is_not(None))
    .exists()
)
_MAY_BE_HELD = and_(mails.c.kind.in_(sorted(KEPT_FOR_THE_DAY)), _HAS_QUIET_HOURS)
_OLDEST_MAIL = (
    select(mails.c.created_at)
    .where(IS_TO_SEND, _has_come(mails.c.not_before), _has_come(mails.c.held_until), ~_IS_PAUSED, ~_IS_PARKED)
    .order_by(mails.c.created_at)
    .limit(1)
)
_OLDEST_MAILS = {
    QuietHours.HOLD: _OLDEST_MAIL.where(_MAY_BE_HELD),
    QuietHours.LEAVE: _OLDEST_MAIL.where(~_MAY_BE_HELD),
}


class SqlBacklog:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def oldest_doorbell(self) -> datetime | None:
        return await self._tx.value(_OLDEST_DOORBELL)

    async def oldest_event(self) -> datetime | None:
        return await self._tx.value(_OLDEST_EVENT)

    async def oldest_mail(self, now: datetime, quiet_hours: QuietHours) -> datetime | None:
        return await self._tx.value(_OLDEST_MAILS[quiet_hours], {"given_now": now})

    async def open_migrations(self) -> Mapping[MigrationState, int]:
        rows = await self._tx.rows(_OPEN_MIGRATIONS)
        return {row["state"]: row["migrations"] for row in rows}

    async def parked_migrations(self) -> Mapping[Attention, int]:
        rows = await self._tx.rows(_PARKED_MIGRATIONS)
        return {row["attention"]: row["migrations"] for row in rows}
