"""Each user of a matching domain is pending, or skipped for the first reason that holds."""

from dataclasses import replace

import pytest

from edition_migration.domain.eligibility import decide
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason, SkipReason
from edition_migration.domain.user import User

GUEST = User(
    user_id="u1",
    email="ada@example.com",
    domain="example.com",
    display_name="Ada",
    locale=None,
    zone=None,
    edition=Edition.GUEST,
    client_version="5.3.1",
    account_status=AccountStatus.ACTIVE,
    inactive_reason=None,
    credential_state=CredentialState.SET,
    password_hash=None,
    org_id=None,
    storage_used_mb=0,
    policy_group=None,
    reported_status=AccountStatus.ACTIVE,
    reported_inactive_reason=None,
    is_deleted=False,
)


def decided(user: User, *, has_open_migration: bool = False, administrators: frozenset[str] = frozenset()) -> object:
    return decide(
        user,
        org_id="acme",
        administrators=administrators,
        minimum_client="6.0",
        has_open_migration=has_open_migration,
    )


def reported_inactive(user: User, reason: InactiveReason | None) -> User:
    return replace(user, reported_status=AccountStatus.INACTIVE, reported_inactive_reason=reason)


@pytest.mark.parametrize("org_id", [None, "acme"])
@pytest.mark.parametrize("version", ["5.3.1", None, "unreadable"])
def test_a_guest_with_an_old_or_unknown_client_is_pending(org_id: str | None, version: str | None) -> None:
    assert decided(replace(GUEST, org_id=org_id, client_version=version)) is None


REPORTED = {
    InactiveReason.LEFT_COMPANY: SkipReason.LEFT_COMPANY,
    InactiveReason.ADMIN_DEACTIVATED: SkipReason.ADMIN_DEACTIVATED,
    InactiveReason.POLICY: SkipReason.BROKE_POLICY,
    None: SkipReason.ADMIN_DEACTIVATED,
    InactiveReason.GUEST_PENDING: None,
    InactiveReason.EXPIRED: None,
}


@pytest.mark.parametrize(("reason", "skipped"), REPORTED.items())
def test_a_reported_inactivity_decides_by_its_reason(reason: InactiveReason | None, skipped: SkipReason | None) -> None:
    assert decided(reported_inactive(GUEST, reason)) is skipped


def test_every_inactive_reason_is_decided() -> None:
    assert {reason: decided(reported_inactive(GUEST, reason)) for reason in (*InactiveReason, None)} == REPORTED


def test_who_is_inactive_by_our_own_block_is_pending() -> None:
    blocked = replace(GUEST, account_status=AccountStatus.INACTIVE, inactive_reason=InactiveReason.GUEST_PENDING)
    assert decided(blocked) is None


def test_the_reason_of_an_active_user_means_nothing() -> None:
    assert decided(replace(GUEST, reported_inactive_reason=InactiveReason.LEFT_COMPANY)) is None


def test_a_newer_client_is_skipped() -> None:
    assert decided(replace(GUEST, client_version="6.0")) is SkipReason.NEWER_CLIENT


def test_the_first_reason_in_order_is_given() -> None:
    user = replace(GUEST, org_id="other", edition=Edition.BUSINESS, client_version="7.0")
    user = reported_inactive(user, InactiveReason.LEFT_COMPANY)
    administrators = frozenset({"ada@example.com"})
    assert decided(user, has_open_migration=True, administrators=administrators) is SkipReason.OTHER_OWNER
    user = replace(user, org_id="acme")
    assert decided(user, has_open_migration=True, administrators=administrators) is SkipReason.ALREADY_MIGRATING
    assert decided(user, administrators=administrators) is SkipReason.ALREADY_BUSINESS
    user = replace(user, edition=Edition.GUEST)
    assert decided(user, administrators=administrators) is SkipReason.ADMINISTRATOR
    assert decided(user) is SkipReason.LEFT_COMPANY
    assert decided(replace(user, reported_status=AccountStatus.ACTIVE)) is SkipReason.NEWER_CLIENT
