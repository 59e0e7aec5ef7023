"""Whom an administrator follows up, and what a command would do to them; changes nothing. Used by the command line."""

from collections.abc import Sequence
from datetime import timedelta

from edition_migration.application import views
from edition_migration.application.chosen_users import PAGE, Chosen
from edition_migration.application.queries import organization_named
from edition_migration.domain.commands import LEGAL_IN, CommandKind
from edition_migration.domain.mail import LINK_MAILS, MailKind
from edition_migration.domain.states import MigrationState
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store
from edition_migration.ports.store_migrations import Pending

TOLD_BY = (*LINK_MAILS, MailKind.INSTRUCTIONS)
"""The mails that ask a user to do something."""


class Followups:
    """Resolves whom `parked`, `retry --parked` and `resend --older-than` mean."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def parked(self, org_id: str | None, *, limit: int, after: str = "") -> views.ParkedPage:
        """One page of those whom something stops, by user id, behind `after`. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            lines = await uow.followups.parked(org_id, limit + 1, after)
            users = tuple(_parked(line) for line in lines[:limit])
            return views.ParkedPage(
                org_id=org_id,
                users=users,
                total=await uow.followups.parked_count(org_id),
                next=users[-1].user_id if len(lines) > limit else None,
            )

    async def all_parked(self, org_id: str | None) -> Chosen:
        """Everybody whom something stops. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            found: list[str] = []
            while page := await uow.followups.parked(org_id, PAGE, found[-1] if found else ""):
                found += [line.migration.user_id for line in page]
        return Chosen(org_id, tuple(found))

    async def told_longer_ago(self, org_id: str | None, span: timedelta, among: Sequence[str] | None = None) -> Chosen:
        """Who was last asked to do something longer ago than `span`, and has not done it; all of them, or those of
        `among` in its order. Raises NotFound."""
        before, states = self._clock.now() - span, LEGAL_IN[CommandKind.RESEND]
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            found: list[str] = []
            while page := await uow.followups.told_before(
                org_id, states, TOLD_BY, before, PAGE, found[-1] if found else ""
            ):
                found += page
        if among is None:
            return Chosen(org_id, tuple(found))
        told = set(found)
        return Chosen(org_id, tuple(user_id for user_id in among if user_id in told))

    async def of_undo(self, chosen: Chosen) -> views.UndoPreview:
        """What an undo takes back of these users; who is not MIGRATED is not counted."""
        async with self._store.read() as uow:
            rows = await uow.migrations.latest_many(chosen.org_id, chosen.user_ids)
            migrated = [row for row in rows if row.state is MigrationState.MIGRATED]
            tickets = [await uow.tickets.of(row.ref) for row in migrated]
            sessions = [await uow.sessions.open_count(row.user_id) for row in migrated]
        return views.UndoPreview(
            users=len(migrated),
            storage_mb=sum(ticket.storage_mb for ticket in tickets if ticket is not None),
            sessions=sum(sessions),
        )


def _parked(line: Pending) -> views.ParkedUser:
    row = line.migration
    return views.ParkedUser(
        user_id=row.user_id,
        email=line.email,
        display_name=line.display_name,
        state=row.state,
        attention=row.attention,
        since=row.attention_at,
    )
