"""`starter.py import users|contacts FILE`: what each kind of row means to the store. The passes are `import_file`'s."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edition_migration.application.import_file import FileImport, ImportReport, Outcome, Progress, RowStatus
from edition_migration.application.user_import import ImportedUsers
from edition_migration.domain.csv_columns import (
    KNOWN_CONTACT_COLUMNS,
    KNOWN_USER_COLUMNS,
    MANDATORY_CONTACT_COLUMNS,
    MANDATORY_USER_COLUMNS,
    Header,
    read_header,
)
from edition_migration.domain.errors import Problem
from edition_migration.domain.user_rows import ContactRow, UserRow, parse_contact_row, parse_user_row
from edition_migration.ports.clock import Clock
from edition_migration.ports.row_files import RowFiles
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_people import Contact

Watcher = Callable[[Progress], None]


class UserImport:
    """Users of a file: new ones, and existing ones (by address) overwritten by the order of facts."""

    def __init__(self, *, store: Store, clock: Clock, files: RowFiles) -> None:
        self._store = store
        self._clock = clock
        self._files = files

    async def run(
        self, path: Path, result: Path, *, is_strict: bool = False, progress: Watcher | None = None
    ) -> ImportReport:
        """See `FileImport.run`. All rows of one run are one word of one moment."""
        run = FileImport[UserRow](store=self._store, files=self._files, kind=_Users(self._clock))
        return await run.run(path, result, is_strict=is_strict, progress=progress)


class ContactImport:
    """Contacts of users who exist; they are kept, and never carried over."""

    def __init__(self, *, store: Store, files: RowFiles) -> None:
        self._store = store
        self._files = files

    async def run(
        self, path: Path, result: Path, *, is_strict: bool = False, progress: Watcher | None = None
    ) -> ImportReport:
        """See `FileImport.run`."""
        run = FileImport[ContactRow](store=self._store, files=self._files, kind=_Contacts())
        return await run.run(path, result, is_strict=is_strict, progress=progress)


class _Users:
    def __init__(self, clock: Clock) -> None:
        self._imported = ImportedUsers(now=clock.now())

    def header(self, names: Sequence[str]) -> Header:
        return read_header(names, MANDATORY_USER_COLUMNS, KNOWN_USER_COLUMNS)

    def parse(self, cells: dict[str, str]) -> UserRow | tuple[Problem, ...]:
        return parse_user_row(cells)

    def keys(self, row: UserRow) -> tuple[str, ...]:
        return (row.email,) if row.user_id is None else (row.email, f"userId {row.user_id}")

    async def refusals(self, uow: UnitOfWork, rows: Sequence[UserRow]) -> Mapping[int, str]:
        """An id that is another living user's; renaming a user is the event `user.email_changed`."""
        given = [row.user_id for row in rows if row.user_id is not None]
        owners = {user.user_id: user.email for user in await uow.users.get_many(given)}
        return {
            place: "user_id_taken: userId belongs to another address; send user.email_changed to rename a user"
            for place, row in enumerate(rows)
            if row.user_id is not None and owners.get(row.user_id) not in {None, row.email}
        }

    async def write(self, uow: UnitOfWork, rows: Sequence[UserRow]) -> Sequence[Outcome]:
        return await self._imported.write(uow, rows)


class _Contacts:
    def header(self, names: Sequence[str]) -> Header:
        return read_header(names, MANDATORY_CONTACT_COLUMNS, KNOWN_CONTACT_COLUMNS)

    def parse(self, cells: dict[str, str]) -> ContactRow | tuple[Problem, ...]:
        return parse_contact_row(cells)

    def keys(self, row: ContactRow) -> tuple[str, ...]:
        return (f"{row.email} {row.contact_email}",)

    async def refusals(self, uow: UnitOfWork, rows: Sequence[ContactRow]) -> Mapping[int, str]:
        owners = await _owners(uow, rows)
        reason = "owner_unknown: no user has this email; import the users first"
        return {place: reason for place, row in enumerate(rows) if row.email not in owners}

    async def write(self, uow: UnitOfWork, rows: Sequence[ContactRow]) -> Sequence[Outcome]:
        owners = await _owners(uow, rows)
        contacts = [
            Contact(owners[row.email], email=row.contact_email, name=row.contact_name, group=row.contact_group)
            for row in rows
        ]
        await uow.contacts.put(contacts)
        return [Outcome(RowStatus.IMPORTED)] * len(rows)


async def _owners(uow: UnitOfWork, rows: Sequence[ContactRow]) -> dict[str, str]:
    """Address to user id of the owners who exist."""
    found = await uow.users.by_emails(sorted({row.email for row in rows}))
    return {user.email: user.user_id for user in found if user.email is not None}
