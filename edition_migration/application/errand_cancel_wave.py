"""The errand of `wave cancel`: whom the wave has not instructed is deselected, page by page. Used by `Errands`."""

from datetime import datetime

from edition_migration.application.deselection import deselect_many, is_deselectable
from edition_migration.application.errand_pages import PAGE, held, key_of, turn_page
from edition_migration.domain.waves import WaveCommandKind
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand


async def cancel_wave(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """One page, by user id; who is instructed or further goes on."""
    org_id, wave_id = errand.org_id, errand.argument
    actor = await _actor(uow, org_id, wave_id)
    rows = await uow.members.open_ones(org_id, wave_id, errand.cursor, PAGE)
    waiting = [row for row in await held(uow, rows) if row.wave_id == wave_id and is_deselectable(row)]
    if waiting:
        await deselect_many(uow, waiting, now, actor=actor, key=key_of(errand))
    await turn_page(uow, errand, rows)
    return len(rows)


async def _actor(uow: UnitOfWork, org_id: str, wave_id: str) -> str:
    """Who cancelled the wave."""
    orders = await uow.waves.orders(org_id, wave_id)
    return next(order.actor for order in reversed(orders) if order.kind is WaveCommandKind.CANCEL)
