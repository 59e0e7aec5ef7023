"""What organizations write themselves for their mails, and which of it a mail on its way says."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = (
    "kind IN ('coming_soon', 'account_deactivated', 'instructions', 'reset_password', 'reminder', 'new_link', "
    "'welcome', 'expired', 'cancelled', 'undone', 'address_changed')"
)


def upgrade() -> None:
    op.create_table(
        "own_texts",
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("command_id", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("previous", _NUMBER),
        sa.Column("result", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_own_texts"),
        sa.UniqueConstraint("org_id", "command_id", name="uq_own_texts_org_id_command_id"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_own_texts_organizations"),
        sa.ForeignKeyConstraint(["previous"], ["own_texts.revision"], name="fk_own_texts_previous"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_own_texts_kind")),
        sa.CheckConstraint("result IN ('set', 'restored', 'ours')", name=op.f("ck_own_texts_result")),
        sa.CheckConstraint("(subject IS NULL) = (body IS NULL)", name=op.f("ck_own_texts_whole_text")),
        sa.CheckConstraint("(result = 'ours') = (body IS NULL)", name=op.f("ck_own_texts_ours_has_no_text")),
        sqlite_autoincrement=True,
        comment="Append-only. Without a text: ours holds again. previous is what undo goes back to.",
    )
    columns = ["org_id", "kind", "language", "revision"]
    op.create_index("ix_own_texts_org_id_kind_language_revision", "own_texts", columns)
    comment = "Of the organization's own texts, as of the first sending."
    op.add_column("mails", sa.Column("text_revision", _NUMBER, comment=comment))
