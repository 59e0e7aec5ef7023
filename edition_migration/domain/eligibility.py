"""Who of a matching domain is pending migration, and why the others are not. Used by `block_guests` and previews."""

from collections.abc import Collection

from edition_migration.domain.states import AccountStatus, Edition, InactiveReason, SkipReason
from edition_migration.domain.user import User
from edition_migration.domain.versions import is_old_client

_REPORTED: dict[InactiveReason | None, SkipReason | None] = {
    InactiveReason.LEFT_COMPANY: SkipReason.LEFT_COMPANY,
    InactiveReason.ADMIN_DEACTIVATED: SkipReason.ADMIN_DEACTIVATED,
    InactiveReason.POLICY: SkipReason.BROKE_POLICY,
    InactiveReason.GUEST_PENDING: None,
    InactiveReason.EXPIRED: None,
    None: SkipReason.ADMIN_DEACTIVATED,
}
"""What a reported inactivity means. The last two reasons are a migration's own and count as active; inactive for no
reason given is never revived by us, since he may have left."""


TAKEN_OUT = frozenset({InactiveReason.LEFT_COMPANY, InactiveReason.ADMIN_DEACTIVATED, InactiveReason.POLICY})
"""Reasons for which the provisioning side itself made a user inactive: who is on his way then comes no further."""


def is_taken_out(user: User) -> bool:
    """Whether the provisioning side reports, with its reason, that this user may not sign in."""
    return user.reported_status is AccountStatus.INACTIVE and user.reported_inactive_reason in TAKEN_OUT


def decide(
    user: User, *, org_id: str, administrators: Collection[str], minimum_client: str, has_open_migration: bool
) -> SkipReason | None:
    """Why a living user of the organization's domains is skipped; None where he is pending.

    The first reason that holds is given, in this order: other_owner (not ours to judge), already_migrating,
    already_business, administrator, then the reported left_company, admin_deactivated or broke_policy, and last
    newer_client. It reads the reported status, not our own block: who is inactive by our block counts as active.
    """
    assert not user.is_deleted, "a tombstone is nobody's guest"
    if user.org_id is not None and user.org_id != org_id:
        return SkipReason.OTHER_OWNER
    if has_open_migration:
        return SkipReason.ALREADY_MIGRATING
    if user.edition is Edition.BUSINESS:
        return SkipReason.ALREADY_BUSINESS
    if user.email in administrators:
        return SkipReason.ADMINISTRATOR
    if user.reported_status is AccountStatus.INACTIVE and (reported := _REPORTED[user.reported_inactive_reason]):
        return reported
    if not is_old_client(user.client_version, minimum_client):
        return SkipReason.NEWER_CLIENT
    return None
