"""What `mail.*` events change: a mail that the relay had accepted was delivered, came back, or was called unwanted.

A mail that came back parks its user as a refused one does. Who called a mail unwanted gets none any more until somebody
says `retry`: relays lock senders out for such complaints. Used by `application/events.py`.
"""

from dataclasses import dataclass
from datetime import datetime

from edition_migration.application.event_effects import CHANGED, Effect, unmoved
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.events.mail import MailBounced, MailComplained, MailData, MailDelivered
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.ports.store import UnitOfWork

_ARRIVED = (MailState.ACCEPTED, MailState.DELIVERED)


@dataclass(frozen=True, slots=True)
class MailFacts:
    """One event's transaction on one mail. `event_key` names the event in the journal, `inbox_id` is its row.

    That the row says whom it is about keeps it for as long as his migration is open: a mail has no stamp of the event
    that set its state, so a repeat must be known by the row.
    """

    uow: UnitOfWork
    now: datetime
    event_key: str
    inbox_id: int

    async def apply(self, data: MailData) -> Effect:
        """Raises InvalidInput for a mail that the organization does not have."""
        mail = await self.uow.mails.get(data.message_id)
        if mail is None or mail.org_id != data.org_id:
            raise InvalidInput("no mail of this organization has this Message-ID", mend="give it as it was sent")
        if mail.user_id is not None:
            await self.uow.inbox.set_user(self.inbox_id, mail.user_id)
        return CHANGED if await self._mark(mail, data) else unmoved(mail.state)

    async def _mark(self, mail: Mail, data: MailData) -> bool:
        match data:
            case MailBounced():
                return await self._park(mail, MailState.BOUNCED, Attention.UNDELIVERABLE)
            case MailComplained():
                return await self._park(mail, MailState.COMPLAINED, Attention.COMPLAINT)
            case MailDelivered():
                return await self.uow.mails.mark(mail.mail_id, [MailState.ACCEPTED], MailState.DELIVERED, self.now)
            case _:
                raise TypeError("an event of a kind that this code does not know")

    async def _park(self, mail: Mail, state: MailState, attention: Attention) -> bool:
        """The row is held before its mail is marked. A note to a former address concerns nobody's migration."""
        row = await self.uow.migrations.hold(mail.ref) if mail.ref else None
        if not await self.uow.mails.mark(mail.mail_id, _ARRIVED, state, self.now):
            return False
        is_to_former_address = mail.kind is MailKind.ADDRESS_CHANGED and bool(mail.about)
        if row is None or is_to_former_address:
            return True
        if attention is Attention.COMPLAINT:
            await self._attend(row, mail, state, attention)
            newest = await self.uow.migrations.latest(row.org_id, row.user_id)
            row = newest and await self.uow.migrations.hold(newest.ref)  # of which he wants no mail either
            if row is None or row.ref == mail.ref:
                return True
        if row.is_open:
            await self._attend(row, mail, state, attention)
        return True

    async def _attend(self, row: Migration, mail: Mail, state: MailState, attention: Attention) -> None:
        await self.uow.migrations.set_attention(row.ref, attention, self.now)
        entry = journal_entry(
            row,
            key=self.event_key,
            action=f"mail_{state}",
            actor=PROVISIONING,
            at=self.now,
            target=row.state,
            detail={"mail": mail.kind},
        )
        await self.uow.journal.add([entry])
        await self.uow.doorbells.add_migrations([row.ref], self.now)
