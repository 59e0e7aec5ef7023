"""What holds a mail back: a pause, its reader's quiet hours, its organization's own pace; a link, that its reader's
domain is gone. Used by `Delivery`, and by what shows mails.

A held mail is never dropped. What a user asked for himself waits for nothing but the end of a pause. In the queue of
the organization, which is many users', a held mail lets the others pass (`Mail.held_until`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from edition_migration.domain.holds import HeldBy, Hold
from edition_migration.domain.mail import (
    ABOUT_THE_END,
    ADMINISTRATOR_MAILS,
    KEPT_FOR_THE_DAY,
    LINK_MAILS,
    NOT_BEGUN,
    Mail,
)
from edition_migration.domain.migration import MAILLESS, Attention, Migration
from edition_migration.domain.organization import Organization
from edition_migration.domain.quiet_hours import held_until
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import SERVICE


async def hold_of(uow: UnitOfWork, mail: Mail, present: datetime) -> Hold | None:
    """Why the mail may not go at `present`; None where it may.

    Where the organization has a pace the mail takes a slot of it, once: commit, whatever the answer. One that could
    not go at its slot, for a pause or quiet hours, takes another, so that what was held does not go in a burst.
    """
    holds = await Holds.at(uow, mail.org_id, present)
    hold = await holds.of(mail)
    if hold is not None or holds.organization is None or _is_free(mail):
        return hold
    slot = await _new_slot(uow, holds.organization, mail, present)
    return Hold(HeldBy.PACE, slot) if slot is not None and slot > present else None


@dataclass(frozen=True, slots=True)
class Holds:
    """What holds the mails of one organization at `present`: a look, which takes no slot of a pace."""

    uow: UnitOfWork
    organization: Organization | None
    pause: HeldBy | None
    present: datetime

    @classmethod
    async def at(cls, uow: UnitOfWork, org_id: str, present: datetime) -> "Holds":
        scopes = {it.scope for it in await uow.pauses.of(org_id) if it.ended_at is None}
        pause = HeldBy.SERVICE_PAUSE if SERVICE in scopes else HeldBy.PAUSE if scopes else None
        return cls(uow, await uow.organizations.get(org_id), pause, present)

    async def of(self, mail: Mail) -> Hold | None:
        """What holds a mail at the head of its queue."""
        if self.pause is not None:
            return Hold(self.pause)
        if mail.kind in LINK_MAILS and (row := await self._row(mail)) is not None and row.hold_ends_at is not None:
            return Hold(HeldBy.DOMAIN_GONE, row.hold_ends_at)  # the link would be of no use to him now
        if mail.held_until is not None and mail.held_until > self.present:
            return Hold(await self._why_aside(mail), mail.held_until)
        if self.organization is None or _is_free(mail):
            return None
        if mail.not_before is not None and mail.not_before > self.present:
            return Hold(HeldBy.PACE, mail.not_before)
        quiet_until = await _quiet_until(self.uow, self.organization, mail, self.present)
        return Hold(HeldBy.QUIET_HOURS, quiet_until) if quiet_until is not None else None

    async def shown(self, mail: Mail) -> Hold | None:
        """As `of`, of any mail: None where it is not to be sent, or waits until somebody has mended its reader."""
        if mail.state not in NOT_BEGUN or mail.is_given_up:
            return None
        row = await self._row(mail)
        if row is not None and _is_silent(row, mail):
            return None
        return await self.of(mail)

    async def _row(self, mail: Mail) -> Migration | None:
        return await self.uow.migrations.get(mail.ref) if mail.ref else None

    async def _why_aside(self, mail: Mail) -> HeldBy:
        """Why the organization's postman passes it; the row keeps the time only."""
        if mail.held_until == mail.not_before:
            return HeldBy.PACE
        if self.organization is None:
            return HeldBy.RELAY
        quiet_until = await _quiet_until(self.uow, self.organization, mail, self.present)
        return HeldBy.QUIET_HOURS if quiet_until == mail.held_until else HeldBy.RELAY


def _is_silent(row: Migration, mail: Mail) -> bool:
    """He is to get no mail, or none of this kind any more."""
    if row.is_open:
        return row.attention in MAILLESS
    return row.attention is Attention.COMPLAINT or mail.kind not in ABOUT_THE_END


def _is_free(mail: Mail) -> bool:
    """Neither quiet hours nor a pace concern it."""
    return mail.is_requested or mail.kind in ADMINISTRATOR_MAILS


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
