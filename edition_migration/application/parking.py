"""Parking: what is wrong with one user alone stops him until somebody mends it. Not a state, a reason beside it.

Used by the steps (policy), the postman (a mail refused for good) and by all that mends: `retry`, `fix_address`, another
address, another policy.
"""

from datetime import datetime

from edition_migration.domain.migration import Migration
from edition_migration.domain.policies import FORBIDS_MIGRATION, effective
from edition_migration.ports.store import UnitOfWork


async def unpark(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """Goes on at the mail that was refused, or at the step that the policy stopped. A repeat changes nothing.

    Whatever is shown: one reason can have hidden another, and a refused mail stops those behind it unseen then.
    """
    await uow.mails.requeue_refused(row.ref)
    await uow.migrations.set_attention(row.ref, None, now)
    await uow.doorbells.add_migrations([row.ref], now)


async def is_forbidden(uow: UnitOfWork, row: Migration) -> bool:
    """Whether the policy of organization or group keeps this user from the Business Edition altogether."""
    user = await uow.users.get(row.user_id)
    group = user.policy_group if user else None
    return not effective(await uow.policies.get(row.org_id), group)[FORBIDS_MIGRATION].allowed
