"""The errand of a pause that is over: whoever was held is rung, page by page, so that nobody is forgotten.

Rings only; what each may do then his own step and postman decide. So nothing goes in a burst: mails have the rate of
their queue and the pace of the organization, and an ended migration's mails go to the organization by its ring.
"""

from datetime import datetime

from edition_migration.application.errand_pages import PAGE
from edition_migration.domain.names import MigrationRef
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand


async def resume(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """One page of rings; `cursor` is the last migration that was rung. With the last page the organization is rung."""
    refs = await uow.pauses.held_back(errand.org_id, _behind(errand), PAGE)
    await uow.doorbells.add_migrations(refs, now)
    if len(refs) < PAGE:
        await uow.errands.finish(errand.errand_id)
        await uow.doorbells.add_organization(errand.org_id, now)
    else:
        await uow.errands.advance(errand.errand_id, f"{refs[-1].user_id}/{refs[-1].generation}")
    return len(refs)


def _behind(errand: Errand) -> MigrationRef | None:
    if not errand.cursor:
        return None
    user_id, _, generation = errand.cursor.rpartition("/")
    return MigrationRef(org_id=errand.org_id, user_id=user_id, generation=int(generation))
