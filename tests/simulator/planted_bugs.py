"""Bugs to plant, each a patch of the product's own code: the simulator must find every one of them.

A plant is entered before the product is built. `CAUGHT_BY` says which seed, counted from 1, was the first to find it.
Three guards are left to tests that look at them directly: a move names its generation (`test_guards.py`), a reminder is
not sent again (`test_held_mails.py`), nor is a refused mail (`faults/test_mail.py`).
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from time import perf_counter_ns
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from edition_migration.adapters.store.ledger import SqlLedger
from edition_migration.adapters.store.mails import SqlMails
from edition_migration.adapters.store.tables.migrations import reset_tokens
from edition_migration.adapters.store.tickets import SqlTickets
from edition_migration.adapters.store.tokens import SqlTokens
from edition_migration.adapters.store.work import SqlDoorbells
from edition_migration.application import enrollment
from edition_migration.application.rings import Bells, _targets
from edition_migration.domain.mail import MailState
from edition_migration.domain.migration import Ticket, TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.progress import NextMail
from edition_migration.domain.token import TokenState
from tests.simulator.temporal import Temporal
from workflows.postman import Postman
from workflows.user_migration import UserMigration

Plant = Callable[[], AbstractContextManager[Any]]


def smtp_before_commit() -> AbstractContextManager[Any]:
    """The relay hears of a mail before the row says `sending`."""
    mark = SqlMails.mark

    async def marked(self: SqlMails, mail_id: str, sources: Any, target: MailState, at: datetime, **more: Any) -> bool:
        return target is MailState.SENDING or await mark(self, mail_id, sources, target, at, **more)

    return patch.object(SqlMails, "mark", marked)


def bells_forgotten() -> AbstractContextManager[Any]:
    """Who changes a row leaves no doorbell: the ring comes, if at all, from somebody else."""
    return patch.object(SqlDoorbells, "add_migrations", _always(None))


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
            targets = _targets(await uow.doorbells.oldest(limit))
        await self._remove(targets)
        for target in targets:
            await self._ring(target.bells[0])
        return len(targets)

    return patch.object(Bells, "ring_due", ring)


def failed_start_is_a_start() -> AbstractContextManager[Any]:
    """A workflow that Temporal did not start is marked as started."""
    tried = enrollment._each_tried

    async def started(calls: Sequence[Any]) -> list[None]:
        await tried(calls)
        return [None] * len(calls)

    return patch.object(enrollment, "_each_tried", started)


def two_links_alive() -> AbstractContextManager[Any]:
    """A new link does not kill the one before it."""

    async def made_live(self: SqlTokens, token_id: str) -> bool:
        mine = update(reset_tokens).where(reset_tokens.c.token_id == token_id)
        return await self._tx.change(mine.values(state=TokenState.LIVE)) == 1

    return patch.object(SqlTokens, "make_live", made_live)


def tickets_stay_open() -> AbstractContextManager[Any]:
    """Who gives his license back keeps his place."""
    return patch.object(SqlTickets, "close", _always(None))


def cancel_without_compensation() -> AbstractContextManager[Any]:
    """Cancel and undo take nothing back."""
    return patch("edition_migration.application.single_commands.compensate", _always(None))


def last_mails_left_behind() -> AbstractContextManager[Any]:
    """Mails queued behind the end of a workflow stay with its postman, who is gone."""
    return patch.object(SqlMails, "hand_over", _always([]))


def step_by_the_machines_clock() -> AbstractContextManager[Any]:
    """A workflow asks the machine for something that is another thing at its replay."""
    perform = UserMigration._perform

    async def performed(self: UserMigration, step: Any, summary: str) -> Any:
        return await perform(self, step, f"{summary} {perf_counter_ns()}")

    return patch.object(UserMigration, "_perform", performed)


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


def released_twice() -> AbstractContextManager[Any]:
    """The guard in a WHERE is gone: a release does not ask for something to release, and the counter goes down."""
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


def mail_that_came_back_is_old_news() -> AbstractContextManager[Any]:
    """The postman takes a mail that was put back after its end for one that it has sent."""

    def is_finished(self: Postman, mail: NextMail) -> bool:
        return mail.mail_id is not None and mail.mail_id == self._finished

    return patch.object(Postman, "_is_finished", is_finished)


def other_mail_times_ring_nobody() -> AbstractContextManager[Any]:
    """Quiet hours or a pace change, and held mails sleep on."""
    return patch("edition_migration.application.organizations.follow_mail_times", _always(None))


PLANTED: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        bell_removed_before_its_ring,
        bells_forgotten,
        cancel_without_compensation,
        expiry_without_compensation,
        failed_start_is_a_start,
        flag_cleared_after_the_look,
        grant_without_ticket,
        last_mails_left_behind,
        links_outlive_the_password,
        mail_that_came_back_is_old_news,
        other_mail_times_ring_nobody,
        released_twice,
        ring_before_commit,
        smtp_before_commit,
        step_by_the_machines_clock,
        tickets_stay_open,
        two_links_alive,
    )
}

CAUGHT_BY = {
    "bell_removed_before_its_ring": 38,
    "bells_forgotten": 1,
    "cancel_without_compensation": 2,
    "expiry_without_compensation": 40,
    "failed_start_is_a_start": 6,
    "flag_cleared_after_the_look": 874,
    "grant_without_ticket": 8,
    "last_mails_left_behind": 280,
    "links_outlive_the_password": 4,
    "mail_that_came_back_is_old_news": 253,
    "other_mail_times_ring_nobody": 17,
    "released_twice": 6,
    "ring_before_commit": 26,
    "smtp_before_commit": 1,
    "step_by_the_machines_clock": 5,
    "tickets_stay_open": 2,
    "two_links_alive": 151,
}
