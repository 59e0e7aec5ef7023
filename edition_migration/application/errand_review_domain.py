"""The errand that decides anew, from today's facts, for everybody with an address in one domain.

Added where a domain comes or goes, the service begins or ends, administrators change, and behind an import.
"""

from datetime import datetime

from edition_migration.application.errand_pages import PAGE, held, key_of, turn_page
from edition_migration.application.reconsideration import Reconsideration
from edition_migration.application.rows import organization_of
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand


async def review_domain(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """One page of the newest rows; how many. Who was decided before is decided alike again."""
    organization = await organization_of(uow, errand.org_id)
    rows = await uow.migrations.newest_of_domain(errand.org_id, errand.argument, errand.cursor, PAGE)
    mine = await held(uow, rows)
    users = {user.user_id: user for user in await uow.users.hold_many([row.user_id for row in mine])}
    if any(row.wave_id for row in mine):  # several may give their places back, and who grants holds the counters first
        await uow.capacity.hold(errand.org_id)
    look = Reconsideration(uow, organization, now, key_of(errand))
    for row in mine:
        await look.of(users[row.user_id], row)
    await turn_page(uow, errand, rows)
    return len(rows)
