"""What another address of a user means while we move him, or have moved him. Used by the events on users.

Later mails go to the new address, since it is read at sending. Old and new address are told once each. A link that went
to the old address dies, because whoever reads mail there now must not choose the password; another one is mailed.
"""

from dataclasses import replace
from datetime import datetime

from edition_migration.application.links import order_link
from edition_migration.application.parking import unpark
from edition_migration.application.records import PROVISIONING, journal_entry, next_round, user_mail
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.names import new_id
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.store import UnitOfWork


def is_told(row: Migration) -> bool:
    """Whether the user of this row hears of a change of his address."""
    return row.is_open or row.state is S.MIGRATED


async def try_new_address(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """The mails that the old address refused go to the new one."""
    if row.is_open and row.attention is Attention.UNDELIVERABLE:
        await unpark(uow, row, now)


async def tell_both(uow: UnitOfWork, row: Migration, former: str, now: datetime, key: str) -> None:
    """Keeps the former address for as long as the user, and queues the notes, journaled under `key`.

    `row` is as it is after the change. One note to the new address is enough where one still waits.
    """
    address_id = new_id()
    await uow.former_addresses.add(address_id, row.user_id, former, now)
    before = [mail for mail in await uow.mails.of_migration(row.ref) if mail.kind is MailKind.ADDRESS_CHANGED]
    number = next_round(before, MailKind.ADDRESS_CHANGED)
    notes = [replace(user_mail(row.ref, MailKind.ADDRESS_CHANGED, now, round_number=number), about=address_id)]
    if not any(mail.state is MailState.QUEUED and not mail.about for mail in before):
        notes.append(user_mail(row.ref, MailKind.ADDRESS_CHANGED, now, round_number=number + 1))
    await uow.mails.queue(notes)
    entry = journal_entry(
        row, key=f"{key}/address", action="change_address", actor=PROVISIONING, at=now, target=row.state
    )
    await uow.journal.add([entry])
    await uow.doorbells.add_migrations([row.ref], now)


async def renew_link(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """The link that the former address was sent works no more; the errand mails one to the new address.

    One that was refused there nobody has: it is sent again as it is.
    """
    live = {token.token_id for token in await uow.tokens.of_migration(row.ref, [TokenState.LIVE])}
    mails = [mail for mail in await uow.mails.of_migration(row.ref) if mail.token_id in live]
    if row.state is not S.AWAITING_PASSWORD or not any(_may_have_arrived(mail.state) for mail in mails):
        return
    await order_link(uow, row, now)


def _may_have_arrived(state: MailState) -> bool:
    return state not in (MailState.QUEUED, MailState.DEFERRED, MailState.BOUNCED, MailState.SUPPRESSED)
