"""Where a migration stands now, and what holds it: for `user show` and `user timeline`. Changes nothing."""

from datetime import datetime

from edition_migration.application.mail_holds import Holds
from edition_migration.application.steps import HELD_BY_PAUSE
from edition_migration.domain.holds import HeldBy, Hold
from edition_migration.domain.migration import Migration
from edition_migration.domain.overview import STEP_OF_STATE, overview, waits_for_mail, while_held
from edition_migration.domain.progress import Overview
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork


async def standing(uow: UnitOfWork, row: Migration, present: datetime) -> tuple[Overview, Hold | None]:
    """The overview, with what must end first where something holds the user; a held mail that nothing waits for
    holds nobody."""
    hold = await _hold(uow, row, present)
    return (overview(row) if hold is None else while_held(overview(row), hold)), hold


async def _hold(uow: UnitOfWork, row: Migration, present: datetime) -> Hold | None:
    """None where nothing does, or where somebody has to mend something first."""
    if row.held_until is not None:
        return Hold(HeldBy.DOMAIN_GONE, row.held_until)
    if not row.is_open or row.attention is not None:
        return None
    holds = await Holds.at(uow, row.org_id, present)
    if holds.pause is not None and row.state is not S.IN_REVIEW and STEP_OF_STATE[row.state] in HELD_BY_PAUSE:
        return Hold(holds.pause)
    mail = await uow.mails.next_of_migration(row.ref) if waits_for_mail(row) else None
    return await holds.shown(mail) if mail is not None else None
