"""Old rows are found by their time; the removal of a link finds the mails that name it."""

import sqlalchemy as sa

from edition_migration.adapters.store.indexes import build_index

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
        build_index(f"ix_{table}_{column}", table, [column])
    build_index("ix_mails_token_id", "mails", ["token_id"], where=sa.text("token_id IS NOT NULL"))
