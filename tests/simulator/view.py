"""A plain read view of the whole store, for the invariants: every table as rows, whichever database it is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from edition_migration.adapters.store.tables import METADATA
from edition_migration.domain.states import OPEN

Row = dict[str, Any]
Key = tuple[str, str, int]


@dataclass(frozen=True)
class View:
    """Rows by table, in the order of their primary keys. Values have the types of the columns."""

    tables: dict[str, list[Row]]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]

    def by_migration(self, table: str) -> dict[Key, list[Row]]:
        """Rows that name a migration, in order."""
        found: dict[Key, list[Row]] = defaultdict(list)
        for row in self.tables[table]:
            if row["user_id"] is not None:
                found[key_of(row)].append(row)
        return found

    @property
    def users(self) -> dict[str, Row]:
        return {row["user_id"]: row for row in self.tables["users"]}

    @property
    def organizations(self) -> dict[str, Row]:
        return {row["org_id"]: row for row in self.tables["organizations"]}

    def open_migrations(self) -> Sequence[Row]:
        return [row for row in self.tables["migrations"] if row["state"] in OPEN]


def key_of(row: Row) -> Key:
    return row["org_id"], row["user_id"], row["generation"]


def name_of(row: Row) -> str:
    """How a violation names a migration: as its workflow's id."""
    return f"migration/{row['org_id']}/{row['user_id']}/{row['generation']}"


_EVERYTHING = {table.name: select(table).order_by(*table.primary_key.columns) for table in METADATA.sorted_tables}


def read_view(connection: Connection) -> View:
    """Everything, in the transaction that `connection` is in."""
    return View({name: read_table(connection, name) for name in _EVERYTHING})


def read_table(connection: Connection, name: str) -> list[Row]:
    """One table alone."""
    return [dict(row) for row in connection.execute(_EVERYTHING[name]).mappings()]
