"""Column types that mean the same on SQLite and PostgreSQL, and the naming of constraints. Used by all tables."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    String,
    bindparam,
)
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(64).with_variant(String(64, collation="C"), "postgresql")
"""An opaque id. Compared byte by byte on both databases, so that a page's cursor means the same."""

NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""A row number given by the database; SQLite numbers only an INTEGER PRIMARY KEY."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, to the microsecond. SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Microseconds(TypeDecorator[timedelta]):
    """A duration as a whole number of microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


def one_of(members: type[StrEnum]) -> Enum:
    """A finite set: its values as text. `holds` adds the CHECK, whose name must say the column."""
    return Enum(
        members,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=_values,
        validate_strings=True,
    )


def _values(members: type[StrEnum]) -> list[str]:
    return [member.value for member in members]


def holds(column: str, members: Collection[StrEnum]) -> CheckConstraint:
    """The CHECK of a finite set."""
    return CheckConstraint(f"{column} IN ({quoted(members)})", name=column)


def quoted(members: Collection[StrEnum]) -> str:
    return ", ".join(f"'{member.value}'" for member in members)


def literally(column: Column[Any], members: Collection[StrEnum]) -> ColumnElement[bool]:
    """`column IN (...)` with literals, as the partial indexes have it: only so does a planner see that one answers."""
    return column.in_(bindparam(None, list(members), expanding=True, literal_execute=True))
