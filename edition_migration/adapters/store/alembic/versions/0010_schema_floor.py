"""The schema says which code may still run on it, so that a newer one does not stop the older code."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    floor = op.create_table(
        "schema_floor",
        sa.Column("oldest_code", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("oldest_code", name="pk_schema_floor"),
        comment="One row: the revision of the oldest code that may run on this schema. A contraction raises it.",
    )
    op.bulk_insert(floor, [{"oldest_code": revision}])
