"""What reconciliation does about a difference of one migration, each in the short transaction that holds its row.

Only what is provably right: lost work is started again, what an ended migration still holds is taken back, who may
have missed his ring is rung. A repeat finds nothing more to do. Used by `reconcile_rows`.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.records import journal_entry
from edition_migration.domain.differences import DifferenceKind
from edition_migration.domain.migration import Attention, Migration
from edition_migration.ports.store import UnitOfWork

RECONCILIATION = "reconciliation"
"""The actor of what is mended."""

K = DifferenceKind
Mend = Callable[[UnitOfWork, Migration, datetime], Awaitable[None]]


async def mend(uow: UnitOfWork, row: Migration, kind: DifferenceKind, now: datetime) -> None:
    """The row is held. What changes a row is journaled; a mere ring is not."""
    if kind in _CHANGING:
        await _CHANGING[kind](uow, row, now)
        key = f"reconcile/{kind}/{now.isoformat()}"
        entry = journal_entry(row, key=key, action="reconcile", actor=RECONCILIATION, at=now, target=row.state)
        await uow.journal.add([entry])
    elif kind in (K.WORKFLOW_LEFT_OVER, K.WORKFLOW_UNAWARE, K.MAIL_STUCK):
        await uow.doorbells.add_migrations([row.ref], now)
    elif kind is K.WORKFLOW_NOT_STARTED:
        await uow.doorbells.add_organization(row.org_id, now)


async def point_out(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """Somebody ended the workflow, or the migration: operators see it, and `retry` starts it again."""
    await uow.migrations.set_attention(row.ref, Attention.WORKFLOW_MISSING, now)


async def _start_again(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.migrations.restart(row.ref)
    if row.attention is Attention.WORKFLOW_MISSING:
        await uow.migrations.set_attention(row.ref, None, now)
    await uow.doorbells.add_organization(row.org_id, now)


async def _release(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.doorbells.add_organization(row.org_id, now)
    await uow.ledger.release(row.ref)


async def _leave_queue(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.tickets.close(row.ref)
    await uow.doorbells.add_organization(row.org_id, now)


async def _kill_links(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.tokens.kill_all(row.ref)


async def _review(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.errands.add(row.org_id, ErrandKind.REVIEW_USER, row.user_id, now)
    await uow.doorbells.add_organization(row.org_id, now)


_CHANGING: Mapping[DifferenceKind, Mend] = {
    K.WORKFLOW_MISSING: _start_again,
    K.WORKFLOW_AHEAD: _start_again,
    K.MAIL_DOUBTFUL: _start_again,
    K.LEDGER_OPEN: _release,
    K.TICKET_OPEN: _leave_queue,
    K.LINK_ALIVE: _kill_links,
    K.LOCKED_OUT: _review,
}
