"""Applying what the inbox holds: one event a transaction, its facts and its settlement together."""

import json

from edition_migration.application.event_effects import Effect
from edition_migration.application.mail_facts import MailFacts
from edition_migration.application.organization_facts import OrganizationData, OrganizationFacts
from edition_migration.application.user_facts import UserFacts
from edition_migration.domain.errors import Conflict, InvalidInput
from edition_migration.domain.events.mail import MailData
from edition_migration.domain.events.parse import ProvisioningEvent, parse_event
from edition_migration.domain.events.user import UserCreated, UserData, UserEmailChanged, UserUpdated
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState


class Events:
    """The organization's way through its inbox, oldest arrival first; the order of facts is the stamps' business."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def apply_next(self, page: PageInput) -> PageOutcome:
        """Applies one event. One that fails by its own content is marked failed with the reason, shown, and passed.

        A repeat finds the event settled and takes the next one. Where there is none, an errand that waits counts: the
        first try may have left it, and its answer was lost.
        """
        async with self._store.write() as uow:
            row = await uow.inbox.next_pending(page.org_id)
            if row is None:
                has_errand = await uow.errands.next(page.org_id) is not None
                return PageOutcome(more=False, count=int(has_errand))
            failure = await self._settle(uow, row)
        if failure is not None:
            await self._fail(row, failure)
        return PageOutcome(more=True, count=1)

    async def _settle(self, uow: UnitOfWork, row: InboxRow) -> InvalidInput | Conflict | None:
        """Applies and settles the event, and commits; what it fails of, with nothing changed."""
        try:
            effect = await self._apply(uow, row)
            await uow.inbox.settle(row.inbox_id, effect.state, effect.reason)
            await uow.commit()
        except (InvalidInput, Conflict) as error:
            return error
        return None

    async def _apply(self, uow: UnitOfWork, row: InboxRow) -> Effect:
        event = parse_event(json.loads(row.body))
        if not isinstance(event, ProvisioningEvent):
            return Effect(InboxState.UNKNOWN_TYPE)
        now, key = self._clock.now(), f"event/{row.inbox_id}"
        if isinstance(event.data, MailData):
            return await MailFacts(uow, now, key, row.inbox_id).apply(event.data)
        if isinstance(event.data, UserData):
            return await UserFacts(uow, event.stamp, now, key).apply(event.data)
        assert isinstance(event.data, OrganizationData)
        return await OrganizationFacts(uow, event.stamp, now).apply(event.data)

    async def _fail(self, row: InboxRow, error: InvalidInput | Conflict) -> None:
        async with self._store.write() as uow:
            reason = f"{error.code}: {error.message}" + (f"; {error.mend}" if error.mend else "")
            wants = _wanted_address(row) if isinstance(error, Conflict) else None
            await uow.inbox.settle(row.inbox_id, InboxState.FAILED, reason, failure=error.code, wants=wants)
            await uow.commit()
        if isinstance(error, Conflict):
            # Once more: what it wants may have become free before it was seen to wait (application/conflicts.py).
            async with self._store.write() as uow:
                await self._settle(uow, row)


def _wanted_address(row: InboxRow) -> str | None:
    """What the conflict of a user's event is about."""
    event = parse_event(json.loads(row.body))
    if isinstance(event, ProvisioningEvent) and isinstance(event.data, UserCreated | UserUpdated | UserEmailChanged):
        return event.data.email
    return None
