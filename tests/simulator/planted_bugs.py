"""Bugs to plant, each a patch of the product's own code: the simulator must find every one of them.

A plant is entered before the product is built. `CAUGHT_BY` says which seed, counted from 1, was the first to find it.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from edition_migration.adapters.store.ledger import SqlLedger
from edition_migration.adapters.store.mails import SqlMails
from edition_migration.adapters.store.migrations import SqlMigrations
from edition_migration.adapters.store.tickets import SqlTickets
from edition_migration.adapters.store.tokens import SqlTokens
from edition_migration.adapters.store.work import SqlDoorbells
from edition_migration.application.rings import Bells
from edition_migration.domain.mail import MailState
from edition_migration.domain.migration import Ticket, TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState
from tests.simulator.temporal import Temporal
from workflows.user_migration import UserMigration

Plant = Callable[[], AbstractContextManager[Any]]


def no_state_in_the_where() -> AbstractContextManager[Any]:
    """A move is not guarded by the state that it was decided on."""
    move = SqlMigrations.move

    async def moved(
        self: SqlMigrations, ref: MigrationRef, _: Any, target: MigrationState, at: datetime, **more: Any
    ) -> bool:
        return await move(self, ref, list(MigrationState), target, at, **more)

    return patch.object(SqlMigrations, "move", moved)


def smtp_before_commit() -> AbstractContextManager[Any]:
    """The relay hears of a mail before the row says `sending`."""
    mark = SqlMails.mark

    async def marked(self: SqlMails, mail_id: str, sources: Any, target: MailState, at: datetime, **more: Any) -> bool:
        return target is MailState.SENDING or await mark(self, mail_id, sources, target, at, **more)

    return patch.object(SqlMails, "mark", marked)


@contextmanager
def ring_before_commit() -> Generator[None]:
    """The workflow is rung from inside the transaction, which leaves no doorbell behind."""
    service: list[Temporal] = []
    bind = Temporal.bind

    def bound(self: Temporal, methods: Sequence[Any]) -> None:
        service.append(self)
        bind(self, methods)

    async def add(self: SqlDoorbells, refs: Sequence[MigrationRef], at: datetime) -> None:
        for ref in refs:
            service[-1].ring_now(ref.workflow_id)

    with patch.object(Temporal, "bind", bound), patch.object(SqlDoorbells, "add_migrations", add):
        yield


def bell_removed_before_its_ring() -> AbstractContextManager[Any]:
    """A doorbell goes before its ring was heard."""

    async def ring(self: Bells, limit: int = 500) -> int:
        async with self._store.read() as uow:
            bells = await uow.doorbells.oldest(limit)
        await self._remove([bell.bell_id for bell in bells])
        for bell in bells:
            await self._ring(bell)
        return len(bells)

    return patch.object(Bells, "ring_due", ring)


def _always(answer: Any) -> Callable[..., Any]:
    async def given(*_: Any, **__: Any) -> Any:
        return answer

    return given


def grant_without_ticket() -> AbstractContextManager[Any]:
    """Step two takes every ticket for granted."""
    of = SqlTickets.of

    async def granted(self: SqlTickets, ref: MigrationRef) -> Ticket | None:
        ticket = await of(self, ref)
        return ticket and replace(ticket, state=TicketState.GRANTED)

    return patch.object(SqlTickets, "of", granted)


def links_outlive_the_password() -> AbstractContextManager[Any]:
    """Older links are not killed."""

    async def kill_none(self: SqlTokens, ref: MigrationRef) -> int:
        return 0

    return patch.object(SqlTokens, "kill_all", kill_none)


def reminders_like_other_mails() -> AbstractContextManager[Any]:
    """A reminder found `sending` is sent again."""
    return patch("edition_migration.application.delivery.AT_MOST_ONCE", frozenset())


def released_twice() -> AbstractContextManager[Any]:
    """A release does not look whether there is something to release, and the counter goes down each time."""
    change = SqlLedger._change

    async def changed(self: SqlLedger, ref: MigrationRef, source: Any, target: Any) -> int | None:
        was = await change(self, ref, source, target)
        return 0 if was is None and str(target) == "released" and str(source) == "used" else was

    return patch.object(SqlLedger, "_change", changed)


def expiry_without_compensation() -> AbstractContextManager[Any]:
    """At the deadline nothing is taken back."""
    return patch("edition_migration.application.awaiting.compensate", _always(None))


def flag_cleared_after_the_look() -> AbstractContextManager[Any]:
    """The workflow forgets a ring that came while it read its row."""
    perform = UserMigration._perform

    async def performed(self: UserMigration, step: Any, summary: str) -> Any:
        outcome = await perform(self, step, summary)
        self._is_rung = False
        return outcome

    return patch.object(UserMigration, "_perform", performed)


def refused_mails_again() -> AbstractContextManager[Any]:
    """A mail that was refused for good is tried again and again."""
    mark = SqlMails.mark

    async def marked(self: SqlMails, mail_id: str, sources: Any, target: MailState, at: datetime, **more: Any) -> bool:
        kept = MailState.DEFERRED if target is MailState.BOUNCED else target
        return await mark(self, mail_id, sources, kept, at, **more)

    return patch.object(SqlMails, "mark", marked)


def no_generation_in_the_where() -> AbstractContextManager[Any]:
    """A move moves every generation of its user."""
    from edition_migration.adapters.store import migrations

    def of_user(ref: MigrationRef) -> Any:
        return (migrations.table.c.org_id == ref.org_id) & (migrations.table.c.user_id == ref.user_id)

    return patch.object(migrations, "_is", of_user)


PLANTED: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        no_state_in_the_where,
        smtp_before_commit,
        ring_before_commit,
        bell_removed_before_its_ring,
        grant_without_ticket,
        links_outlive_the_password,
        reminders_like_other_mails,
        released_twice,
        expiry_without_compensation,
        flag_cleared_after_the_look,
        refused_mails_again,
        no_generation_in_the_where,
    )
}

CAUGHT_BY = {
    "expiry_without_compensation": 3,
    "grant_without_ticket": 3,
    "links_outlive_the_password": 3,
    "no_generation_in_the_where": 10,
    "refused_mails_again": 8,
    "released_twice": 20,
    "smtp_before_commit": 2,
}
