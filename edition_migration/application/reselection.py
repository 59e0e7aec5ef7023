"""A second chance: `select` begins a new generation for whom an earlier one ended without his being migrated.

Also the one way in for an administrator of the organization: alone, and confirmed (mission: protected from bulk
actions). Used by `application/selection.py` inside its transaction, before it claims.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from edition_migration.application.block import shut_accounts
from edition_migration.application.enrollment import add_enrolled
from edition_migration.domain.eligibility import decide
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Organization, ServiceStatus
from edition_migration.domain.states import RESELECTABLE, SkipReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork

NOT_BLOCKED = "domain_not_blocked"


async def begin_again(
    uow: UnitOfWork,
    organization: Organization,
    rows: Sequence[Migration],
    actor: str,
    now: datetime,
    *,
    confirmed: bool,
) -> Mapping[str, str]:
    """New rows, BLOCKED, for those of `rows` who may begin again; why not, by user id, for the others who ended.

    `confirmed` lets an administrator of the organization through. Who was excluded stays so, and so does who is
    already migrated. Two at once make one new generation.
    """
    ended = {row.user_id: row for row in rows if _may_begin_again(row, confirmed=confirmed)}
    if not ended:
        return {}
    for user_id in sorted(ended):  # rows of migrations before users, as everywhere
        await uow.migrations.hold(ended[user_id].ref)
    users = await uow.users.hold_many(list(ended))
    blocked = await _blocked_domains(uow, organization, now)
    reasons = {user.user_id: _why_not(user, organization, blocked, confirmed=confirmed) for user in users}
    new = [
        Migration(org_id=row.org_id, user_id=row.user_id, generation=row.generation + 1, state=S.BLOCKED, since=now)
        for row in ended.values()
        if reasons[row.user_id] is None
    ]
    added = await add_enrolled(uow, new, now, actor=actor)
    await shut_accounts(uow, organization.org_id, [row.user_id for row in added], now)
    return {user_id: reason for user_id, reason in reasons.items() if reason is not None}


async def administrators_among(
    uow: UnitOfWork, organization: Organization, user_ids: Sequence[str]
) -> Mapping[str, str]:
    """Those of these users who administer the organization, and so are not selected unless that is confirmed."""
    users = await uow.users.get_many(user_ids)
    return {it.user_id: SkipReason.ADMINISTRATOR for it in users if it.email in organization.administrators}


def _may_begin_again(row: Migration, *, confirmed: bool) -> bool:
    is_administrator = row.state is S.SKIPPED and row.reason == SkipReason.ADMINISTRATOR
    return row.state in RESELECTABLE or (is_administrator and confirmed)


async def _blocked_domains(uow: UnitOfWork, organization: Organization, now: datetime) -> frozenset[str]:
    if organization.status is not ServiceStatus.PROVISIONED:
        return frozenset()
    domains = await uow.domains.of_organization(organization.org_id)
    return frozenset(it.name for it in domains if it.block_at is not None and it.block_at <= now)


def _why_not(user: User, organization: Organization, blocked: frozenset[str], *, confirmed: bool) -> str | None:
    if user.is_deleted:
        return "is_deleted"
    if user.domain not in blocked:
        return NOT_BLOCKED
    return decide(
        user,
        org_id=organization.org_id,
        administrators=() if confirmed else organization.administrators,
        minimum_client=organization.settings.minimum_client,
        has_open_migration=False,
    )
