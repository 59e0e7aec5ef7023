"""What holds a mail back: a pause, its reader's quiet hours, its organization's own pace; a link, that its reader's
domain is gone. Used by `Delivery`.

A held mail is never dropped. What a user asked for himself waits for nothing but the end of a pause. In the queue of
the organization, which is many users', a held mail lets the others pass (`Mail.held_until`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from edition_migration.domain.mail import ADMINISTRATOR_MAILS, KEPT_FOR_THE_DAY, LINK_MAILS, Mail
from edition_migration.domain.organization import Organization
from edition_migration.domain.quiet_hours import held_until
from edition_migration.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Hold:
    """`until` None: nobody knows yet, and the end of the pause, or of the reader's own hold, rings."""

    until: datetime | None = None


async def hold_of(uow: UnitOfWork, mail: Mail, present: datetime) -> Hold | None:
    """Why the mail may not go at `present`; None where it may.

    Where the organization has a pace the mail takes a slot of it, once: commit, whatever the answer. One that could
    not go at its slot, for a pause or quiet hours, takes another, so that what was held does not go in a burst.
    """
    if await uow.pauses.is_paused(mail.org_id):
        return Hold()
    if mail.kind in LINK_MAILS and await _is_reader_held(uow, mail):
        return Hold()
    if mail.held_until is not None and mail.held_until > present:
        return Hold(mail.held_until)
    organization = await uow.organizations.get(mail.org_id)
    if organization is None or mail.is_requested or mail.kind in ADMINISTRATOR_MAILS:
        return None
    if mail.not_before is not None and mail.not_before > present:
        return Hold(mail.not_before)
    quiet_until = await _quiet_until(uow, organization, mail, present)
    if quiet_until is not None:
        return Hold(quiet_until)
    slot = await _new_slot(uow, organization, mail, present)
    return Hold(slot) if slot is not None and slot > present else None


async def _is_reader_held(uow: UnitOfWork, mail: Mail) -> bool:
    """Whether the link would be of no use to him now: his domain is gone, perhaps by error."""
    row = await uow.migrations.get(mail.ref) if mail.ref else None
    return row is not None and row.hold_ends_at is not None


async def _quiet_until(uow: UnitOfWork, organization: Organization, mail: Mail, at: datetime) -> datetime | None:
    hours = organization.settings.quiet_hours
    if hours is None or mail.kind not in KEPT_FOR_THE_DAY:
        return None
    user = await uow.users.get(mail.user_id) if mail.user_id else None
    zone = user.zone if user and user.zone else organization.settings.zone
    return held_until(at, hours, zone)


async def _new_slot(uow: UnitOfWork, organization: Organization, mail: Mail, present: datetime) -> datetime | None:
    """None where the mail needs none: no pace is set, or its slot has come."""
    rate = organization.settings.mails_per_second
    if rate is None or (mail.not_before and not await _was_held(uow, organization, mail, mail.not_before)):
        return None
    slot = await uow.mail_times.take_slot(organization.org_id, present, timedelta(seconds=1 / rate))
    await uow.mail_times.set_not_before(mail.mail_id, slot)
    return slot


async def _was_held(uow: UnitOfWork, organization: Organization, mail: Mail, at: datetime) -> bool:
    """Whether the mail could not have gone at this time."""
    pauses = await uow.pauses.of(organization.org_id)
    if any(it.started_at <= at and (it.ended_at is None or at < it.ended_at) for it in pauses):
        return True
    return await _quiet_until(uow, organization, mail, at) is not None
