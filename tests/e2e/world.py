"""A whole small service for end-to-end tests: real store, real Temporal, real SMTP, the web process's application.

Only the clock is moved: `skip` moves the stored time and one workflow's time together. Nothing sleeps for time to pass;
`until` waits for what the service does by itself.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
from pydantic import SecretStr
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from edition_migration.adapters.smtp import Relay, SmtpMailer
from edition_migration.application.commands import Commands
from edition_migration.application.intake import Intake
from edition_migration.application.organization_facts import unknown_organization
from edition_migration.application.rings import Bells
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.bootstrap.foundation import Foundation, link_keys
from edition_migration.bootstrap.web import build_web_services, web_settings
from edition_migration.bootstrap.worker import build_activities
from edition_migration.domain.commands import CommandAnswer, CommandKind, CommandRequest, SelectionAnswer
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef, OrganizationRef, SearchAttribute
from edition_migration.domain.organization import Capacity
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.mails import Mailer, RelaySecurity
from edition_migration.ports.store import Store
from edition_migration.settings import Settings
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.sweep import sweep
from edition_migration.temporal.worker import WorkerOptions, build_workers
from edition_migration.web.app import build_app
from tests.builders import user
from tests.doubles import KeepingMeter
from tests.fixtures.smtp import Received, SmtpServer

PATIENCE = 30.0
OLD_PASSWORD = "the guest's old password"
NEW_PASSWORD = "correct horse battery staple"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
LINK = re.compile(r"http://127\.0\.0\.1:8080(/password/[\w-]+)")


class ShiftedClock:
    """The machine's time plus what the test skipped."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift


def settings_of(**changes: Any) -> Settings:
    """Settings with secrets of the test's own, whatever the environment says."""
    return Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue]
        **{
            "link_keys": SecretStr("k1:" + "bGlua3MgbGlua3MgbGlua3MgbGlua3MgbGlua3MgbGk="),
            "webhook_secrets": SecretStr("whsec_" + "d2ViaG9vayB3ZWJob29rIHdlYmhvb2sh"),
            "page_secret": SecretStr("page secret of the tests, long enough"),
            "sign_in_refusal": timedelta(milliseconds=1),
            "mails_per_second": 1000.0,
            **changes,
        },
    )


@dataclass
class World:
    """One organization `acme` with a domain of the same name, and the people around it."""

    base: Foundation
    skipper: TimeSkipper
    clock: ShiftedClock
    smtp: SmtpServer
    web: httpx2.AsyncClient
    org_id: str = field(default_factory=lambda: f"acme-{uuid4().hex[:8]}")

    @property
    def store(self) -> Store:
        return self.base.store

    @property
    def bells(self) -> Bells:
        return Bells(store=self.store, gateway=self.base.gateway)

    @property
    def commands(self) -> Commands:
        return Commands(
            store=self.store, clock=self.clock, selection=self.selection, keys=link_keys(self.base.settings)
        )

    @property
    def selection(self) -> Selection:
        return Selection(store=self.store, clock=self.clock)

    # What provisioning does

    async def guests(self, *users: User) -> None:
        """Guests of today with a known password."""
        async with self.store.write() as uow:
            await uow.users.put(users)
            await uow.commit()

    async def event(self, event_type: str, data: dict[str, Any], *, sequence: str | None = None) -> None:
        """One provisioning event, rung as the web process does after its answer."""
        await Intake(store=self.store, clock=self.clock).receive(self.document(event_type, data, sequence=sequence))
        await self.bells.ring_due()

    def document(self, event_type: str, data: dict[str, Any], *, sequence: str | None = None) -> dict[str, Any]:
        document = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "urn:provisioning:test",
            "type": event_type,
            "time": self.clock.now().isoformat(),
            "data": {"org_id": self.org_id, **data},
        }
        return document if sequence is None else {**document, "sequence": sequence}

    async def provision(self, *, licenses: int = 10, storage_mb: int = 100_000, **data: Any) -> None:
        await self.event("org.service.provisioned", self.provisioned_data(licenses, storage_mb, **data))

    def provisioned_data(self, licenses: int = 10, storage_mb: int = 100_000, **data: Any) -> dict[str, Any]:
        return {
            "name": "Acme Cooperative",
            "domains": ["acme.example"],
            "licenses_purchased": licenses,
            "storage_purchased_mb": storage_mb,
            "client_download_url": "https://acme.example/client",
            "administrators": ["admin@acme.example"],
            "notification_email": "it@acme.example",
            **data,
        }

    async def other_organization(self, org_id: str) -> None:
        """One that is known by name only."""
        async with self.store.write() as uow:
            await uow.organizations.put(unknown_organization(org_id))
            await uow.commit()

    async def configure(self, **settings: Any) -> None:
        """Settings of the organization, as `org apply` writes them."""
        async with self.store.write() as uow:
            held = await uow.organizations.get(self.org_id) or unknown_organization(self.org_id)
            await uow.organizations.put(replace(held, settings=held.settings.model_copy(update=settings)))
            await uow.commit()

    # What administrators do

    async def select(self, *user_ids: str, command_id: str | None = None, **order: Any) -> SelectionAnswer:
        answer = await self.selection.select(
            SelectionOrder(
                org_id=self.org_id, user_ids=user_ids, actor="admin", command_id=command_id or uuid4().hex, **order
            )
        )
        await self.bells.ring_due()
        return answer

    async def command(
        self, kind: CommandKind, user_id: str, command_id: str | None = None, **request: Any
    ) -> CommandAnswer:
        answers = await self.commands.apply_each(
            kind,
            self.org_id,
            [user_id],
            request=CommandRequest(actor="admin", **request),
            command_id=command_id or uuid4().hex,
        )
        await self.bells.ring_due()
        return answers[0]

    # What users do

    async def sign_in(self, email: str, password: str, client_version: str = "5.2") -> str:
        answer = await self.web.post(
            "/v1/sign-in", json={"email": email, "password": password, "client_version": client_version}
        )
        return str(answer.json()["result"])

    def mails_to(self, email: str) -> list[Received]:
        return [mail for mail in self.smtp.received if mail.recipient == email]

    def subjects_to(self, email: str) -> list[str]:
        return [str(mail.message["Subject"]) for mail in self.mails_to(email)]

    def link_of(self, email: str) -> str:
        """The path of the newest link mailed to this address."""
        links = [LINK.search(text_of(mail)) for mail in self.mails_to(email)]
        return [link[1] for link in links if link][-1]

    async def choose_password(self, email: str, password: str = NEW_PASSWORD) -> httpx2.Response:
        return await submit(self.web, self.link_of(email), password)

    async def ask_new_link(self, link: str) -> httpx2.Response:
        """What the button on the page of a dead link does."""
        page = await self.web.get(link)
        csrf = CSRF.search(page.text)
        assert csrf is not None
        return await self.web.post(
            f"{link}/new-link", data={"csrf": csrf[1]}, headers={"Origin": "http://127.0.0.1:8080"}
        )

    # What is seen

    async def row(self, user_id: str) -> Migration | None:
        async with self.store.read() as uow:
            return await uow.migrations.latest(self.org_id, user_id)

    async def user(self, user_id: str) -> User:
        async with self.store.read() as uow:
            found = await uow.users.get(user_id)
        assert found is not None
        return found

    async def journal(self, user_id: str) -> list[JournalEntry]:
        async with self.store.read() as uow:
            return list(await uow.journal.of_user(self.org_id, user_id))

    async def capacity(self) -> Capacity:
        """The counters, after checking that the ledger says the same."""
        async with self.store.read() as uow:
            counters, sums = await uow.capacity.get(self.org_id), await uow.ledger.sums(self.org_id)
        counted = (counters.licenses_reserved, counters.licenses_used)
        assert counted == (sums.licenses_reserved, sums.licenses_used)
        assert (counters.storage_reserved_mb, counters.storage_used_mb) == (
            sums.storage_reserved_mb,
            sums.storage_used_mb,
        )
        return counters

    def handle(self, user_id: str, generation: int = 1) -> WorkflowHandle[Any, Any]:
        ref = MigrationRef(org_id=self.org_id, user_id=user_id, generation=generation)
        return self.skipper.client.get_workflow_handle(ref.workflow_id)

    async def workflows(self) -> list[WorkflowHandle[Any, Any]]:
        """All of the organization, in the order of their ids."""
        executions = self.skipper.client.list_workflows(f'MigrationOrg = "{self.org_id}"')
        return [self.skipper.client.get_workflow_handle(id_) for id_ in sorted([it.id async for it in executions])]

    async def until(self, user_id: str, *states: S) -> Migration:
        """The row, once it is in one of these states."""

        async def there() -> bool:
            row = await self.row(user_id)
            return row is not None and row.state in states

        await until(there, lambda: f"{user_id} never came to {[str(state) for state in states]}")
        row = await self.row(user_id)
        assert row is not None
        return row

    async def until_mailed(self, email: str, count: int) -> None:
        async def there() -> bool:
            return len(self.mails_to(email)) >= count

        await until(there, lambda: f"mails so far: {[str(mail.message['Subject']) for mail in self.smtp.received]}")

    async def until_accepted(self, user_id: str, kind: MailKind, count: int = 1) -> None:
        """Returns once the relay has taken so many mails of this kind to the user, as the store says."""

        async def there() -> bool:
            row = await self.row(user_id)
            assert row is not None
            async with self.store.read() as uow:
                mails = await uow.mails.of_migration(row.ref)
            return sum(it.kind is kind and it.accepted_at is not None for it in mails) >= count

        await until(there, lambda: f"no {kind} was accepted for {user_id}")

    async def until_deadline(self, user_id: str) -> None:
        """Returns once the user's workflow shows the deadline, which the accepted mail has set."""

        row = await self.row(user_id)
        assert row is not None
        handle = self.handle(user_id, row.generation)

        async def there() -> bool:
            execution = await handle.describe()
            return any(pair.key.name == SearchAttribute.DEADLINE for pair in execution.typed_search_attributes)

        await until(there, lambda: f"{user_id} has no deadline")

    async def ended(self, user_id: str, generation: int = 1) -> None:
        """Returns when the user's workflow has completed."""
        async with asyncio.timeout(PATIENCE):
            await self.handle(user_id, generation).result()

    async def skip_organization(self, by: timedelta) -> None:
        """Moves the stored time and the organization's workflow."""
        self.clock.shift += by
        ref = OrganizationRef(org_id=self.org_id)
        await self.skipper.fast_forward(self.skipper.client.get_workflow_handle(ref.workflow_id), by)

    async def skip(self, user_id: str, by: timedelta) -> None:
        """Moves the stored time and this user's workflow."""
        self.clock.shift += by
        await self.skipper.fast_forward(self.handle(user_id), by)


def guest(user_id: str, **changes: Any) -> User:
    """A guest of acme.example on an old client."""
    return user(user_id, **{"email": f"{user_id}@acme.example", "display_name": user_id.title(), **changes})


def text_of(mail: Received) -> str:
    part = mail.message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def submit(web: httpx2.AsyncClient, path: str, password: str) -> httpx2.Response:
    """Opens the form and sends it, as a browser without scripts does."""
    page = await web.get(path)
    csrf = CSRF.search(page.text)
    if csrf is None:
        return page
    fields = {"csrf": csrf[1], "password": password, "password_again": password}
    return await web.post(path, data=fields, headers={"Origin": "http://127.0.0.1:8080"})


async def until(
    condition: Callable[[], Awaitable[bool]],
    said: Callable[[], str],
    patience: float = PATIENCE,
    *,
    every: float = 0.02,
) -> None:
    """Returns once the condition holds; fails with what `said` says after `patience` seconds."""
    deadline = asyncio.get_running_loop().time() + patience
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, said()
        await asyncio.sleep(every)


@asynccontextmanager
async def running_world(
    store: Store, skipper: TimeSkipper, smtp: SmtpServer, *, mailer: Mailer | None = None, **settings: Any
) -> AsyncGenerator[World]:
    """The service with its worker and sweep running; at the end its workflows are terminated, if any still wait."""
    async with world_at_rest(store, skipper, smtp, mailer=mailer, **settings) as world, working(world):
        try:
            async with sweeping(world):
                yield world
        finally:
            await _end_workflows(world)


@asynccontextmanager
async def world_at_rest(
    store: Store, skipper: TimeSkipper, smtp: SmtpServer, *, mailer: Mailer | None = None, **settings: Any
) -> AsyncGenerator[World]:
    """The service without worker and sweep."""
    relay = Relay("127.0.0.1", smtp.port, "no-reply@service.example", "service.example", security=RelaySecurity.NONE)
    clock = ShiftedClock()
    base = Foundation(
        settings=settings_of(**settings),
        store=store,
        clock=clock,
        gateway=TemporalWorkflowGateway(skipper.client),
        mailer=mailer or SmtpMailer(relay),
    )
    app = build_app(build_web_services(base, KeepingMeter()), web_settings(base.settings))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=base.settings.link_base) as web:
        yield World(base, skipper, clock, smtp, web)


@asynccontextmanager
async def working(world: World) -> AsyncGenerator[None]:
    """Its worker runs, on both queues."""
    options = WorkerOptions(mails_per_second=1000, drain_limit=timedelta(seconds=5))
    workers = build_workers(world.skipper.client, build_activities(world.base, KeepingMeter()), options)
    async with workers[0], workers[1]:
        yield


@asynccontextmanager
async def sweeping(world: World) -> AsyncGenerator[None]:
    """Its sweep runs; what it has begun is done at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(sweep(world.bells, stop, period=0.2))
    try:
        yield
    finally:
        stop.set()
        await task


async def _end_workflows(world: World) -> None:
    for handle in await world.workflows():
        if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            with suppress(RPCError):  # it may have ended since by itself
                await handle.terminate("the test is over")
