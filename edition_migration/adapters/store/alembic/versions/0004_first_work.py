"""The first schema, part four: the inbox, doorbells, errands."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_WORD = sa.String(32)


def upgrade() -> None:
    _inbox()
    _doorbells()
    _errands()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("inbox_id", _NUMBER, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("org_id", _ID),
        sa.Column("user_id", _ID),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("inbox_id", name="pk_inbox"),
        sa.UniqueConstraint("source", "event_id", name="uq_inbox_source_event_id"),
        sa.CheckConstraint(
            "state IN ('pending', 'applied', 'superseded', 'failed', 'unknown_type')", name=op.f("ck_inbox_state")
        ),
        sqlite_autoincrement=True,
        comment="No foreign key: an event may come before its organization and its user.",
    )
    op.create_index("ix_inbox_org_id", "inbox", ["org_id", "inbox_id"])
    op.create_index(
        "ix_inbox_pending",
        "inbox",
        ["org_id", "inbox_id"],
        sqlite_where=sa.text("state IN ('pending')"),
        postgresql_where=sa.text("state IN ('pending')"),
    )
    op.create_index("ix_inbox_user_id", "inbox", ["org_id", "user_id", "type"])


def _doorbells() -> None:
    op.create_table(
        "doorbells",
        sa.Column("bell_id", _NUMBER, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("user_id", _ID),
        sa.Column("generation", sa.Integer),
        sa.Column("rung_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("bell_id", name="pk_doorbells"),
        sa.CheckConstraint("(user_id IS NULL) = (generation IS NULL)", name=op.f("ck_doorbells_whole_migration")),
        sqlite_autoincrement=True,
    )


def _errands() -> None:
    op.create_table(
        "errands",
        sa.Column("errand_id", _NUMBER, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("argument", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("errand_id", name="pk_errands"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_errands_organizations"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_errands_org_id_errand_id", "errands", ["org_id", "errand_id"])
