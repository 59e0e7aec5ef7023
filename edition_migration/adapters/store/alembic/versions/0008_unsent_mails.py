"""The oldest mail to be sent is found at once, however many were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    unsent = sa.text("state IN ('queued', 'sending', 'deferred', 'unknown')")
    op.create_index("ix_mails_unsent", "mails", ["created_at"], sqlite_where=unsent, postgresql_where=unsent)
