"""A held mail lets the others of its organization's queue pass."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNSENT = "postman IN ('organization') AND state IN ('queued', 'sending', 'deferred', 'unknown')"


def upgrade() -> None:
    op.add_column("mails", sa.Column("held_until", sa.DateTime(timezone=True)))
    op.drop_index("ix_mails_unsent_by_organization", "mails")
    columns = ["org_id", "held_until", "sequence"]
    op.create_index(
        "ix_mails_unsent_by_organization",
        "mails",
        columns,
        sqlite_where=sa.text(_UNSENT),
        postgresql_where=sa.text(_UNSENT),
    )
