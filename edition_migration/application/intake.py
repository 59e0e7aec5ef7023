"""The one use case behind `POST /v1/events` and `starter.py event`: inbox row first, then the answer, then the ring."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from edition_migration.domain.errors import Conflict
from edition_migration.domain.events.parse import UnknownEvent, parse_event
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import InboxRow, InboxState, Received


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was received: `new` or `repeated`, whose it is, and whether its type is one we act on."""

    event_id: str
    outcome: Received
    org_id: str | None
    is_known_type: bool


class Intake:
    """Takes provisioning events in, from the wire or from a file."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def receive(self, document: object) -> Receipt:
        """Returns when the row is on disk. A repeat of the same event is told so and changes nothing.

        Raises InvalidInput (every problem with its path), Conflict (same source and id, another body).
        """
        row = inbox_row(document, self._clock.now())
        async with self._store.write() as uow:
            outcome = await uow.inbox.receive(row)
            if outcome is Received.DIFFERENT:
                raise Conflict(
                    "an event of this source and id was received before with another content",
                    mend="give each event an id of its own",
                )
            if outcome is Received.NEW and row.org_id is not None and row.state is InboxState.PENDING:
                await uow.doorbells.add_organization(row.org_id, row.received_at)
            await uow.commit()
        return Receipt(row.event_id, outcome, row.org_id, row.state is InboxState.PENDING)


def inbox_row(document: object, received_at: datetime) -> InboxRow:
    """The row of one event document, also for events that we raise ourselves. Raises InvalidInput."""
    event = parse_event(document)
    body = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return InboxRow(
        inbox_id=0,
        source=event.source,
        event_id=event.id,
        type=event.type,
        org_id=event.org_id,
        user_id=None if isinstance(event, UnknownEvent) else event.user_id,
        body=body,
        digest=hashlib.sha256(body.encode()).hexdigest(),
        received_at=received_at,
        state=InboxState.UNKNOWN_TYPE if isinstance(event, UnknownEvent) else InboxState.PENDING,
    )
