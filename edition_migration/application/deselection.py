"""Taking a user back out of a wave before he was told anything. Used by `deselect` and by `wave cancel`."""

from collections.abc import Sequence
from datetime import datetime

from edition_migration.application.capacity import give_back
from edition_migration.application.records import journal_entry
from edition_migration.application.waves import note_end
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.states import DESELECTABLE
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork


def is_deselectable(row: Migration) -> bool:
    return row.wave_id is not None and row.state in DESELECTABLE


async def deselect(uow: UnitOfWork, row: Migration, now: datetime, *, actor: str, key: str) -> S:
    """Back to the list, silently; his place in the queue and what was reserved for him go to the next.

    `row` is held and `is_deselectable`. Returns the state he is in now.
    """
    target = _target(row)
    if target is not row.state:
        await uow.migrations.move(row.ref, [row.state], target, now)
    await uow.migrations.unclaim(row.ref)
    await uow.journal.add([_entry(row, now, actor, key)])
    await give_back(uow, row, now)
    await uow.doorbells.add_migrations([row.ref], now)
    await note_end(uow, row, now)
    return target


async def deselect_many(uow: UnitOfWork, rows: Sequence[Migration], now: datetime, *, actor: str, key: str) -> None:
    """The same for a page of one wave, set by set: a large wave must not keep the organization from granting.

    The counters are held first: whoever grants holds them, and then the tickets that wait.
    """
    org_id, wave_id, refs = rows[0].org_id, rows[0].wave_id or "", [row.ref for row in rows]
    await uow.capacity.hold(org_id)
    await uow.members.give_back(org_id, wave_id, refs, now)
    await uow.journal.add([_entry(row, now, actor, key) for row in rows])
    await uow.tickets.close_many(org_id, refs)
    await uow.ledger.release_reserved(org_id, refs)
    await uow.doorbells.add_migrations(refs, now)
    await uow.doorbells.add_organization(org_id, now)
    await note_end(uow, rows[-1], now)


def _target(row: Migration) -> S:
    return S.IN_REVIEW if row.state in (S.SELECTED, S.WAITING_CAPACITY) else row.state


def _entry(row: Migration, now: datetime, actor: str, key: str) -> JournalEntry:
    return journal_entry(
        row, key=key, action="deselect", actor=actor, at=now, target=_target(row), detail={"wave": row.wave_id}
    )
