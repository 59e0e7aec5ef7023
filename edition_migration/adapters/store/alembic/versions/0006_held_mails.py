"""A held mail lets the others of its organization's queue pass; a failed event names the address it waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNSENT = "postman IN ('organization') AND state IN ('queued', 'sending', 'deferred', 'unknown')"


def upgrade() -> None:
    _mails()
    _inbox()


def _mails() -> None:
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


def _inbox() -> None:
    op.add_column("inbox", sa.Column("wants", sa.Text))
    op.drop_index("ix_inbox_failure", "inbox")
    is_failed = sa.text("failure IS NOT NULL")
    op.create_index(
        "ix_inbox_failure", "inbox", ["failure", "wants"], sqlite_where=is_failed, postgresql_where=is_failed
    )
