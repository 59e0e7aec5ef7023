"""Run by Alembic on the connection that `schema.upgrade` opened, inside its transaction where it began one."""

from alembic import context

from edition_migration.adapters.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
