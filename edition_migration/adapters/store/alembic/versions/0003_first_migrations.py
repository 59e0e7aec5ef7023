"""The first schema, part three: migrations with tickets, journal, tokens and mails."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(32)


def upgrade() -> None:
    _migrations()
    _tickets()
    _journal()
    _reset_tokens()
    _mails()


def _migrations() -> None:
    op.create_table(
        "migrations",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("wave_id", _ID),
        sa.Column("started_at", _TIME),
        sa.Column("activation", _WORD, nullable=False),
        sa.Column("activate_at", _TIME),
        sa.Column("activation_requested_at", _TIME),
        sa.Column("instructions_accepted_at", _TIME),
        sa.Column("signed_in_at", _TIME),
        sa.Column("deadline_at", _TIME),
        sa.Column("attention", _WORD),
        sa.PrimaryKeyConstraint("org_id", "user_id", "generation", name="pk_migrations"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_migrations_organizations"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_migrations_users"),
        sa.ForeignKeyConstraint(
            ["org_id", "wave_id"],
            ["waves.org_id", "waves.wave_id"],
            name="fk_migrations_waves",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.CheckConstraint(
            "activation IN ('with_instructions', 'delayed', 'by_hand')", name=op.f("ck_migrations_activation")
        ),
        sa.CheckConstraint("attention IN ('undeliverable', 'workflow_missing')", name=op.f("ck_migrations_attention")),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_migrations_generation")),
        sa.CheckConstraint(
            "state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', "
            "'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', "
            "'PASSWORD_SET', 'MIGRATED', 'EXPIRED', 'CANCELLED', 'SKIPPED', 'DELETED', 'UNDONE')",
            name=op.f("ck_migrations_state"),
        ),
    )
    op.create_index(
        "ix_migrations_pending",
        "migrations",
        ["org_id", "user_id"],
        sqlite_where=sa.text("wave_id IS NULL AND state IN ('BLOCKED', 'IN_REVIEW')"),
        postgresql_where=sa.text("wave_id IS NULL AND state IN ('BLOCKED', 'IN_REVIEW')"),
    )
    op.create_index("ix_migrations_state", "migrations", ["org_id", "state", "user_id"])
    op.create_index(
        "ix_migrations_unstarted",
        "migrations",
        ["org_id", "since", "user_id"],
        sqlite_where=sa.text(
            "started_at IS NULL AND state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', "
            "'WAITING_CAPACITY', 'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', "
            "'AWAITING_FIRST_SIGN_IN', 'PASSWORD_SET')"
        ),
        postgresql_where=sa.text(
            "started_at IS NULL AND state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', "
            "'WAITING_CAPACITY', 'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', "
            "'AWAITING_FIRST_SIGN_IN', 'PASSWORD_SET')"
        ),
    )
    op.create_index("ix_migrations_user_id", "migrations", ["user_id"])
    op.create_index(
        "ix_migrations_wave",
        "migrations",
        ["org_id", "wave_id", "user_id"],
        sqlite_where=sa.text("state IN ('IN_REVIEW')"),
        postgresql_where=sa.text("state IN ('IN_REVIEW')"),
    )
    op.create_index(
        "uq_migrations_open_user",
        "migrations",
        ["user_id"],
        unique=True,
        sqlite_where=sa.text(
            "state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', "
            "'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', "
            "'PASSWORD_SET')"
        ),
        postgresql_where=sa.text(
            "state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', "
            "'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', "
            "'PASSWORD_SET')"
        ),
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("storage_mb", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "number", name="pk_tickets"),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id", "generation"],
            ["migrations.org_id", "migrations.user_id", "migrations.generation"],
            name="fk_tickets_migrations",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_tickets_number")),
        sa.CheckConstraint("state IN ('waiting', 'granted', 'closed')", name=op.f("ck_tickets_state")),
        sa.CheckConstraint("storage_mb >= 0", name=op.f("ck_tickets_storage_mb")),
    )
    op.create_index("ix_tickets_of_migration", "tickets", ["org_id", "user_id", "generation", "number"])
    op.create_index(
        "ix_tickets_waiting",
        "tickets",
        ["org_id", "number"],
        sqlite_where=sa.text("state IN ('waiting')"),
        postgresql_where=sa.text("state IN ('waiting')"),
    )
    op.create_index(
        "uq_tickets_open",
        "tickets",
        ["org_id", "user_id", "generation"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("entry_id", _NUMBER, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("source", _WORD),
        sa.Column("target", _WORD, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_journal"),
        sa.UniqueConstraint("org_id", "user_id", "generation", "key", name="uq_journal_org_id_user_id_generation_key"),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id", "generation"],
            ["migrations.org_id", "migrations.user_id", "migrations.generation"],
            name="fk_journal_migrations",
        ),
        sa.CheckConstraint(
            "source IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', "
            "'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', "
            "'PASSWORD_SET', 'MIGRATED', 'EXPIRED', 'CANCELLED', 'SKIPPED', 'DELETED', 'UNDONE')",
            name=op.f("ck_journal_source"),
        ),
        sa.CheckConstraint(
            "target IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', "
            "'INSTRUCTED', 'ACTIVATED', 'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', "
            "'PASSWORD_SET', 'MIGRATED', 'EXPIRED', 'CANCELLED', 'SKIPPED', 'DELETED', 'UNDONE')",
            name=op.f("ck_journal_target"),
        ),
        sqlite_autoincrement=True,
        comment="Append-only. The key of a command is its command id.",
    )


def _reset_tokens() -> None:
    op.create_table(
        "reset_tokens",
        sa.Column("token_id", _ID, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME),
        sa.Column("is_requested", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_reset_tokens"),
        sa.UniqueConstraint("digest", name="uq_reset_tokens_digest"),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id", "generation"],
            ["migrations.org_id", "migrations.user_id", "migrations.generation"],
            name="fk_reset_tokens_migrations",
        ),
        sa.CheckConstraint("state IN ('issued', 'live', 'used', 'dead')", name=op.f("ck_reset_tokens_state")),
    )
    op.create_index("ix_reset_tokens_org_id_user_id_generation", "reset_tokens", ["org_id", "user_id", "generation"])
    op.create_index(
        "uq_reset_tokens_live",
        "reset_tokens",
        ["org_id", "user_id", "generation"],
        unique=True,
        sqlite_where=sa.text("state IN ('live')"),
        postgresql_where=sa.text("state IN ('live')"),
    )


def _mails() -> None:
    op.create_table(
        "mails",
        sa.Column("sequence", _NUMBER, nullable=False),
        sa.Column("mail_id", _ID, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID),
        sa.Column("generation", sa.Integer),
        sa.Column("postman", _WORD, nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("token_id", _ID),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reply_code", sa.Integer),
        sa.Column("sending_at", _TIME),
        sa.Column("accepted_at", _TIME),
        sa.PrimaryKeyConstraint("sequence", name="pk_mails"),
        sa.UniqueConstraint("mail_id", name="uq_mails_mail_id"),
        sa.UniqueConstraint(
            "org_id", "user_id", "generation", "kind", "round", name="uq_mails_org_id_user_id_generation_kind_round"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id", "generation"],
            ["migrations.org_id", "migrations.user_id", "migrations.generation"],
            name="fk_mails_migrations",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_mails_organizations"),
        sa.ForeignKeyConstraint(["token_id"], ["reset_tokens.token_id"], name="fk_mails_reset_tokens"),
        sa.CheckConstraint("state <> 'accepted' OR accepted_at IS NOT NULL", name=op.f("ck_mails_accepted_at")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mails_attempts")),
        sa.CheckConstraint(
            "kind IN ('service_provisioned', 'pending_digest', 'account_deactivated', "
            "'instructions', 'reset_password', 'new_link', 'welcome', 'expired', 'cancelled')",
            name=op.f("ck_mails_kind"),
        ),
        sa.CheckConstraint("postman IN ('migration', 'organization')", name=op.f("ck_mails_postman")),
        sa.CheckConstraint(
            "user_id IS NOT NULL OR postman = 'organization'", name=op.f("ck_mails_postman_of_organization")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'delivered', 'deferred', 'bounced', "
            "'complained', 'suppressed', 'unknown')",
            name=op.f("ck_mails_state"),
        ),
        sa.CheckConstraint("(user_id IS NULL) = (generation IS NULL)", name=op.f("ck_mails_whole_migration")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mails_of_migration", "mails", ["org_id", "user_id", "generation", "sequence"])
    op.create_index(
        "ix_mails_unsent_by_organization",
        "mails",
        ["org_id", "sequence"],
        sqlite_where=sa.text("postman IN ('organization') AND state IN ('queued', 'sending', 'deferred', 'unknown')"),
        postgresql_where=sa.text(
            "postman IN ('organization') AND state IN ('queued', 'sending', 'deferred', 'unknown')"
        ),
    )
    op.create_index(
        "uq_mails_organization",
        "mails",
        ["org_id", "kind", "round"],
        unique=True,
        sqlite_where=sa.text("user_id IS NULL"),
        postgresql_where=sa.text("user_id IS NULL"),
    )
