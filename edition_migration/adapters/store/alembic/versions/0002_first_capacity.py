"""The first schema, part two: counters of licenses and storage, their ledger, waves."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(32)


def upgrade() -> None:
    _counters()
    _ledger()
    _waves()


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("licenses_purchased", sa.BigInteger, nullable=False),
        sa.Column("licenses_ceiling", sa.BigInteger, nullable=False),
        sa.Column("licenses_reserved", sa.BigInteger, nullable=False),
        sa.Column("licenses_used", sa.BigInteger, nullable=False),
        sa.Column("storage_purchased_mb", sa.BigInteger, nullable=False),
        sa.Column("storage_ceiling_mb", sa.BigInteger, nullable=False),
        sa.Column("storage_reserved_mb", sa.BigInteger, nullable=False),
        sa.Column("storage_used_mb", sa.BigInteger, nullable=False),
        sa.Column("next_ticket", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("org_id", name="pk_counters"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_counters_organizations"),
        sa.CheckConstraint(
            "licenses_reserved + licenses_used <= licenses_ceiling", name=op.f("ck_counters_licenses_never_oversold")
        ),
        sa.CheckConstraint("licenses_purchased >= 0", name=op.f("ck_counters_licenses_purchased")),
        sa.CheckConstraint("licenses_reserved >= 0", name=op.f("ck_counters_licenses_reserved")),
        sa.CheckConstraint("licenses_used >= 0", name=op.f("ck_counters_licenses_used")),
        sa.CheckConstraint(
            "storage_reserved_mb + storage_used_mb <= storage_ceiling_mb",
            name=op.f("ck_counters_storage_never_oversold"),
        ),
        sa.CheckConstraint("storage_purchased_mb >= 0", name=op.f("ck_counters_storage_purchased_mb")),
        sa.CheckConstraint("storage_reserved_mb >= 0", name=op.f("ck_counters_storage_reserved_mb")),
        sa.CheckConstraint("storage_used_mb >= 0", name=op.f("ck_counters_storage_used_mb")),
        comment="A ceiling is the greater of what was purchased and what is in use, so that a lower limit keeps old.",
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("storage_mb", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "user_id", "generation", name="pk_ledger"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_ledger_organizations"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_ledger_users"),
        sa.CheckConstraint("state IN ('reserved', 'used', 'released')", name=op.f("ck_ledger_state")),
        sa.CheckConstraint("storage_mb >= 0", name=op.f("ck_ledger_storage_mb")),
        comment="Generation 0: a Business Edition user who was there before us.",
    )


def _waves() -> None:
    op.create_table(
        "waves",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("wave_id", _ID, nullable=False),
        sa.Column("command_id", sa.String(255), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("activation", _WORD, nullable=False),
        sa.Column("activation_delay", sa.BigInteger, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("started_at", _TIME),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "wave_id", name="pk_waves"),
        sa.UniqueConstraint("org_id", "command_id", name="uq_waves_org_id_command_id"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_waves_organizations"),
        sa.CheckConstraint(
            "activation IN ('with_instructions', 'delayed', 'by_hand')", name=op.f("ck_waves_activation")
        ),
        sa.CheckConstraint("activation_delay >= 0", name=op.f("ck_waves_activation_delay")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_waves_size")),
        sa.CheckConstraint("state IN ('releasing', 'released')", name=op.f("ck_waves_state")),
    )
    op.create_index(
        "ix_waves_unstarted",
        "waves",
        ["org_id", "created_at"],
        sqlite_where=sa.text("started_at IS NULL"),
        postgresql_where=sa.text("started_at IS NULL"),
    )
