"""Old rows are found by their time; the removal of a link finds the mails that name it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIMES = {
    "inbox": "received_at",
    "mails": "created_at",
    "reset_tokens": "created_at",
    "former_addresses": "changed_at",
    "sessions": "created_at",
}


def upgrade() -> None:
    for table, column in _TIMES.items():
        op.create_index(f"ix_{table}_{column}", table, [column])
    with_token = sa.text("token_id IS NOT NULL")
    op.create_index("ix_mails_token_id", "mails", ["token_id"], sqlite_where=with_token, postgresql_where=with_token)
