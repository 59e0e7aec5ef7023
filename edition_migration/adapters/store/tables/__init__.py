"""The schema. Every rule that a constraint can hold is a constraint; Alembic's revisions build the same."""

from edition_migration.adapters.store.tables import capacity, migrations, people, policies, schema, texts, work
from edition_migration.adapters.store.tables.columns import METADATA

__all__ = ["METADATA", "capacity", "migrations", "people", "policies", "schema", "texts", "work"]
