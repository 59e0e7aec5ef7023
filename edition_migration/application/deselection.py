"""Taking a user back out of a wave before he was told anything. Used by `deselect` and by `wave cancel`."""

from datetime import datetime

from edition_migration.application.records import journal_entry
from edition_migration.application.waves import note_end
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork

DESELECTABLE = (S.BLOCKED, S.IN_REVIEW, S.SELECTED, S.WAITING_CAPACITY)


def is_deselectable(row: Migration) -> bool:
    return row.wave_id is not None and row.state in DESELECTABLE


async def deselect(uow: UnitOfWork, row: Migration, now: datetime, *, actor: str, key: str) -> S:
    """Back to the list, silently; his place in the queue and what was reserved for him go to the next.

    `row` is held and `is_deselectable`. Returns the state he is in now.
    """
    target = S.IN_REVIEW if row.state in (S.SELECTED, S.WAITING_CAPACITY) else row.state
    if target is not row.state:
        await uow.migrations.move(row.ref, [row.state], target, now)
    await uow.migrations.unclaim(row.ref)
    entry = journal_entry(
        row, key=key, action="deselect", actor=actor, at=now, target=target, detail={"wave": row.wave_id}
    )
    await uow.journal.add([entry])
    await uow.tickets.close(row.ref)
    await uow.ledger.release(row.ref)
    await uow.doorbells.add_migrations([row.ref], now)
    await uow.doorbells.add_organization(row.org_id, now)
    await note_end(uow, row, now)
    return target
