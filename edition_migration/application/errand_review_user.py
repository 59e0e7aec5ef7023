"""The errand that decides anew for one user whom another organization has let go of: he may be pending here now."""

from datetime import datetime

from edition_migration.application.errand_pages import key_of
from edition_migration.application.reconsideration import Reconsideration
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand


async def review_user(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """Looks at the user whom `argument` names. A repeat decides alike."""
    await uow.errands.finish(errand.errand_id)
    organization = await uow.organizations.get(errand.org_id)
    newest = await uow.migrations.latest(errand.org_id, errand.argument)
    row = await uow.migrations.hold(newest.ref) if newest else None
    user = await uow.users.hold(errand.argument)
    if organization is None or row is None or user is None:
        return 0
    await Reconsideration(uow, organization, now, key_of(errand)).of(user, row)
    return 1
