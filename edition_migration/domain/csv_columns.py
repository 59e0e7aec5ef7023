"""The columns of the product's CSV files, by their exact names in any order, and how one cell is read.

`-` (or nothing) means empty, "N/A" is refused, other columns are skipped and named. Used by the import.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edition_migration.domain.errors import Problem

EMPTY = "-"

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""OWASP, "CSV Injection": what makes a spreadsheet take a cell for a formula."""

USER_COLUMNS: dict[str, str] = {
    "email": "email",
    "userId": "user_id",
    "displayName": "display_name",
    "firstName": "first_name",
    "lastName": "last_name",
    "locale": "locale",
    "timeZone": "zone",
    "edition": "edition",
    "clientVersion": "client_version",
    "status": "status",
    "inactiveReason": "inactive_reason",
    "storageUsed": "storage_used_mb",
    "policyGroup": "policy_group",
    "passwordHash": "password_hash",
}
"""Column to field of `UserRow`: what the service keeps."""

UNKEPT_USER_COLUMNS = frozenset(
    {
        "employeeID",
        "userName",
        "jobTitle",
        "address1",
        "address2",
        "city",
        "state",
        "zipCode",
        "ISOcountry",
        "phoneBusinessISOCountry",
        "phoneBusinessNumber",
        "phoneMobileISOCountry",
        "phoneMobileNumber",
    }
)
"""The product's own columns that a migration does not need: read without complaint, checked lightly, not kept."""

COUNTRY_COLUMNS = frozenset({"ISOcountry", "phoneBusinessISOCountry", "phoneMobileISOCountry"})

CONTACT_COLUMNS: dict[str, str] = {
    "email": "email",
    "contactEmail": "contact_email",
    "contactName": "contact_name",
    "contactGroup": "contact_group",
}

MANDATORY_USER_COLUMNS = ("email",)
MANDATORY_CONTACT_COLUMNS = ("email", "contactEmail")
KNOWN_USER_COLUMNS = frozenset(USER_COLUMNS) | UNKEPT_USER_COLUMNS
KNOWN_CONTACT_COLUMNS = frozenset(CONTACT_COLUMNS)

_COUNTRY = re.compile(r"[0-9]{1,3}")
MAXIMUM_CELL = 1000


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line of a file means: the columns kept, those skipped, and what is wrong with it."""

    known: tuple[str, ...]
    skipped: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_header(names: Sequence[str], mandatory: Sequence[str], known: frozenset[str]) -> Header:
    """The header of a file; `problems` (nothing can be imported) where a mandatory column lacks or one comes twice."""
    problems = [
        Problem(name, "the column is missing", f"add a column named exactly {name}")
        for name in mandatory
        if name not in names
    ]
    problems += [
        Problem(name, "the column comes twice", "keep one of them")
        for name in dict.fromkeys(names)
        if name in known and names.count(name) > 1
    ]
    return Header(
        known=tuple(name for name in names if name in known),
        skipped=tuple(name for name in names if name not in known),
        problems=tuple(problems),
    )


def cells_of(row: dict[str, str], columns: dict[str, str]) -> tuple[dict[str, str | None], tuple[Problem, ...]]:
    """The row's cells by field, None for an empty one, only for columns that the file has; and what no cell may be."""
    problems = [
        Problem(name, "is N/A", f"write {EMPTY} for an empty value") for name, cell in row.items() if _is_na(cell)
    ]
    problems += [
        Problem(name, f"is longer than {MAXIMUM_CELL} characters", "shorten it")
        for name, cell in row.items()
        if len(cell) > MAXIMUM_CELL
    ]
    fields = {field: _value(row[name]) for name, field in columns.items() if name in row}
    return fields, tuple(problems)


def country_problems(row: dict[str, str]) -> tuple[Problem, ...]:
    """Country columns hold the numeric code of ISO 3166, e.g. 276."""
    return tuple(
        Problem(name, "is no numeric ISO country code", "write a number like 276, or -")
        for name in sorted(COUNTRY_COLUMNS & row.keys())
        if (value := _value(row[name])) is not None and not _is_na(value) and not _COUNTRY.fullmatch(value)
    )


def _value(cell: str) -> str | None:
    text = cell.strip()
    return None if text in {"", EMPTY} else text


def _is_na(cell: str) -> bool:
    return cell.strip().upper() == "N/A"


def defused(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run; the sign for empty alone is no formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and cell != EMPTY else cell
