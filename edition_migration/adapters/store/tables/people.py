"""Who is who: organizations, domains, users, sessions, contacts."""

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table, Text, text

from edition_migration.adapters.store.tables.columns import ID, METADATA, UtcDateTime, holds, one_of
from edition_migration.domain.organization import ServiceStatus
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason

organizations = Table(
    "organizations",
    METADATA,
    Column("org_id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", one_of(ServiceStatus), nullable=False),
    Column("notification_email", Text, nullable=False),
    Column("client_download_url", Text, nullable=False),
    Column("administrators", JSON, nullable=False),
    Column("is_single_sign_on", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("stamps", JSON, nullable=False),
    Column("policy_revision", BigInteger, nullable=False),
    Column("digest_due_at", UtcDateTime),
    holds("status", ServiceStatus),
    CheckConstraint("policy_revision >= 0", name="policy_revision"),
)

domains = Table(
    "domains",
    METADATA,
    Column("name", String(253), primary_key=True),
    Column("org_id", ID, ForeignKey("organizations.org_id"), nullable=False),
    Column("is_claimed", Boolean, nullable=False),
    Column("block_at", UtcDateTime),
    Column("stamp", Text, nullable=False),
    Index(None, "org_id", "name"),
    comment="One owner per domain; a removed one stays as a tombstone that is not claimed.",
)

users = Table(
    "users",
    METADATA,
    Column("user_id", ID, primary_key=True),
    Column("email", Text),
    Column("domain", String(253)),
    Column("display_name", Text, nullable=False),
    Column("locale", Text),
    Column("zone", Text),
    Column("edition", one_of(Edition), nullable=False),
    Column("client_version", Text),
    Column("account_status", one_of(AccountStatus), nullable=False),
    Column("inactive_reason", one_of(InactiveReason)),
    Column("credential_state", one_of(CredentialState), nullable=False),
    Column("password_hash", Text),
    Column("org_id", ID, ForeignKey("organizations.org_id")),
    Column("storage_used_mb", BigInteger, nullable=False),
    Column("policy_group", Text),
    Column("reported_status", one_of(AccountStatus), nullable=False),
    Column("reported_inactive_reason", one_of(InactiveReason)),
    Column("is_deleted", Boolean, nullable=False),
    Column("stamps", JSON, nullable=False),
    Column("updated_at", UtcDateTime),
    # Whose newest migration the user has; NULL: none, or one that ended with its domain. Kept by the store alone, so
    # that the next page of guests is found without passing those who were enrolled.
    Column("enrolled_by", ID, ForeignKey("organizations.org_id", name="fk_users_enrolled_by")),
    holds("edition", Edition),
    holds("account_status", AccountStatus),
    holds("inactive_reason", InactiveReason),
    holds("credential_state", CredentialState),
    holds("reported_status", AccountStatus),
    holds("reported_inactive_reason", InactiveReason),
    CheckConstraint("storage_used_mb >= 0", name="storage_used_mb"),
    CheckConstraint("account_status <> 'active' OR inactive_reason IS NULL", name="active_has_no_reason"),
    CheckConstraint("(email IS NULL) = (domain IS NULL)", name="domain_of_email"),
    Index(
        "uq_users_living_email",
        "email",
        unique=True,
        sqlite_where=text("is_deleted = 0"),
        postgresql_where=text("NOT is_deleted"),
    ),
    Index(
        "ix_users_to_enroll",
        "domain",
        "enrolled_by",
        sqlite_where=text("is_deleted = 0"),
        postgresql_where=text("NOT is_deleted"),
    ),
    Index(
        "ix_users_living_domain",
        "domain",
        "user_id",
        sqlite_where=text("is_deleted = 0"),
        postgresql_where=text("NOT is_deleted"),
    ),
)

former_addresses = Table(
    "former_addresses",
    METADATA,
    Column("address_id", ID, primary_key=True),
    Column("user_id", ID, ForeignKey("users.user_id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "changed_at"),
    comment="Where a note of the change goes; erased with the user.",
)

sessions = Table(
    "sessions",
    METADATA,
    Column("session_id", ID, primary_key=True),
    Column("user_id", ID, ForeignKey("users.user_id"), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index(None, "created_at"),
    Index(
        "ix_sessions_open",
        "user_id",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

contacts = Table(
    "contacts",
    METADATA,
    Column("owner_user_id", ID, ForeignKey("users.user_id"), primary_key=True),
    Column("email", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("group_name", Text, nullable=False),
)
