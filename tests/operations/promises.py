"""What the code of one revision relies on in the schema of the next: which of it a revision has broken.

Code writes the columns that it knows and reads them back; so every table and column stays as it is, what is new can be
left out of an INSERT, and no rule about what was there before is new or stricter. Nor does what is new hold a row that
older code removes. PostgreSQL is asked, whose types are kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text

_RULES = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace AND contype <> 'n' "
    "UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes "
    "WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%' "
    "UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
)
KEPT = {"organizations", "users"}
"""Tables of which no code removes a row: what is new may point to them as it likes."""
_POINTS = re.compile(r"FOREIGN KEY \([^)]*\) REFERENCES (\w+)(\([^)]*\))(.*)")
_LENGTH = re.compile(r"VARCHAR\((\d+)\)")
_WORD = re.compile(r"'([^']*)'")
_CHOICE = re.compile(r"ARRAY\[[^\]]*\]")
_NAME = re.compile(r"\w+")


@dataclass(frozen=True)
class Column:
    type: str
    is_nullable: bool
    default: str | None

    @property
    def can_be_left_out(self) -> bool:
        return self.is_nullable or self.default is not None


@dataclass(frozen=True)
class Schema:
    """Columns, primary keys and rules (constraints, unique indexes, triggers) by table and name."""

    columns: Mapping[str, Mapping[str, Column]]
    keys: Mapping[str, set[str]]
    rules: Mapping[tuple[str, str], str]


def read_schema(connection: Connection) -> Schema:
    looked = inspect(connection)
    found, keyed = looked.get_multi_columns(schema="public"), looked.get_multi_pk_constraint(schema="public")
    columns = {str(table): {it["name"]: _column(it) for it in theirs} for (_, table), theirs in found.items()}
    keys = {str(table): set(it["constrained_columns"]) for (_, table), it in keyed.items() if it}
    return Schema(columns, keys, {(row[0], row[1]): row[2] for row in connection.execute(_RULES)})


def broken_promises(before: Schema, after: Schema) -> list[str]:
    """One sentence for each; none where code of `before` runs on `after` as on its own."""
    return sorted([*_columns(before, after), *_rules(before, after), *_holds(before, after)])


def _column(it: Any) -> Column:
    default = "identity" if it.get("identity") else it["default"]
    return Column(str(it["type"]), it["nullable"], default)


def _columns(before: Schema, after: Schema) -> Iterator[str]:
    for table, columns in before.columns.items():
        present = after.columns.get(table)
        if present is None:
            yield f"{table} is gone"
            continue
        for name, column in columns.items():
            yield from _changes(f"{table}.{name}", column, present.get(name))
        for name in present.keys() - columns.keys():
            if not present[name].can_be_left_out:
                yield f"{table}.{name} is new and must be given"


def _changes(name: str, column: Column, now: Column | None) -> Iterator[str]:
    if now is None:
        yield f"{name} is gone"
        return
    if not _holds_all(column.type, now.type):
        yield f"{name} was {column.type} and is {now.type}"
    if column.is_nullable is not now.is_nullable:
        yield f"{name} {'may' if now.is_nullable else 'must not'} be NULL now"
    if column.default is not None and now.default is None:
        yield f"{name} has no default any more"


def _holds_all(old: str, new: str) -> bool:
    lengths = [_LENGTH.match(old), _LENGTH.match(new)]
    if all(lengths):
        was, now = (int(it[1]) for it in lengths if it)
        return now >= was
    return old == new


def _rules(before: Schema, after: Schema) -> Iterator[str]:
    for (table, name), rule in after.rules.items():
        old = before.rules.get((table, name))
        if table not in before.columns or rule == old or _is_about_new_columns(rule, table, before, after):
            continue
        if old is None:
            yield f"{table}: rule {name} is new"
        elif not _is_looser(old, rule, after.columns[table]):
            yield f"{table}: rule {name} is another"
    for (table, name), rule in before.rules.items():
        if "UNIQUE" in rule and table in after.columns and (table, name) not in after.rules:
            yield f"{table}: rule {name} is gone"  # an upsert names what must be unique, and is refused without it


def _holds(before: Schema, after: Schema) -> Iterator[str]:
    """New foreign keys, of whatever table, to rows of old ones that may go, or to columns of them that may change."""
    for table, name in after.rules.keys() - before.rules.keys():
        points = _POINTS.match(after.rules[table, name])
        if points is None or points[1] not in before.columns:
            continue
        target, columns, ends = points.groups()
        if target not in KEPT and not re.search("ON DELETE (CASCADE|SET)", ends):
            yield f"{table}: rule {name} holds rows of {target}"
        if set(_NAME.findall(columns)) != before.keys[target] and not re.search("ON UPDATE (CASCADE|SET)", ends):
            yield f"{table}: rule {name} holds {target}{columns}"


def _is_about_new_columns(rule: str, table: str, before: Schema, after: Schema) -> bool:
    known = before.columns[table].keys()
    own = rule.partition(" REFERENCES ")[0]
    names = set(_NAME.findall(own.partition("ON ")[2] or own)) & after.columns.get(table, {}).keys()
    return bool(names) and not names & known


def _is_looser(old: str, new: str, columns: Mapping[str, Column]) -> bool:
    """More words are allowed; or what must be unique of some rows has a column more, as no upsert names such a rule."""
    if "UNIQUE" not in old:
        is_choice = "= ANY" in old and _CHOICE.sub("", old) == _CHOICE.sub("", new)
        return is_choice and set(_WORD.findall(old)) <= set(_WORD.findall(new))
    rows, rows_now = old.partition(" WHERE ")[2], new.partition(" WHERE ")[2]
    return rows != "" and rows == rows_now and _names(old, columns) < _names(new, columns)


def _names(rule: str, columns: Mapping[str, Column]) -> set[str]:
    return set(_NAME.findall(rule)) & columns.keys()
