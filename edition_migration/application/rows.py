"""Rows that must be there: their absence is no case of the product, so it is said and not passed over."""

from edition_migration.domain.errors import NotFound
from edition_migration.domain.organization import Organization
from edition_migration.ports.store import UnitOfWork


async def organization_of(uow: UnitOfWork, org_id: str) -> Organization:
    """The organization that a row of ours names. Raises NotFound."""
    organization = await uow.organizations.get(org_id)
    if organization is None:
        raise NotFound("the organization that a row names is missing", mend="restore the row of organizations")
    return organization
