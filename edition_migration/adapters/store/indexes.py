"""An index that a revision builds while others go on writing. Used by the revisions of `alembic/versions`."""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import TextClause, text

_IS_WHOLE = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def build_index(name: str, table: str, columns: Sequence[str], *, where: TextClause | None = None) -> None:
    """The index is there and whole afterwards, on PostgreSQL built concurrently: the table may be large and in use.

    A repeat goes on where a run before was ended: one that is whole stays, one that is half-built gives way. So a
    revision that builds indexes does nothing else; what it did before is committed by the first.
    """
    context = op.get_context()
    if context.dialect.name != "postgresql":
        op.create_index(name, table, columns, sqlite_where=where)
        return
    with context.autocommit_block():
        connection = op.get_bind()
        if connection.scalar(_IS_WHOLE, {"name": name}):
            return
        op.execute("SET lock_timeout = 0")  # it waits for older transactions, and nobody waits for it
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_where=where, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
