"""What holds steps and all mails back: pauses of an organization or the whole service."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, update

from edition_migration.adapters.store.mails import IS_TO_SEND
from edition_migration.adapters.store.tables.columns import literally
from edition_migration.adapters.store.tables.migrations import Postman, mails, migrations
from edition_migration.adapters.store.tables.work import pauses
from edition_migration.adapters.store.transaction import Transaction, given_list
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import OPEN
from edition_migration.ports.store_events import SERVICE, Pause

_KEY = (migrations.c.org_id, migrations.c.user_id, migrations.c.generation)
_IS_OPEN = literally(migrations.c.state, OPEN)
_HAS_MAIL_TO_SEND = (
    select(mails.c.mail_id)
    .where(
        mails.c.org_id == migrations.c.org_id,
        mails.c.user_id == migrations.c.user_id,
        mails.c.generation == migrations.c.generation,
        mails.c.postman == Postman.MIGRATION,
        IS_TO_SEND,
    )
    .exists()
)

_RUNNING = pauses.c.ended_at.is_(None)
_IS_OF_SCOPES = pauses.c.scope.in_(given_list(pauses.c.scope, "scopes"))
_IS_PAUSED = select(pauses.c.pause_id).where(_IS_OF_SCOPES, _RUNNING).limit(1)
_OF_SCOPES = select(pauses).where(_IS_OF_SCOPES).order_by(pauses.c.started_at, pauses.c.pause_id)


class SqlPauses:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def begin(self, scope: str, at: datetime, actor: str) -> bool:
        new = self._tx.insert(pauses).values(scope=scope, started_at=at, actor=actor).on_conflict_do_nothing()
        return bool(await self._tx.rows(new.returning(pauses.c.pause_id)))

    async def end(self, scope: str, at: datetime, actor: str) -> bool:
        """All running ones are held first: of two that end at once the second sees that the first has ended."""
        await self._tx.lock(pauses.c.pause_id, pauses.c.ended_at.is_(None))
        running = update(pauses).where(pauses.c.scope == scope, pauses.c.ended_at.is_(None))
        return await self._tx.change(running.values(ended_at=at, ended_by=actor)) == 1

    async def of(self, org_id: str) -> Sequence[Pause]:
        return await self._tx.all(Pause, _OF_SCOPES, {"given_scopes": [org_id, SERVICE]})

    async def is_paused(self, org_id: str) -> bool:
        return await self._tx.value(_IS_PAUSED, {"given_scopes": [org_id, SERVICE]}) is not None

    async def running(self) -> Sequence[Pause]:
        running = select(pauses).where(pauses.c.ended_at.is_(None))
        return await self._tx.all(Pause, running.order_by(pauses.c.started_at, pauses.c.pause_id))

    async def held_back(self, org_id: str, after: MigrationRef | None, limit: int) -> Sequence[MigrationRef]:
        is_started = and_(_IS_OPEN, migrations.c.started_at.is_not(None))
        theirs = select(*_KEY).where(migrations.c.org_id == org_id, or_(is_started, and_(~_IS_OPEN, _HAS_MAIL_TO_SEND)))
        if after is not None:
            is_behind = and_(migrations.c.user_id == after.user_id, migrations.c.generation > after.generation)
            theirs = theirs.where(
                migrations.c.user_id >= after.user_id, or_(migrations.c.user_id > after.user_id, is_behind)
            )
        in_order = theirs.order_by(migrations.c.user_id, migrations.c.generation).limit(limit)
        return [MigrationRef(**row) for row in await self._tx.rows(in_order)]
