"""Writing a user's effective policy: at activation, and again at step six against today's policies."""

from edition_migration.domain.errors import NotFound
from edition_migration.domain.migration import Migration
from edition_migration.domain.policies import effective
from edition_migration.ports.store import UnitOfWork


async def assign_policy(uow: UnitOfWork, row: Migration) -> bool:
    """Assigns what organization and group allow today; true where that differs from what was assigned."""
    organization = await uow.organizations.get(row.org_id)
    user = await uow.users.get(row.user_id)
    if organization is None or user is None:
        raise NotFound("the organization or the user of a migration is missing", mend="restore the database")
    decisions = effective(await uow.policies.get(row.org_id), user.policy_group)
    assigned = await uow.policies.assignment(row.user_id)
    if assigned is not None and dict(assigned[1]) == decisions:
        return False
    await uow.policies.assign(row.user_id, row.org_id, user.policy_group, organization.policy_revision, decisions)
    return assigned is not None
