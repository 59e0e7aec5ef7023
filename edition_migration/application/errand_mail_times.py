"""The errand of other mail times: an organization changed what its mails are held by, while some were.

Each unsent mail forgets its time, and who sleeps until then is rung. What holds the mail now, its postman decides: it
may go at once, take a slot of the new pace, or sleep until the new morning.
"""

from datetime import datetime

from edition_migration.application.errand_pages import PAGE, ErrandKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.organization import Organization
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import Errand

HELD_BY = ("quiet_hours", "zone", "mails_per_second")
"""Settings that hold mails."""


async def follow_mail_times(uow: UnitOfWork, before: Organization, after: Organization, now: datetime) -> None:
    """Leaves the errand where one of these settings is another. `before` is held."""
    if all(getattr(before.settings, name) == getattr(after.settings, name) for name in HELD_BY):
        return
    await uow.errands.add(after.org_id, ErrandKind.MAIL_TIMES, "", now)
    await uow.doorbells.add_organization(after.org_id, now)


async def follow_zone(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """The user's own zone is another, and so is his morning. `row`, his newest, is held."""
    await uow.mail_times.forget_holds(row.org_id, row.user_id)
    await uow.doorbells.add_migrations([row.ref], now)
    await uow.doorbells.add_organization(row.org_id, now)


async def forget_mail_times(uow: UnitOfWork, errand: Errand, now: datetime) -> int:
    """One page of mails; `cursor` is the sequence of the last. The pace begins anew with the first.

    The organization's own postman hears of its next mail by the drain that works off this errand.
    """
    mails = await uow.mail_times.unsent(errand.org_id, int(errand.cursor or 0), PAGE)
    refs = list(dict.fromkeys(mail.ref for mail in mails if mail.ref is not None))
    await uow.migrations.hold_many(refs)
    await uow.mail_times.forget([mail.mail_id for mail in mails])
    if not errand.cursor:
        await uow.mail_times.restart_pace(errand.org_id, now)
    await uow.doorbells.add_migrations(refs, now)
    if len(mails) < PAGE:
        await uow.errands.finish(errand.errand_id)
    else:
        await uow.errands.advance(errand.errand_id, str(mails[-1].sequence))
    return len(mails)
