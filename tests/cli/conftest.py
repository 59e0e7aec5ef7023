"""A command line over a temporary SQLite store and a gateway that only counts; the real use cases in between."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import cache
from typing import Any, cast
from unittest.mock import patch

import pytest
from pydantic import SecretStr
from typer.main import get_command
from typer.testing import CliRunner, Result

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.events import Events
from edition_migration.application.sealing import Sealer
from edition_migration.bootstrap.cli import build_cli_services
from edition_migration.bootstrap.doctor import examine
from edition_migration.bootstrap.foundation import Foundation
from edition_migration.cli.app import build_app
from edition_migration.cli.services import CliServices, SetUp
from edition_migration.domain.errors import EditionMigrationError, TemporalUnavailable
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import PageInput
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.mails import Envelope
from edition_migration.ports.store import UnitOfWork
from edition_migration.settings import Settings
from tests import builders
from tests.doubles import MovableClock
from tests.stores import store_at

SETTINGS = Settings.model_construct(
    link_keys=SecretStr("k1:" + base64.b64encode(b"a key of thirty-two bytes, just so").decode()),
    retention=timedelta(days=400),
    event_retention=timedelta(days=30),
)
"""All that the command line's use cases take from the settings."""


class CountingGateway:
    """`rung` are the workflow ids; `is_down` makes every ring fail."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.is_down = False

    async def ring_migration(self, ref: MigrationRef) -> bool:
        self._ring(ref.workflow_id)
        return True

    async def ring_wave(self, ref: WaveRef) -> bool:
        self._ring(ref.workflow_id)
        return True

    async def ring_organization(self, ref: OrganizationRef) -> None:
        self._ring(ref.workflow_id)

    def _ring(self, workflow_id: str) -> None:
        if self.is_down:
            raise TemporalUnavailable("nobody answers")
        self.rung.append(workflow_id)


class Mailbox:
    """Takes every mail; `sent` holds them. With `failure` it takes none."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.failure: EditionMigrationError | None = None

    async def send(self, envelope: Envelope) -> int:
        if self.failure is not None:
            raise self.failure
        self.sent.append(envelope)
        return 250


class CommandLine:
    """Runs commands as a program would; each opens and closes the store for itself."""

    def __init__(self, store_url: str) -> None:
        self.store_url = store_url
        self.gateway = CountingGateway()
        self.mailbox = Mailbox()
        self.clock = MovableClock()
        self.failure: BaseException | None = None
        self.set_up: SetUp = self._pretend_to_set_up

    def run(self, *arguments: str, given: str | bytes | None = None) -> Result:
        with _typing(self), patch("typer.testing._get_command", _as_they_are):
            return CliRunner().invoke(_verbs(), list(arguments), input=given, prog_name="starter.py")

    def json(self, *arguments: str, given: str | None = None) -> Any:
        return json.loads(self.run(*arguments, "--json", given=given).stdout)

    def put(self, *users: Any, **organization: Any) -> None:
        """Organization acme with 2 licenses, and users with their migrations: (user, migration or None)."""

        async def write(uow: UnitOfWork) -> None:
            await uow.organizations.put(builders.organization(**organization))
            await uow.domains.put(builders.domain())
            await uow.capacity.set_purchased("acme", licenses=2, storage_mb=1000)
            await uow.users.put([user for user, _ in users])
            await uow.migrations.add([row for _, row in users if row is not None])
            await uow.commit()

        self.write(write)

    def write(self, action: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with store_at(self.store_url) as store, store.write() as uow:
                return await action(uow)

        return asyncio.run(run())

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[SqlStore]:
        """The store as another process has it."""
        store = SqlStore(self.store_url)
        try:
            yield store
        finally:
            await store.dispose()

    def apply_events(self) -> None:
        """What the worker would do, a second later."""
        self.clock.move(timedelta(seconds=1))

        async def run() -> None:
            page = PageInput(org_id="acme", as_of=self.clock.now())
            async with store_at(self.store_url) as store:
                while (await Events(store=store, clock=self.clock).apply_next(page)).more:
                    pass

        asyncio.run(run())

    def seal(self) -> None:
        """As the worker does it now and then."""

        async def run() -> None:
            async with store_at(self.store_url) as store:
                await Sealer(store=store).seal_all()

        asyncio.run(run())

    @asynccontextmanager
    async def open_services(self, *, is_dry: bool = False) -> AsyncGenerator[CliServices]:
        if self.failure is not None:
            raise self.failure
        async with store_at(self.store_url, is_dry=is_dry) as store:
            base = Foundation(
                settings=SETTINGS,
                store=store,
                clock=self.clock,
                gateway=cast(WorkflowGateway, self.gateway),
                mailer=self.mailbox,
            )
            yield build_cli_services(base)

    async def _pretend_to_set_up(self, *, creates_namespace: bool = False) -> list[str]:
        if isinstance(self.failure, EditionMigrationError):
            raise self.failure
        return ["Database: schema 0001", f"Temporal: namespace {'new' if creates_namespace else 'default'} is there"]


_AT_IT: ContextVar[CommandLine] = ContextVar("_AT_IT")


@contextmanager
def _typing(command_line: CommandLine) -> Generator[None]:
    token = _AT_IT.set(command_line)
    try:
        yield
    finally:
        _AT_IT.reset(token)


def _as_they_are(verbs: Any) -> Any:
    """In place of what typer's runner does to an app at each command: `_verbs` has done it, once for all."""
    return verbs


@cache
def _verbs() -> Any:
    """Of whatever command line is typed at. Built anew for each command they would take half of its time."""

    def open_services(*, is_dry: bool = False) -> AbstractAsyncContextManager[CliServices]:
        return _AT_IT.get().open_services(is_dry=is_dry)

    def set_up(*, creates_namespace: bool = False) -> Awaitable[Sequence[str]]:
        return _AT_IT.get().set_up(creates_namespace=creates_namespace)

    return get_command(build_app(open_services, set_up, examine))


@pytest.fixture
def cli(sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in ("EDITION_MIGRATION_ACTOR", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(sqlite_store_url)
