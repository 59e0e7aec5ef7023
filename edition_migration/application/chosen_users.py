"""From what an administrator names (ids, addresses, a file, everybody pending) to the user ids a command takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edition_migration.application.queries import organization_named, user_named
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.states import MigrationState
from edition_migration.ports.row_files import RowFiles
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 500
_ID_COLUMN = "userId"
_EMAIL_COLUMN = "email"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is meant: users by id or address, those of a CSV file, everybody pending; `limit` at most, in this order."""

    org_id: str | None
    names: Sequence[str] = ()
    file: Path | None = None
    is_all: bool = False
    limit: int | None = None


class Chosen(NamedTuple):
    """The organization and the users, each once, in the order in which they were named."""

    org_id: str
    user_ids: tuple[str, ...]


class ChosenUsers:
    """Resolves choices; changes nothing."""

    def __init__(self, *, store: Store, files: RowFiles) -> None:
        self._store = store
        self._files = files

    async def of(self, choice: Choice) -> Chosen:
        """Everybody pending leaves the organization's administrators out.

        Raises NotFound for an unknown organization or name, InvalidInput with each row of the file that names nobody.
        """
        async with self._store.read() as uow:
            organization = await organization_named(uow, choice.org_id)
            org_id = organization.org_id
            user_ids = [(await user_named(uow, name, org_id)).user_id for name in choice.names]
            if choice.file is not None:
                user_ids += await self._in_file(uow, choice.file)
            if choice.is_all:
                user_ids += await _pending(uow, org_id, organization.administrators, choice.limit)
        return Chosen(org_id, tuple(dict.fromkeys(user_ids))[: choice.limit])

    async def states(self, chosen: Chosen) -> dict[MigrationState, int]:
        """How many of them are where; who has no migration is not counted."""
        async with self._store.read() as uow:
            rows = await uow.migrations.latest_many(chosen.org_id, chosen.user_ids)
        found = [row.state for row in rows]
        return {state: found.count(state) for state in MigrationState if state in found}

    async def _in_file(self, uow: UnitOfWork, path: Path) -> list[str]:
        """A result or export of ours will do: the column userId counts, else email; other columns are passed over."""
        names: list[tuple[int, str]] = []
        with self._files.read(path) as reader:
            column = next((it for it in (_ID_COLUMN, _EMAIL_COLUMN) if it in reader.header), None)
            if column is None:
                problem = Problem("row 1", "has neither a column userId nor email", "add one of them")
                raise InvalidInput(str(problem), problems=(problem,))
            names = [(row.number, row.cells[column]) for row in reader]
        known = await _ids_by_name(uow, [name for _, name in names], is_id=column == _ID_COLUMN)
        missing = tuple(
            Problem(f"row {number}", "names no user", "remove it") for number, it in names if it not in known
        )
        if missing:
            raise InvalidInput("The file names users who do not exist; nothing was changed.", problems=missing)
        return [known[name] for _, name in names]


async def _ids_by_name(uow: UnitOfWork, names: Sequence[str], *, is_id: bool) -> dict[str, str]:
    if is_id:
        return {user.user_id: user.user_id for user in await uow.users.get_many(names)}
    normal = {name: _normal(name) for name in names}
    ids = {user.email: user.user_id for user in await uow.users.by_emails(sorted(set(normal.values())))}
    return {name: ids[address] for name, address in normal.items() if address in ids}


def _normal(name: str) -> str:
    try:
        return normalize_address(name)
    except InvalidInput:
        return name


async def _pending(uow: UnitOfWork, org_id: str, administrators: Sequence[str], limit: int | None) -> list[str]:
    found: list[str] = []
    after = ""
    while limit is None or len(found) < limit:
        page = await uow.migrations.pending(org_id, PAGE, after)
        found += [line.migration.user_id for line in page if line.email not in administrators]
        if len(page) < PAGE:
            break
        after = page[-1].migration.user_id
    return found
