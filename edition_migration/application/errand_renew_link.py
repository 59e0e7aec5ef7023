"""The errand of a link that lost its life because the address changed, or its mail came too late: another one."""

from datetime import datetime

from edition_migration.application.errand_pages import key_of
from edition_migration.application.links import LinkKeys, queue_link
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import USABLE
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand


async def renew_link(uow: UnitOfWork, errand: Errand, now: datetime, keys: LinkKeys) -> int:
    """Mails a link to the user whom `argument` names, where he still waits for one and none is on its way."""
    await uow.errands.finish(errand.errand_id)
    row = await uow.migrations.latest(errand.org_id, errand.argument)
    row = await uow.migrations.hold(row.ref) if row else None
    if row is None or row.state is not S.AWAITING_PASSWORD or await uow.tokens.of_migration(row.ref, USABLE):
        return 0
    await queue_link(uow, keys, row, MailKind.RESET_PASSWORD, now)
    entry = journal_entry(row, key=key_of(errand), action="renew_link", actor=PROVISIONING, at=now, target=row.state)
    await uow.journal.add([entry])
    await uow.doorbells.add_migrations([row.ref], now)
    return 1
