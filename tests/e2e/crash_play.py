"""One service whose processes die at armed places: a scenario is an organization with one user and some places.

All scenarios run at the same time in one store; each has an organization of its own, so that each place is reached.
Used by `test_crashes`, which looks at what is left.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from temporalio.client import Client

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.intake import Intake
from edition_migration.application.organization_facts import unknown_organization
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.domain.commands import CommandAnswer, CommandRequest
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef, OrganizationRef
from edition_migration.domain.organization import Capacity, OrganizationSettings
from edition_migration.domain.states import TERMINAL
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import ResetToken
from edition_migration.domain.user import User
from tests.builders import user
from tests.e2e.crashing_worker import CrashConfig
from tests.e2e.world import LINK, NEW_PASSWORD, submit, text_of, until
from tests.fixtures.smtp import Received, SmtpServer

PATIENCE, EVERY = 240.0, 0.25
SHORT = timedelta(seconds=1)
"""The deadline of those who shall not make it."""


@dataclass(frozen=True)
class Scenario:
    """`places`, each on its way, hold USER and ORG for the scenario's own ids."""

    places: Sequence[str]
    end: S = S.MIGRATED
    run: str = field(default_factory=lambda: uuid4().hex[:10])

    @property
    def user_id(self) -> str:
        return f"u{self.run}"

    @property
    def org_id(self) -> str:
        return f"o{self.run}"

    @property
    def domain(self) -> str:
        return f"{self.org_id}.example"

    @property
    def email(self) -> str:
        return f"ada@{self.domain}"

    @property
    def ref(self) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=self.user_id)

    def own(self, place: str) -> str:
        return place.replace("USER", self.user_id).replace("ORG", self.org_id)


@dataclass(frozen=True)
class Aftermath:
    """What is on disk and in the mailbox when a scenario is over."""

    row: Migration
    user: User
    journal: Sequence[JournalEntry]
    mails: Sequence[Mail]
    tokens: Sequence[ResetToken]
    counters: Capacity
    sums: Capacity
    received: Sequence[Received]
    to_administrator: Sequence[Received]
    still_armed: Sequence[str]

    @cached_property
    def copies(self) -> dict[str, list[bytes]]:
        """The messages that the user got, by Message-ID, in order."""
        copies: dict[str, list[bytes]] = {}
        for mail in self.received:
            copies.setdefault(str(mail.message["Message-ID"]), []).append(mail.raw)
        return copies


@dataclass
class Stage:
    """The processes, and what the test does and sees from outside."""

    store: SqlStore
    client: Client
    smtp: SmtpServer
    web: httpx2.AsyncClient
    armed: Path
    clock: SystemClock = field(default_factory=SystemClock)

    async def play(self, scenario: Scenario) -> Aftermath:
        """From the provisioning event to the end of the user's workflow, whatever is killed on the way."""
        for place in scenario.places:
            (self.armed / scenario.own(place)).touch()
        await self._provision(scenario)
        await self._until_in(scenario, S.IN_REVIEW)
        await self._select(scenario)
        if scenario.end is S.CANCELLED:
            await self._until_link_accepted(scenario)
            await self._cancel_by_update(scenario)
        elif scenario.end is S.MIGRATED:
            await self._choose_password(scenario)
        await self._until_in(scenario, *TERMINAL)
        async with asyncio.timeout(PATIENCE):
            await self.client.get_workflow_handle(scenario.ref.workflow_id).result()
        await self._until_mailed(f"it@{scenario.domain}", 1)
        await self._end_organization(scenario)
        return await self._look(scenario)

    async def _provision(self, scenario: Scenario) -> None:
        deadline = SHORT if scenario.end is S.EXPIRED else timedelta(days=14)
        organization = unknown_organization(scenario.org_id)
        settings = OrganizationSettings().model_copy(update={"deadline": deadline})
        async with self.store.write() as uow:
            await uow.organizations.put(replace(organization, settings=settings))
            await uow.users.put([user(scenario.user_id, email=scenario.email, domain=scenario.domain)])
            await uow.commit()
        await Intake(store=self.store, clock=self.clock).receive(_provisioned(scenario, self.clock))

    async def _select(self, scenario: Scenario) -> None:
        order = SelectionOrder(
            org_id=scenario.org_id, user_ids=[scenario.user_id], actor="admin", command_id=scenario.run
        )
        answer = await Selection(store=self.store, clock=self.clock).select(order)
        assert [it.verdict for it in answer.answers] == ["done"]

    async def _cancel_by_update(self, scenario: Scenario) -> None:
        handle = self.client.get_workflow_handle(scenario.ref.workflow_id)
        answer = await handle.execute_update(  # pyright: ignore[reportUnknownMemberType] - the SDK
            "cancel", CommandRequest(actor="operator-7"), id="cancel-1", result_type=CommandAnswer
        )
        assert (answer.verdict, answer.state) == ("done", S.CANCELLED)

    async def _choose_password(self, scenario: Scenario) -> None:
        """As a user does whose browser says that the connection broke: once more, until there is no form."""
        await self._until_link_accepted(scenario)
        await self._until_looked(scenario)
        link = next(found[1] for mail in self._mails_to(scenario.email) if (found := LINK.search(text_of(mail))))

        async def is_chosen() -> bool:
            try:
                await submit(self.web, link, NEW_PASSWORD)
            except httpx2.TransportError:
                return False
            row = await self._row(scenario)
            return row is not None and row.state is not S.AWAITING_PASSWORD

        await self._until(is_chosen, f"{scenario.places}: no password could be chosen")

    async def _until_in(self, scenario: Scenario, *states: S) -> None:
        """Returns once the user is, or was, in one of these states."""

        async def there() -> bool:
            async with self.store.read() as uow:
                journal = await uow.journal.of_user(scenario.org_id, scenario.user_id)
            return any(entry.target in states for entry in journal)

        await until(
            there, lambda: f"{scenario.places}: never came to {[str(state) for state in states]}", PATIENCE, every=EVERY
        )

    async def _until_link_accepted(self, scenario: Scenario) -> None:
        """Whoever used the link sooner would make a repeat of its mail needless."""

        async def there() -> bool:
            async with self.store.read() as uow:
                mails = await uow.mails.of_migration(scenario.ref)
            return any((it.kind, it.state) == (MailKind.RESET_PASSWORD, MailState.ACCEPTED) for it in mails)

        await self._until(there, f"{scenario.places}: the mail with the link was never accepted")

    async def _until_looked(self, scenario: Scenario) -> None:
        """The step that awaits the password looks only while none is chosen."""
        looks = [self.armed / scenario.own(it) for it in scenario.places if "in_await_new_password" in it]

        async def there() -> bool:
            return not any(it.exists() for it in looks)

        await self._until(there, f"{scenario.places}: the step never looked")

    async def _until_mailed(self, address: str, count: int) -> None:
        async def there() -> bool:
            return len({str(mail.message["Message-ID"]) for mail in self._mails_to(address)}) >= count

        await self._until(there, f"mail {count} never came to {address}")

    async def _until(self, condition: Callable[[], Awaitable[bool]], said: str) -> None:
        await until(condition, lambda: said, PATIENCE, every=EVERY)

    def _mails_to(self, address: str) -> list[Received]:
        return [mail for mail in self.smtp.received if mail.recipient == address]

    async def _row(self, scenario: Scenario) -> Migration | None:
        async with self.store.read() as uow:
            return await uow.migrations.latest(scenario.org_id, scenario.user_id)

    async def _look(self, scenario: Scenario) -> Aftermath:
        async with self.store.read() as uow:
            row = await uow.migrations.latest(scenario.org_id, scenario.user_id)
            person = await uow.users.get(scenario.user_id)
            assert row is not None
            assert person is not None
            return Aftermath(
                row=row,
                user=person,
                journal=await uow.journal.of_user(scenario.org_id, scenario.user_id),
                mails=await uow.mails.of_migration(scenario.ref),
                tokens=await uow.tokens.of_migration(scenario.ref),
                counters=await uow.capacity.get(scenario.org_id),
                sums=await uow.ledger.sums(scenario.org_id),
                received=self._mails_to(scenario.email),
                to_administrator=self._mails_to(f"it@{scenario.domain}"),
                still_armed=[it for it in scenario.places if (self.armed / scenario.own(it)).exists()],
            )

    async def _end_organization(self, scenario: Scenario) -> None:
        """The organization's workflow has no end of its own."""
        organization = OrganizationRef(org_id=scenario.org_id)
        await self.client.get_workflow_handle(organization.workflow_id).terminate("the test is over")


def _provisioned(scenario: Scenario, clock: SystemClock) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": scenario.run,
        "source": "urn:provisioning:test",
        "type": "org.service.provisioned",
        "time": clock.now().isoformat(),
        "data": {
            "org_id": scenario.org_id,
            "name": "Acme Cooperative",
            "domains": [scenario.domain],
            "licenses_purchased": 5,
            "storage_purchased_mb": 10_000,
            "client_download_url": "https://acme.example/client",
            "administrators": [f"admin@{scenario.domain}"],
            "notification_email": f"it@{scenario.domain}",
        },
    }


@asynccontextmanager
async def crash_stage(
    database_url: str, client: Client, smtp: SmtpServer, folder: Path, *, workers: int
) -> AsyncGenerator[Stage]:
    """The processes run, and are killed for good at the end."""
    armed = folder / "armed"
    armed.mkdir()
    config = CrashConfig(
        database_url=database_url,
        temporal_address=client.service_client.config.target_host,
        smtp_port=smtp.port,
        web_port=_free_port(),
        armed=armed,
        workers=workers,
    )
    store = SqlStore(database_url)
    with (folder / "processes.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.e2e.crashing_worker", config.model_dump_json()),
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{config.web_port}") as web:
            yield Stage(store, client, smtp, web, armed)
    finally:
        await store.dispose()
        if process.stdin:
            process.stdin.close()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])
