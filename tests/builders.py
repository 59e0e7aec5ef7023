"""Rows for tests, whole and plausible; a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Domain, Organization, OrganizationSettings, ServiceStatus
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, MigrationState
from edition_migration.domain.user import User

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

_ORGANIZATION = Organization(
    org_id="acme",
    name="Acme Cooperative",
    status=ServiceStatus.PROVISIONED,
    notification_email="it@acme.example",
    client_download_url="https://acme.example/client",
    administrators=("admin@acme.example",),
    is_single_sign_on=False,
    settings=OrganizationSettings(
        blocked_message="Your account waits for its migration.", help_url="https://acme.example/help"
    ),
    stamps={},
    policy_revision=1,
)
_DOMAIN = Domain(name="acme.example", org_id="acme", is_claimed=True, block_at=NOW - timedelta(days=1), stamp="")
_USER = User(
    user_id="u1",
    email="ada.lovelace@acme.example",
    domain="acme.example",
    display_name="Ada Lovelace",
    locale=None,
    zone=None,
    edition=Edition.GUEST,
    client_version="5.2",
    account_status=AccountStatus.ACTIVE,
    inactive_reason=None,
    credential_state=CredentialState.SET,
    password_hash=None,
    org_id=None,
    storage_used_mb=100,
    policy_group=None,
    reported_status=AccountStatus.ACTIVE,
    reported_inactive_reason=None,
    is_deleted=False,
    updated_at=NOW,
)
_MIGRATION = Migration(
    org_id="acme", user_id="u1", generation=1, state=MigrationState.BLOCKED, since=NOW, started_at=NOW
)


def organization(**changes: Any) -> Organization:
    """The provisioned organization `acme`; settings by their own names."""
    settings = {name: changes.pop(name) for name in list(changes) if name in OrganizationSettings.model_fields}
    row = replace(_ORGANIZATION, **changes)
    return replace(row, settings=row.settings.model_copy(update=settings))


def domain(**changes: Any) -> Domain:
    """`acme.example`, blocked since yesterday."""
    return replace(_DOMAIN, **changes)


def user(user_id: str = "u1", **changes: Any) -> User:
    """An active guest of acme.example with an old client; an address of his own unless he is `u1`."""
    own = {} if user_id == "u1" else {"email": f"{user_id}@acme.example", "display_name": f"User {user_id}"}
    return replace(_USER, user_id=user_id, **{**own, **changes})


def migration(user_id: str = "u1", **changes: Any) -> Migration:
    """The user's first migration, BLOCKED and started."""
    return replace(_MIGRATION, user_id=user_id, **changes)
