"""From what an administrator names (ids, addresses, a file, everybody pending) to the user ids a command takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from edition_migration.application.queries import organization_named, user_named
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.organization import Organization
from edition_migration.domain.states import MigrationState
from edition_migration.ports.clock import Clock
from edition_migration.ports.row_files import RowFiles
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_migrations import Pending

PAGE = 500
_ID_COLUMN = "userId"
_EMAIL_COLUMN = "email"
UNKNOWN_CLIENT = "unknown"


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom of everybody pending is meant: all who fit each part that is given.

    `client` is a version or its beginning, `5.2` or `5`, or `unknown`; `older_than` is how long they have been where
    they are, at least.
    """

    domain: str | None = None
    client: str | None = None
    older_than: timedelta | None = None

    @property
    def is_given(self) -> bool:
        return self != Filter()

    def fits(self, line: Pending, now: datetime) -> bool:
        is_there = self.domain is None or (line.email or "").endswith(f"@{self.domain.lower()}")
        is_old = self.older_than is None or line.migration.since <= now - self.older_than
        return is_there and is_old and self._is_on_client(line.client_version)

    def _is_on_client(self, version: str | None) -> bool:
        if self.client is None:
            return True
        if version is None:
            return self.client == UNKNOWN_CLIENT
        return f"{version}.".startswith(f"{self.client}.")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is meant: users by id or address, those of a CSV file, everybody pending; `limit` at most, in this order."""

    org_id: str | None
    names: Sequence[str] = ()
    file: Path | None = None
    is_all: bool = False
    fitting: Filter = Filter()
    limit: int | None = None


class Chosen(NamedTuple):
    """The organization and the users, each once, in the order in which they were named."""

    org_id: str
    user_ids: tuple[str, ...]


class ChosenUsers:
    """Resolves choices; changes nothing."""

    def __init__(self, *, store: Store, clock: Clock, files: RowFiles) -> None:
        self._store = store
        self._clock = clock
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
                user_ids += await self._pending(uow, organization, choice)
        return Chosen(org_id, tuple(dict.fromkeys(user_ids))[: choice.limit])

    async def states(self, chosen: Chosen) -> dict[MigrationState, int]:
        """How many of them are where; who has no migration is not counted."""
        async with self._store.read() as uow:
            rows = await uow.migrations.latest_many(chosen.org_id, chosen.user_ids)
        found = [row.state for row in rows]
        return {state: found.count(state) for state in MigrationState if state in found}

    async def _pending(self, uow: UnitOfWork, organization: Organization, choice: Choice) -> list[str]:
        found: list[str] = []
        after, now = "", self._clock.now()
        while choice.limit is None or len(found) < choice.limit:
            page = await uow.migrations.pending(organization.org_id, PAGE, after)
            found += [
                line.migration.user_id
                for line in page
                if line.email not in organization.administrators and choice.fitting.fits(line, now)
            ]
            if len(page) < PAGE:
                break
            after = page[-1].migration.user_id
        return found

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
