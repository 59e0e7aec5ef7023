"""A user's license and storage before they are used: reserved by his ticket, and not kept for ever while he waits.

Design section 5: the reservation of a user who is parked, or waits to be activated by hand, ends after 72 hours; once
his wait is over his step takes a new ticket and stands in the queue again. A pause does not count: nobody could have
been activated. Used by the steps before activation.
"""

from datetime import datetime, timedelta

from edition_migration.application.capacity import cut_tickets, give_back, grant
from edition_migration.application.records import WORKFLOW, journal_entry
from edition_migration.application.rows import organization_of
from edition_migration.application.turn import Turn
from edition_migration.domain.deadlines import paused_between
from edition_migration.domain.migration import Migration, Ticket, TicketState
from edition_migration.ports.store import UnitOfWork

KEPT = timedelta(hours=72)


async def place_in_queue(uow: UnitOfWork, row: Migration, now: datetime) -> Ticket:
    """His open ticket; where it ended a new one, at the end of the queue. Granted at once if there is room."""
    ticket = await uow.tickets.of(row.ref)
    if ticket is None or ticket.state is TicketState.CLOSED:
        await cut_tickets(uow, await organization_of(uow, row.org_id), [row.ref])
        await grant(uow, row.org_id, now)
        ticket = await uow.tickets.of(row.ref)
    assert ticket is not None, "one was cut"
    return ticket


async def keep_reservation(turn: Turn, waits_since: datetime) -> datetime | None:
    """When the reservation of one who waits since then ends; None where it has ended, now or before.

    A repeat finds the ticket closed and changes nothing.
    """
    uow, row = turn.uow, turn.row
    ticket = await uow.tickets.of(row.ref)
    if ticket is None or ticket.state is not TicketState.GRANTED:
        return None
    since = max(ticket.granted_at or waits_since, waits_since)
    paused = paused_between(await uow.pauses.of(row.org_id), since, turn.as_of)
    ends_at = since + KEPT + paused
    if ends_at > turn.as_of:
        return ends_at
    entry = journal_entry(
        row,
        key=f"reservation_ended/{ticket.number}",
        action="reservation_ended",
        actor=WORKFLOW,
        at=turn.now,
        target=row.state,
        detail={"ticket": ticket.number},
    )
    await uow.journal.add([entry])
    await give_back(uow, row, turn.now)
    return None
