"""What the schema says of itself, beside Alembic's own table with its revision."""

from sqlalchemy import Column, String, Table

from edition_migration.adapters.store.tables.columns import METADATA

schema_floor = Table(
    "schema_floor",
    METADATA,
    Column("oldest_code", String(32), primary_key=True),
    comment="One row: the revision of the oldest code that may run on this schema. A contraction raises it.",
)
