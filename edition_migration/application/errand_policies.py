"""The errand of a changed policy: what it allows holds at once for all whom the organization has activated.

Who was parked because the policy forbade him, and is allowed now, goes on. Used by `org.policy.changed`, and for one
user by the event that gives him another policy group.
"""

from datetime import datetime

from edition_migration.application.activation import assign_policy
from edition_migration.application.errand_pages import PAGE, held, key_of, turn_page
from edition_migration.application.parking import is_forbidden, unpark
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.states import ACTIVATED_BY_US
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand

_MAY_BE_PARKED = (Attention.POLICY, Attention.COMPLAINT)
"""A complaint hides that the policy stops the user too; his step looks for itself."""


async def follow_policies(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """One page; how many rows. Who has today's policy already is left as he is."""
    rows = await uow.migrations.in_states(errand.org_id, ACTIVATED_BY_US, errand.cursor, PAGE, or_with=_MAY_BE_PARKED)
    for row in await held(uow, rows):
        await follow_policy(uow, row, now, key_of(errand))
    await turn_page(uow, errand, rows)
    return len(rows)


async def follow_policy(uow: UnitOfWork, row: Migration, now: datetime, key: str) -> None:
    """What today's policy means for one user, whose row is held. Journaled under `key` where it changes something."""
    user = await uow.users.get(row.user_id)
    is_held = row.state in ACTIVATED_BY_US and user is not None and user.org_id == row.org_id
    is_changed = is_held and await assign_policy(uow, row)
    may_be_free = row.is_open and row.attention in _MAY_BE_PARKED and not await is_forbidden(uow, row)
    is_free_again = may_be_free and row.attention is Attention.POLICY
    if is_free_again:
        await unpark(uow, row, now)
    elif may_be_free:
        await uow.doorbells.add_migrations([row.ref], now)
    if not (is_changed or is_free_again):
        return
    entry = journal_entry(
        row,
        key=f"{key}/policies",
        action="policies",
        actor=PROVISIONING,
        at=now,
        target=row.state,
        detail={"policy_changed": is_changed, "unparked": is_free_again},
    )
    await uow.journal.add([entry])
