"""Ports that tell the test how far the work has come, so that it can fail or kill the process exactly there.

A place is `{who}.{what}.{where}`: `u1.activate.before_commit`, `u1.mail_welcome_sending.after_commit`. The product's
code knows nothing of it; only ports are wrapped. Used by the crash tests and the retry tests.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, cast

from temporalio import activity

from edition_migration.domain.mail import MailState
from edition_migration.domain.migration import JournalEntry
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.mails import Envelope, Mailer
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import InboxRow, Received

Reached = Callable[[str], Awaitable[None]]
"""Called at each place; it may raise, wait, or never return."""


def current_activity() -> str | None:
    """`{user or organization}.in_{activity}` of the activity that runs here, if one does."""
    if not activity.in_activity():
        return None
    info = activity.info()
    kind, org_id, *rest = str(info.workflow_id).split("/")
    who = rest[0] if kind == "migration" else org_id
    return f"{who}.in_{info.activity_type}"


class WatchedStore:
    """Says what each writing transaction did, before and after its commit; an activity's also before its beginning."""

    def __init__(self, store: Store, reached: Reached) -> None:
        self._store = store
        self._reached = reached

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[UnitOfWork]:
        if where := current_activity():
            await self._reached(f"{where}.before_write")
        async with self._store.write() as uow:
            yield cast(UnitOfWork, _WatchedUnitOfWork(uow, self._reached))

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._store.read()

    async def check(self) -> None:
        await self._store.check()

    async def dispose(self) -> None:
        await self._store.dispose()


class _WatchedUnitOfWork:
    """Everything as it is, but that it remembers the journal rows, mail states and events of this transaction."""

    def __init__(self, uow: UnitOfWork, reached: Reached) -> None:
        self._uow = uow
        self._reached = reached
        self._done = [where] if (where := current_activity()) else []
        self.journal = _WatchedJournal(uow, self._done)
        self.mails = _WatchedMails(uow, self._done)
        self.inbox = _WatchedInbox(uow, self._done)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uow, name)

    async def commit(self) -> None:
        for what in self._done:
            await self._reached(f"{what}.before_commit")
        await self._uow.commit()
        for what in self._done:
            await self._reached(f"{what}.after_commit")


class _WatchedJournal:
    def __init__(self, uow: UnitOfWork, done: list[str]) -> None:
        self._journal = uow.journal
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def add(self, entries: Sequence[JournalEntry]) -> None:
        self._done += [f"{entry.user_id}.{entry.action}" for entry in entries]
        await self._journal.add(entries)


class _WatchedMails:
    def __init__(self, uow: UnitOfWork, done: list[str]) -> None:
        self._mails = uow.mails
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mails, name)

    async def mark(
        self, mail_id: str, sources: Collection[MailState], target: MailState, at: datetime, **reply: Any
    ) -> bool:
        mail = await self._mails.get(mail_id)
        if mail is not None:
            self._done.append(f"{mail.user_id or mail.org_id}.mail_{mail.kind}_{target}")
        return await self._mails.mark(mail_id, sources, target, at, **reply)


class _WatchedInbox:
    def __init__(self, uow: UnitOfWork, done: list[str]) -> None:
        self._inbox = uow.inbox
        self._done = done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)

    async def receive(self, row: InboxRow) -> Received:
        self._done.append(f"{row.org_id}.receive")
        return await self._inbox.receive(row)


class WatchedMailer:
    """Says when the relay's 250 has come and nobody knows it yet but this process."""

    def __init__(self, mailer: Mailer, store: Store, reached: Reached) -> None:
        self._mailer = mailer
        self._store = store
        self._reached = reached

    async def send(self, envelope: Envelope) -> int:
        code = await self._mailer.send(envelope)
        async with self._store.read() as uow:
            mail = await uow.mails.get(envelope.mail_id)
        assert mail is not None
        await self._reached(f"{mail.user_id or mail.org_id}.mail_{mail.kind}.after_250")
        return code


class WatchedGateway:
    """Says when a workflow is about to be started or rung, and when it was."""

    def __init__(self, gateway: WorkflowGateway, reached: Reached) -> None:
        self._gateway = gateway
        self._reached = reached

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        await self._reached(f"{ref.user_id}.start_migration.before")
        await self._gateway.start_migration(ref, overview)
        await self._reached(f"{ref.user_id}.start_migration.after")

    async def start_wave(self, ref: WaveRef) -> None:
        await self._reached(f"{ref.org_id}.start_wave.before")
        await self._gateway.start_wave(ref)
        await self._reached(f"{ref.org_id}.start_wave.after")

    async def ring_migration(self, ref: MigrationRef) -> bool:
        await self._reached(f"{ref.user_id}.ring_migration.before")
        is_heard = await self._gateway.ring_migration(ref)
        await self._reached(f"{ref.user_id}.ring_migration.after")
        return is_heard

    async def ring_organization(self, ref: OrganizationRef) -> None:
        await self._reached(f"{ref.org_id}.ring_organization.before")
        await self._gateway.ring_organization(ref)
        await self._reached(f"{ref.org_id}.ring_organization.after")

    async def start_organization(self, ref: OrganizationRef) -> None:
        await self._gateway.start_organization(ref)
