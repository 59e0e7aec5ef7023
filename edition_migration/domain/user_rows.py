"""One row of a users or contacts file: a model, or all that is wrong with the row. Used by the import's first pass.

A row overwrites what it has a column for; `-` clears. Administrators cannot be made by a file: no column says so.
"""

from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from edition_migration.domain import csv_columns as columns
from edition_migration.domain.errors import Problem
from edition_migration.domain.events.user import MAXIMUM_STORAGE_USED_MB, reason_needs_inactive
from edition_migration.domain.password_hashes import password_hash
from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.texts import Address, ClientVersion, Line, Name, OpaqueId, UserLocale, Zone
from edition_migration.domain.validation import broken, problems_of

_FACT_NAMES = {"status": "reported_status", "inactive_reason": "reported_inactive_reason"}
_NO_FACTS = {"user_id", "first_name", "last_name"}


def _megabytes(cell: object) -> object:
    """Digits only: pydantic alone would take "1e3" and "+5"."""
    if isinstance(cell, str) and not (cell.isascii() and cell.isdigit() and len(cell) <= 10):
        raise broken("is no whole number of MB", "write digits only, e.g. 250, or -")
    return cell


GivenName = Annotated[Line, Field(max_length=99)]
Megabytes = Annotated[int, BeforeValidator(_megabytes), Field(ge=0, le=MAXIMUM_STORAGE_USED_MB)]
PasswordHash = Annotated[str, AfterValidator(password_hash)]


class UserRow(BaseModel):
    """A user as a file describes him. `user_id` None: found by his address, or new."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Address
    user_id: OpaqueId | None = None
    display_name: Line = ""
    first_name: GivenName = Field(default="", exclude=True)
    last_name: GivenName = Field(default="", exclude=True)
    locale: UserLocale | None = None
    zone: Zone | None = None
    edition: Edition = Edition.GUEST
    client_version: ClientVersion | None = None
    status: AccountStatus = AccountStatus.ACTIVE
    inactive_reason: InactiveReason | None = None
    storage_used_mb: Megabytes = 0
    policy_group: Name | None = None
    password_hash: PasswordHash | None = Field(default=None, repr=False)

    _reason = field_validator("inactive_reason")(reason_needs_inactive)

    @property
    def full_name(self) -> str:
        """The display name, else first and last name, else nothing."""
        return self.display_name or f"{self.first_name} {self.last_name}".strip()

    def facts(self) -> dict[str, object]:
        """What the row says, by the names in `User`, without the id: only columns that the file has."""
        given = set(self.model_fields_set)
        if "status" in given:
            given |= {"inactive_reason"}
        facts = {_FACT_NAMES.get(name, name): getattr(self, name) for name in sorted(given - _NO_FACTS)}
        if given & {"display_name", "first_name", "last_name"}:
            facts["display_name"] = self.full_name
        return facts


class ContactRow(BaseModel):
    """One entry of a guest's contact list; `email` is the owner's. Contacts are kept, and never carried over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Address
    contact_email: Address
    contact_name: Line = ""
    contact_group: Line = ""

    @model_validator(mode="after")
    def _not_oneself(self) -> Self:
        if self.contact_email == self.email:
            raise broken("the owner is no contact of his own", "remove the row")
        return self


Row = TypeVar("Row", bound=BaseModel)


def parse_user_row(row: dict[str, str]) -> UserRow | tuple[Problem, ...]:
    """The row, or all its problems by column name. `row` holds one text for each column of the header."""
    return _parsed(UserRow, row, columns.USER_COLUMNS, columns.country_problems(row))


def parse_contact_row(row: dict[str, str]) -> ContactRow | tuple[Problem, ...]:
    """As `parse_user_row`, for the contacts file."""
    return _parsed(ContactRow, row, columns.CONTACT_COLUMNS, ())


def _parsed(
    model: type[Row], row: dict[str, str], column_fields: dict[str, str], found: tuple[Problem, ...]
) -> Row | tuple[Problem, ...]:
    cells, problems = columns.cells_of(row, column_fields)
    problems += found
    faulty = {problem.path for problem in problems}
    column_of = {field: column for column, field in column_fields.items()}
    try:
        parsed = model.model_validate(_with_defaults(model, cells))
    except ValidationError as error:
        broken_cells = (it._replace(path=column_of.get(it.path, it.path)) for it in problems_of(error))
        return problems + tuple(it for it in broken_cells if it.path not in faulty)
    return problems or parsed


def _with_defaults(model: type[BaseModel], cells: dict[str, str | None]) -> dict[str, object]:
    """An empty cell of an optional column is its default, said on purpose; of a mandatory one it stays missing."""
    fields = model.model_fields
    return {
        name: fields[name].default if cell is None else cell
        for name, cell in cells.items()
        if cell is not None or not fields[name].is_required()
    }
