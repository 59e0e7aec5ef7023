"""The first schema, part one: organizations, domains, users and their policies."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(32)


def upgrade() -> None:
    _organizations()
    _domains()
    _users()
    _sessions()
    _contacts()
    _policy_actions()
    _policy_groups()
    _policy_group_actions()
    _effective_policies()
    _effective_actions()


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", _WORD, nullable=False),
        sa.Column("notification_email", sa.Text, nullable=False),
        sa.Column("client_download_url", sa.Text, nullable=False),
        sa.Column("administrators", sa.JSON, nullable=False),
        sa.Column("is_single_sign_on", sa.Boolean, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("stamps", sa.JSON, nullable=False),
        sa.Column("policy_revision", sa.BigInteger, nullable=False),
        sa.Column("digest_due_at", _TIME),
        sa.PrimaryKeyConstraint("org_id", name="pk_organizations"),
        sa.CheckConstraint("policy_revision >= 0", name=op.f("ck_organizations_policy_revision")),
        sa.CheckConstraint("status IN ('known', 'provisioned', 'deprovisioned')", name=op.f("ck_organizations_status")),
    )


def _domains() -> None:
    op.create_table(
        "domains",
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("is_claimed", sa.Boolean, nullable=False),
        sa.Column("block_at", _TIME),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_domains"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_domains_organizations"),
        comment="One owner per domain; a removed one stays as a tombstone that is not claimed.",
    )
    op.create_index("ix_domains_org_id_name", "domains", ["org_id", "name"])


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("domain", sa.String(253)),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text),
        sa.Column("zone", sa.Text),
        sa.Column("edition", _WORD, nullable=False),
        sa.Column("client_version", sa.Text),
        sa.Column("account_status", _WORD, nullable=False),
        sa.Column("inactive_reason", _WORD),
        sa.Column("credential_state", _WORD, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("org_id", _ID),
        sa.Column("storage_used_mb", sa.BigInteger, nullable=False),
        sa.Column("policy_group", sa.Text),
        sa.Column("reported_status", _WORD, nullable=False),
        sa.Column("reported_inactive_reason", _WORD),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
        sa.Column("stamps", sa.JSON, nullable=False),
        sa.Column("updated_at", _TIME),
        sa.Column("enrolled_by", _ID),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.ForeignKeyConstraint(["enrolled_by"], ["organizations.org_id"], name="fk_users_enrolled_by"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_users_organizations"),
        sa.CheckConstraint("account_status IN ('active', 'inactive')", name=op.f("ck_users_account_status")),
        sa.CheckConstraint(
            "account_status <> 'active' OR inactive_reason IS NULL", name=op.f("ck_users_active_has_no_reason")
        ),
        sa.CheckConstraint(
            "credential_state IN ('locked', 'reset_issued', 'set', 'federated')", name=op.f("ck_users_credential_state")
        ),
        sa.CheckConstraint("(email IS NULL) = (domain IS NULL)", name=op.f("ck_users_domain_of_email")),
        sa.CheckConstraint("edition IN ('guest', 'business')", name=op.f("ck_users_edition")),
        sa.CheckConstraint(
            "inactive_reason IN ('guest_pending', 'admin_deactivated', 'left_company', 'policy', 'expired')",
            name=op.f("ck_users_inactive_reason"),
        ),
        sa.CheckConstraint(
            "reported_inactive_reason IN ('guest_pending', 'admin_deactivated', 'left_company', 'policy', 'expired')",
            name=op.f("ck_users_reported_inactive_reason"),
        ),
        sa.CheckConstraint("reported_status IN ('active', 'inactive')", name=op.f("ck_users_reported_status")),
        sa.CheckConstraint("storage_used_mb >= 0", name=op.f("ck_users_storage_used_mb")),
    )
    op.create_index(
        "ix_users_living_domain",
        "users",
        ["domain", "user_id"],
        sqlite_where=sa.text("is_deleted = 0"),
        postgresql_where=sa.text("NOT is_deleted"),
    )
    op.create_index(
        "ix_users_to_enroll",
        "users",
        ["domain", "enrolled_by"],
        sqlite_where=sa.text("is_deleted = 0"),
        postgresql_where=sa.text("NOT is_deleted"),
    )
    op.create_index(
        "uq_users_living_email",
        "users",
        ["email"],
        unique=True,
        sqlite_where=sa.text("is_deleted = 0"),
        postgresql_where=sa.text("NOT is_deleted"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_sessions_users"),
    )
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["user_id"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("owner_user_id", _ID, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner_user_id", "email", name="pk_contacts"),
        sa.ForeignKeyConstraint(["owner_user_id"], ["users.user_id"], name="fk_contacts_users"),
    )


def _policy_actions() -> None:
    op.create_table(
        "policy_actions",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("action", _WORD, nullable=False),
        sa.Column("is_allowed", sa.Boolean),
        sa.PrimaryKeyConstraint("org_id", "action", name="pk_policy_actions"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_policy_actions_organizations"),
        sa.CheckConstraint(
            "action IN ('external_file_transfer', 'internal_file_transfer', 'external_im', "
            "'external_video', 'internal_video', 'external_voip', 'internal_voip', "
            "'desktop_sharing', 'end_to_end_encryption')",
            name=op.f("ck_policy_actions_action"),
        ),
        comment="What an organization's policy names; NULL is named, but unset.",
    )


def _policy_groups() -> None:
    op.create_table(
        "policy_groups",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "name", name="pk_policy_groups"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_policy_groups_organizations"),
    )


def _policy_group_actions() -> None:
    op.create_table(
        "policy_group_actions",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("action", _WORD, nullable=False),
        sa.Column("is_allowed", sa.Boolean),
        sa.PrimaryKeyConstraint("org_id", "group_name", "action", name="pk_policy_group_actions"),
        sa.ForeignKeyConstraint(
            ["org_id", "group_name"],
            ["policy_groups.org_id", "policy_groups.name"],
            name="fk_policy_group_actions_policy_groups",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "action IN ('external_file_transfer', 'internal_file_transfer', 'external_im', "
            "'external_video', 'internal_video', 'external_voip', 'internal_voip', "
            "'desktop_sharing', 'end_to_end_encryption')",
            name=op.f("ck_policy_group_actions_action"),
        ),
    )


def _effective_policies() -> None:
    op.create_table(
        "effective_policies",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("group_name", sa.Text),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_effective_policies"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_effective_policies_organizations"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_effective_policies_users"),
    )


def _effective_actions() -> None:
    op.create_table(
        "effective_actions",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("action", _WORD, nullable=False),
        sa.Column("is_allowed", sa.Boolean, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "action", name="pk_effective_actions"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["effective_policies.user_id"],
            name="fk_effective_actions_effective_policies",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "action IN ('external_file_transfer', 'internal_file_transfer', 'external_im', "
            "'external_video', 'internal_video', 'external_voip', 'internal_voip', "
            "'desktop_sharing', 'end_to_end_encryption')",
            name=op.f("ck_effective_actions_action"),
        ),
    )
