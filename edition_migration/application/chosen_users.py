"""From what an administrator names (ids, addresses, a file, everybody pending) to the user ids a command takes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from edition_migration.application.filters import NO_FILTER, Filter, whom
from edition_migration.application.queries import organization_named, users_named
from edition_migration.application.wave_queries import wave_named
from edition_migration.domain.addresses import normalize_address
from edition_migration.domain.commands import LEGAL_IN, CommandKind
from edition_migration.domain.errors import InvalidInput, NotFound, Problem
from edition_migration.domain.mail import TOLD_BY
from edition_migration.domain.organization import Organization
from edition_migration.ports.clock import Clock
from edition_migration.ports.row_files import RowFiles
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_listing import Criteria, ListedUser

PAGE = 500
_ID_COLUMN = "userId"
_EMAIL_COLUMN = "email"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is meant: users by id or address, those of a CSV file, or with `is_all` everybody whom the command concerns.

    `fitting` narrows everybody; `limit` at most, in this order.
    """

    kind: CommandKind
    org_id: str | None
    names: Sequence[str] = ()
    file: Path | None = None
    is_all: bool = False
    fitting: Filter = NO_FILTER
    limit: int | None = None


class Given(NamedTuple):
    """The file in which users were named: its columns, and the row of each user, the first where he comes twice."""

    header: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]


class Chosen(NamedTuple):
    """The organization and the users, each once, in the order in which they were named.

    `fitting` says by what they were found where nobody named them; empty for users who were.
    """

    org_id: str
    user_ids: tuple[str, ...]
    given: Given | None = None
    fitting: str = ""


class ChosenUsers:
    """Resolves choices; changes nothing."""

    def __init__(self, *, store: Store, clock: Clock, files: RowFiles) -> None:
        self._store = store
        self._clock = clock
        self._files = files

    async def of(self, choice: Choice) -> Chosen:
        """A selection of everybody pending leaves the organization's administrators out.

        Raises NotFound for an unknown organization, wave, domain or name, InvalidInput with each row of the file that
        names nobody, and for a filter that cannot fit anybody.
        """
        async with self._store.read() as uow:
            organization = await organization_named(uow, choice.org_id)
            org_id, given = organization.org_id, None
            await check_names(uow, org_id, choice.fitting)
            user_ids = [user.user_id for user in await users_named(uow, choice.names, org_id)]
            if choice.file is not None:
                user_ids, given = await self._in_file(uow, choice.file)
            if choice.is_all:
                user_ids = await self._everybody(uow, organization, choice)
        fitting = f"all, {choice.fitting.words}, limit={choice.limit}" if choice.is_all else ""
        return Chosen(org_id, tuple(dict.fromkeys(user_ids))[: choice.limit], given, fitting)

    async def _everybody(self, uow: UnitOfWork, organization: Organization, choice: Choice) -> list[str]:
        """Whom the command concerns and the filter fits; no more than are wanted."""
        org_id, fitting, now = organization.org_id, choice.fitting, self._clock.now()
        base, told = whom(choice.kind, fitting), None
        apart = organization.administrators if choice.kind is CommandKind.SELECT else ()
        if choice.kind is CommandKind.RESEND and fitting.older_than is not None:
            told = await _told_before(uow, org_id, choice.kind, now - fitting.older_than)
            fitting = fitting.of_any_age
        found: list[str] = []
        async for page in pages(uow, org_id, fitting.narrowing(base, now)):
            theirs = [it.migration.user_id for it in page if it.email not in apart]
            found += [it for it in theirs if told is None or it in told]
            if choice.limit is not None and len(found) >= choice.limit:
                break
        return found

    async def _in_file(self, uow: UnitOfWork, path: Path) -> tuple[list[str], Given]:
        """A result or export of ours will do: the column userId counts, else email; other columns are passed over."""
        with self._files.read(path) as reader:
            header, rows = reader.header, list(reader)
        column = next((it for it in (_ID_COLUMN, _EMAIL_COLUMN) if it in header), None)
        if column is None:
            problem = Problem("row 1", "has neither a column userId nor email", "add one of them")
            raise InvalidInput(str(problem), problems=(problem,))
        known = await _ids_by_name(uow, [row.cells[column] for row in rows], is_id=column == _ID_COLUMN)
        missing = tuple(
            Problem(f"row {row.number}", "names no user", "remove it") for row in rows if row.cells[column] not in known
        )
        if missing:
            typed = {f"row {row.number}": row.cells[column] for row in rows}
            reason = "the file names users who do not exist; nothing was changed"
            raise InvalidInput(reason, problems=missing, typed=typed)
        user_ids = [known[row.cells[column]] for row in rows]
        first = {user_id: row.cells for user_id, row in zip(reversed(user_ids), reversed(rows), strict=True)}
        return user_ids, Given(header, first)


async def check_names(uow: UnitOfWork, org_id: str, fitting: Filter) -> None:
    """Raises NotFound where the filter names a wave or a domain that the organization never had: a slip of the pen."""
    if fitting.wave_id is not None:
        await wave_named(uow, org_id, fitting.wave_id)
    if fitting.domain is None:
        return
    known = [it.name for it in await uow.domains.of_organization(org_id, claimed_only=False)]
    if fitting.domain.lower() not in known:
        nearest, mend = tuple(get_close_matches(fitting.domain.lower(), known)), "see `starter.py org show`"
        raise NotFound("the organization has no such domain", typed=(fitting.domain,), nearest=nearest, mend=mend)


async def pages(
    uow: UnitOfWork, org_id: str, criteria: Criteria, after: str = ""
) -> AsyncIterator[Sequence[ListedUser]]:
    """Everybody whom the criteria mean, by user id, page by page."""
    while page := await uow.listing.page(org_id, criteria, PAGE, after):
        yield page
        after = page[-1].migration.user_id


async def _told_before(uow: UnitOfWork, org_id: str, kind: CommandKind, before: datetime) -> frozenset[str]:
    """Who was last asked to do something before this time, and has not done it."""
    found: list[str] = []
    while page := await uow.followups.told_before(
        org_id, LEGAL_IN[kind], TOLD_BY, before, PAGE, found[-1] if found else ""
    ):
        found += page
    return frozenset(found)


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
