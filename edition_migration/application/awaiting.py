"""The fifth step: until the user acts he is reminded, and at the deadline his migration expires.

The deadline's clock stands still while the organization or the service is paused (`domain/deadlines.py`). After an
outage one reminder is sent, not three. Used by `application/steps.py`, and by the postman for mails that came too late.
"""

from datetime import datetime, timedelta

from edition_migration.application.compensation import compensate
from edition_migration.application.links import LinkKeys, order_link, queue_again, queue_link
from edition_migration.application.records import WORKFLOW, journal_entry
from edition_migration.application.turn import Outcome, Turn
from edition_migration.domain.deadlines import DeadlineClock
from edition_migration.domain.mail import Mail, MailKind
from edition_migration.domain.migration import MAILLESS, Migration
from edition_migration.domain.states import InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import USABLE, TokenState
from edition_migration.ports.store import UnitOfWork

WHY = "until the user acts"
MARGIN = timedelta(hours=1)
"""A link that dies within it would be dead in the reader's hand."""


async def await_user(turn: Turn, keys: LinkKeys) -> Outcome:
    """Done once the user acted; Stop at the deadline, with all taken back in the same transaction."""
    row = turn.row
    if row.state is S.AWAITING_FIRST_SIGN_IN and row.signed_in_at is not None:
        return await turn.done()
    if row.deadline_at is None and row.attention in MAILLESS:
        # The mail with his link is not even tried. His license is not kept for ever all the same.
        deadline = turn.now + (await turn.organization()).settings.deadline
        await turn.uow.migrations.set_deadline(turn.ref, turn.now, deadline)
        turn = await turn.again()
        row = turn.row
    if row.deadline_at is None:
        return await turn.wait(WHY)
    pauses = await turn.uow.pauses.of(row.org_id)
    clock = DeadlineClock.of(row.deadline_from or row.deadline_at, row.deadline_at, pauses, turn.as_of)
    if any(pause.ended_at is None for pause in pauses):
        return await turn.wait(WHY)  # nothing becomes due; the end of the pause rings
    if clock.is_over:
        return await _expire(turn)
    if clock.reminders_due > row.reminders:
        await _remind(turn, clock, keys)
    return await turn.wait(WHY, until=clock.next_moment)


async def give_more_time(uow: UnitOfWork, row: Migration, extension: timedelta, now: datetime) -> DeadlineClock | None:
    """The deadline is later by the extension; moments to remind that have passed stay passed. None: there is none."""
    if row.deadline_at is None:
        return None
    deadline_at, since = row.deadline_at + extension, row.deadline_from or row.deadline_at
    clock = DeadlineClock.of(since, deadline_at, await uow.pauses.of(row.org_id), now)
    await uow.migrations.move_deadline(row.ref, since, deadline_at)
    await uow.migrations.set_reminders(row.ref, clock.reminders_due)
    return clock


async def replace_lapsed(uow: UnitOfWork, row: Migration, mail: Mail, present: datetime) -> None:
    """A mail waited until its link was dead, refused or held: a living link goes in its place. The row is held."""
    if mail.kind is MailKind.REMINDER:
        await _remind_again(uow, row, present)
        return
    usable = await uow.tokens.of_migration(row.ref, USABLE)
    if row.state is S.AWAITING_PASSWORD and all(it.token_id == mail.token_id for it in usable):
        await order_link(uow, row, present)


async def _remind_again(uow: UnitOfWork, row: Migration, present: datetime) -> None:
    """Its moment is due again, unless the deadline is near: the step hears of every mail's end, and reminds anew."""
    if row.deadline_at is None or row.reminders == 0:
        return
    pauses = await uow.pauses.of(row.org_id)
    clock = DeadlineClock.of(row.deadline_from or row.deadline_at, row.deadline_at, pauses, present)
    if clock.effective > present + MARGIN:
        await uow.migrations.set_reminders(row.ref, row.reminders - 1)


async def _expire(turn: Turn) -> Outcome:
    ended = await turn.move(S.EXPIRED)
    await compensate(turn.uow, turn.row, turn.now, reason=InactiveReason.EXPIRED, mail=MailKind.EXPIRED)
    return await ended.stop()


async def _remind(turn: Turn, clock: DeadlineClock, keys: LinkKeys) -> None:
    """One reminder for all the moments that have passed; an older one that waits is not sent any more.

    To an address that is refused, or unwilling, nothing is added: his mails wait.
    """
    row, uow = turn.row, turn.uow
    await uow.migrations.set_reminders(turn.ref, clock.reminders_due)
    if row.attention in MAILLESS:
        return
    before = sum(mail.kind is MailKind.REMINDER for mail in await uow.mails.of_migration(turn.ref))
    if row.state is S.AWAITING_PASSWORD:
        await _queue_reminder_with_link(turn, clock, keys)
    else:
        await queue_again(uow, row, MailKind.REMINDER, turn.now)
    entry = journal_entry(
        row,
        key=f"remind/{clock.deadline_at.isoformat()}/{clock.reminders_due}/{before + 1}",
        action="remind",
        actor=WORKFLOW,
        at=turn.now,
        target=row.state,
    )
    await uow.journal.add([entry])


async def _queue_reminder_with_link(turn: Turn, clock: DeadlineClock, keys: LinkKeys) -> None:
    """With the link he has, or a new one where that would not outlive the next reminder or the deadline."""
    live = await turn.uow.tokens.of_migration(turn.ref, [TokenState.LIVE])
    token = live[-1] if live else None
    is_lasting = token is not None and (token.expires_at is None or token.expires_at > clock.next_moment + MARGIN)
    if token is not None and is_lasting:
        await queue_again(turn.uow, turn.row, MailKind.REMINDER, turn.now, token_id=token.token_id)
    else:
        await queue_link(turn.uow, keys, turn.row, MailKind.REMINDER, turn.now)
