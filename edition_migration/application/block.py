"""What the block of a domain does to accounts, and when it holds nobody any more.

A migration is one thing and the block another: whose migration an administrator ends, or who lets it expire, is a guest
of the domain as before, inactive from the begin of the block to its end. Used by enrollment and by all that ends a row.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.eligibility import decide
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Organization, ServiceStatus
from edition_migration.domain.states import AccountStatus, InactiveReason, SkipReason
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork

SHUT = "block"
"""In the journal of an ended migration: a block has shut the account since."""


class Place(StrEnum):
    """Where the user's address is, seen from the organization. OURS: its block holds, or is announced."""

    OURS = "ours"
    GONE = "gone"
    LEFT = "left"


async def place_of(uow: UnitOfWork, organization: Organization, user: User) -> Place:
    """GONE: the domain is not claimed any more, or the service is not provisioned. LEFT: it never was theirs."""
    domain = await uow.domains.get(user.domain) if user.domain else None
    if domain is None or domain.org_id != organization.org_id:
        return Place.LEFT
    is_blocked = organization.status is ServiceStatus.PROVISIONED and domain.block_at is not None
    return Place.OURS if is_blocked else Place.GONE


async def shut_accounts(
    uow: UnitOfWork,
    org_id: str,
    user_ids: Sequence[str],
    now: datetime,
    reason: InactiveReason = InactiveReason.GUEST_PENDING,
) -> None:
    """What the block does to accounts. A repeat changes nothing."""
    await uow.users.set_account(user_ids, status=AccountStatus.INACTIVE, reason=reason, org_id=org_id)
    await uow.sessions.end_all(user_ids, now)


async def await_block(uow: UnitOfWork, row: Migration) -> None:
    """The migration of `row` has ended and its account is open: the block, if one begins, finds him (`shut_ended`)."""
    await uow.migrations.mark_enrolled([row.user_id], None)


async def shut_ended(
    uow: UnitOfWork, organization: Organization, domains: Sequence[str], now: datetime, limit: int
) -> int:
    """One page of those whose migration had ended when the block of these domains began; how many were looked at.

    Who would not be pending today, say with a newer client, is left as he is, and so is who left meanwhile. A repeat
    finds nobody again.
    """
    ended = await uow.migrations.awaiting_block(organization.org_id, domains, limit)
    users = {user.user_id: user for user in await uow.users.hold_many([row.user_id for row in ended])}
    free = [row for row in ended if _is_free(users[row.user_id], domains)]
    shut = [row for row in free if why_not_pending(users[row.user_id], organization) is None]
    for reason in sorted({row.left_to_the_block for row in shut if row.left_to_the_block}):
        theirs = [row.user_id for row in shut if row.left_to_the_block is reason]
        await shut_accounts(uow, organization.org_id, theirs, now, reason)
    await uow.migrations.mark_enrolled([row.user_id for row in free], organization.org_id)
    key = f"block/{now.isoformat()}"
    await uow.journal.add(
        [journal_entry(row, key=key, action=SHUT, actor=PROVISIONING, at=now, target=row.state) for row in shut]
    )
    return len(ended)


def _is_free(user: User, domains: Sequence[str]) -> bool:
    """Held, he may be another than he was when he was found."""
    return not user.is_deleted and user.org_id is None and user.domain in domains


def why_not_pending(user: User, organization: Organization) -> SkipReason | None:
    """As `decide`, of a user who has no open migration beside the one that is looked at."""
    return decide(
        user,
        org_id=organization.org_id,
        administrators=organization.administrators,
        minimum_client=organization.settings.minimum_client,
        has_open_migration=False,
    )
