"""Run by Alembic inside the connection and transaction that `schema.upgrade` opened."""

from alembic import context

from edition_migration.adapters.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
