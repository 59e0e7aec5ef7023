"""Everything that happened to one user, in order: for `user timeline`. Names, addresses and secrets are not in it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from edition_migration.application.holds import standing
from edition_migration.application.mail_holds import Holds
from edition_migration.application.queries import organization_named, user_named
from edition_migration.application.records import PROVISIONING, WORKFLOW
from edition_migration.application.timeline_words import accepted, action, detail, link_made, outcome
from edition_migration.application.user_view import newest_migration
from edition_migration.domain.holds import HeldBy, Hold, said
from edition_migration.domain.mail import Mail
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState
from edition_migration.domain.token import ResetToken, TokenState
from edition_migration.domain.user import User
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import SERVICE, InboxRow, Pause
from edition_migration.ports.store_people import Session

USER = "user"
"""The actor of what the user does himself."""


class Kind(StrEnum):
    """Where a line comes from; in this order where two are of the same moment."""

    EVENT = "event"
    PAUSE = "pause"
    JOURNAL = "journal"
    LINK = "link"
    MAIL = "mail"
    SESSION = "session"


class TimelineLine(BaseModel):
    """One thing that happened. `source` and `target` are states, of the journal only."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    kind: Kind
    text: str
    actor: str | None = None
    generation: int | None = None
    source: MigrationState | None = None
    target: MigrationState | None = None


class TimelineView(BaseModel):
    """`user timeline`. `next` and `who` say what comes, None without a migration; `zone` is the user's own, if known.
    `held_by` is what keeps him from going on now, and `held_until` when that ends, if it is known.

    `workflow_page` leads to his newest workflow in the Temporal UI, None where its address is not set.
    """

    model_config = ConfigDict(frozen=True)

    user_id: str
    org_id: str | None
    zone: str | None
    lines: tuple[TimelineLine, ...]
    state: MigrationState | None = None
    next: str | None = None
    who: str | None = None
    deadline: datetime | None = None
    held_by: HeldBy | None = None
    held_until: datetime | None = None
    workflow_id: str | None = None
    workflow_page: str | None = None


class WorkflowPages(Protocol):
    """Where a workflow is seen; `temporal/ui.py`."""

    def page_of(self, workflow_id: str) -> str | None: ...


class Timelines:
    def __init__(self, *, store: Store, clock: Clock, pages: WorkflowPages) -> None:
        self._store = store
        self._clock = clock
        self._pages = pages

    async def of_user(self, name: str, org_id: str | None = None) -> TimelineView:
        """All generations of his migration in this organization, or in the one that has him. Raises NotFound."""
        async with self._store.read() as uow:
            wanted = (await organization_named(uow, org_id)).org_id if org_id is not None else None
            user = await user_named(uow, name, wanted)
            row = await newest_migration(uow, user, wanted)
            org_id = wanted or (row.org_id if row else user.org_id)
            lines = await self._lines(uow, user, row, org_id)
            where = await self._where(uow, row) if row else {}
        shared = {"user_id": user.user_id, "org_id": org_id, "zone": user.zone, "lines": tuple(lines)}
        return TimelineView.model_validate({**shared, **where})

    async def _where(self, uow: UnitOfWork, row: Migration) -> dict[str, object]:
        """Where he stands now, and where an operator sees it."""
        seen, hold = await standing(uow, row, self._clock.now())
        return {
            "state": row.state,
            "next": seen.next,
            "who": seen.who,
            "deadline": seen.deadline,
            "held_by": hold.by if hold else None,
            "held_until": hold.until if hold else None,
            "workflow_id": row.ref.workflow_id,
            "workflow_page": self._pages.page_of(row.ref.workflow_id),
        }

    async def _lines(
        self, uow: UnitOfWork, user: User, row: Migration | None, org_id: str | None
    ) -> list[TimelineLine]:
        lines = [line for it in await uow.sessions.of_user(user.user_id) for line in _of_session(it)]
        if org_id is not None:
            lines += [_of_event(it) for it in await uow.inbox.of_user(org_id, user.user_id)]
        if row is not None:
            lines += await self._of_migrations(uow, row)
        order = list(Kind)
        return sorted(lines, key=lambda line: (line.at, order.index(line.kind)))

    async def _of_migrations(self, uow: UnitOfWork, row: Migration) -> list[TimelineLine]:
        journal = await uow.journal.of_user(row.org_id, row.user_id)
        holds = await Holds.at(uow, row.org_id, self._clock.now())
        lines = [_of_entry(entry) for entry in journal]
        for generation in range(1, row.generation + 1):
            ref = MigrationRef(org_id=row.org_id, user_id=row.user_id, generation=generation)
            mails = await uow.mails.of_migration(ref)
            lines += [line for mail in mails for line in _of_mail(mail, await holds.shown(mail))]
            links = enumerate(await uow.tokens.of_migration(ref), 1)
            lines += [line for number, it in links for line in _of_link(number, it, mails, self._clock.now())]
        begun = min((entry.at for entry in journal), default=row.since)
        ended = self._clock.now() if row.is_open else row.since
        pauses = [line for it in await uow.pauses.of(row.org_id) for line in _of_pause(it)]
        return [*lines, *_of_first_sign_in(row), *(line for line in pauses if begun <= line.at <= ended)]


def _of_entry(it: JournalEntry) -> TimelineLine:
    return TimelineLine(
        at=it.at,
        kind=Kind.JOURNAL,
        text=f"{action(it.action)}{detail(it.detail)}",
        actor=it.actor,
        generation=it.generation,
        source=it.source,
        target=it.target,
    )


def _of_mail(it: Mail, hold: Hold | None) -> Sequence[TimelineLine]:
    """What holds it now stands behind the last that became of it."""
    name = f"mail {it.kind}" + (f" no. {it.round}" if it.round > 1 else "")
    became: list[tuple[datetime, str, str | None]] = [(it.created_at, "queued", None)]
    if it.accepted_at is not None:
        became.append((it.accepted_at, accepted(it), "relay"))
    if it.sending_at is not None and (it.accepted_at is None or it.sending_at > it.accepted_at):
        became.append((it.sending_at, outcome(it), "relay"))
    ended = outcome(it) if len(became) == 1 else ""
    at, text, actor = became[-1]
    became[-1] = (at, "; ".join(filter(None, (text, ended, hold and said(hold.by, hold.until)))), actor)
    return [
        TimelineLine(at=at, kind=Kind.MAIL, text=f"{name}: {text}", actor=actor, generation=it.generation)
        for at, text, actor in became
    ]


def _of_link(number: int, it: ResetToken, mails: Sequence[Mail], now: datetime) -> Iterator[TimelineLine]:
    def line(at: datetime, text: str, actor: str) -> TimelineLine:
        text = f"link {number}: {text}"
        return TimelineLine(at=at, kind=Kind.LINK, text=text, actor=actor, generation=it.generation)

    yield line(it.created_at, link_made(it, now), USER if it.is_requested else WORKFLOW)
    sent = next((mail.sending_at for mail in mails if mail.token_id == it.token_id and mail.sending_at), None)
    if sent is not None and it.state is not TokenState.ISSUED:
        yield line(sent, "goes out, and works from now on", WORKFLOW)
    if it.state is TokenState.LIVE and it.expires_at is not None and it.expires_at <= now:
        yield line(it.expires_at, "has expired unused", WORKFLOW)


def _of_session(it: Session) -> Iterator[TimelineLine]:
    yield TimelineLine(at=it.created_at, kind=Kind.SESSION, text="signed in", actor=USER)
    if it.ended_at is not None:
        yield TimelineLine(
            at=it.ended_at, kind=Kind.SESSION, text=f"session of {it.created_at:%Y-%m-%d %H:%M} UTC ended"
        )


def _of_first_sign_in(row: Migration) -> Iterator[TimelineLine]:
    if row.signed_in_at is not None:
        text = "first sign-in with the company account"
        yield TimelineLine(at=row.signed_in_at, kind=Kind.SESSION, text=text, actor=USER, generation=row.generation)


def _of_event(it: InboxRow) -> TimelineLine:
    text = f"event {it.type}: {it.state}" + (f" ({it.reason})" if it.reason else "")
    return TimelineLine(at=it.received_at, kind=Kind.EVENT, text=text, actor=PROVISIONING)


def _of_pause(it: Pause) -> Iterator[TimelineLine]:
    whose = "the whole service" if it.scope == SERVICE else "the organization"
    yield TimelineLine(at=it.started_at, kind=Kind.PAUSE, text=f"{whose} paused", actor=it.actor)
    if it.ended_at is not None:
        yield TimelineLine(at=it.ended_at, kind=Kind.PAUSE, text=f"{whose} resumed", actor=it.ended_by)
