"""What the organization tells its administrators by itself: pending guests, ended waves, who is parked, shortage."""

from dataclasses import replace
from datetime import datetime, timedelta

from edition_migration.application.records import administrator_mail, as_next
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Capacity, Organization, ServiceStatus
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_listing import PENDING

DAY = timedelta(days=1)
WAVES = 50
"""Reports of one page."""


class Reports:
    """The last part of each drain."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report(self, page: PageInput) -> PageOutcome:
        """Queues what is to be told now; `due` is when something is to be told next. A repeat finds it queued."""
        async with self._store.write() as uow:
            organization = await uow.organizations.hold(page.org_id)
            if organization is None:
                return PageOutcome(more=False, mail=as_next(await uow.mails.next_of_organization(page.org_id)))
            now = self._clock.now()
            reported = await _report_waves(uow, organization, now)
            dues = [
                await _digest(uow, organization, page.as_of, now),
                await _parked_users(uow, organization, now),
                await _shortage(uow, organization, now),
            ]
            await uow.commit()
            mail_waiting = as_next(await uow.mails.next_of_organization(page.org_id))
        due = min((it for it in dues if it is not None), default=None)
        return PageOutcome(more=reported == WAVES, due=due, mail=mail_waiting)


async def _digest(uow: UnitOfWork, organization: Organization, as_of: datetime, now: datetime) -> datetime | None:
    """Only while somebody is pending."""
    due = organization.digest_due_at
    if due is None or due > as_of:
        return due
    every = organization.settings.digest_every
    is_open = organization.status is ServiceStatus.PROVISIONED
    if is_open and await uow.listing.count(organization.org_id, PENDING):
        mail = administrator_mail(organization.org_id, MailKind.PENDING_DIGEST, now, _digest_round(now, every))
        await uow.mails.queue([mail])
    due = max(due, as_of) + every
    await uow.organizations.put(replace(organization, digest_due_at=due))
    return due


async def _report_waves(uow: UnitOfWork, organization: Organization, now: datetime) -> int:
    """Once for each wave of which nobody is on the way any more."""
    waves = await uow.waves.finished(organization.org_id, WAVES)
    for wave in waves:
        mail = administrator_mail(wave.org_id, MailKind.WAVE_REPORT, now, 1, about=wave.wave_id)
        await uow.mails.queue([mail])
        await uow.waves.set_reported(wave.org_id, wave.wave_id, now)
    return len(waves)


async def _parked_users(uow: UnitOfWork, organization: Organization, now: datetime) -> datetime | None:
    """At most daily, and only where somebody was parked since the last time."""
    last = await uow.mails.last_to_organization(organization.org_id, MailKind.UNDELIVERABLE)
    if not await uow.followups.parked_count(organization.org_id, last.created_at if last else None):
        return None
    return await _tell_daily(uow, organization, MailKind.UNDELIVERABLE, now)


async def _shortage(uow: UnitOfWork, organization: Organization, now: datetime) -> datetime | None:
    """At most daily, while somebody waits for a license or storage, or more is in use than was purchased."""
    is_short = await uow.tickets.waiting_count(organization.org_id) > 0
    if not is_short and not _is_overdrawn(await uow.capacity.get(organization.org_id)):
        return None
    return await _tell_daily(uow, organization, MailKind.CAPACITY_SHORT, now) or now + DAY


async def _tell_daily(uow: UnitOfWork, organization: Organization, kind: MailKind, now: datetime) -> datetime | None:
    """Queues the mail, or says when the last one is a day old. The round is the day, so that a repeat is none."""
    last = await uow.mails.last_to_organization(organization.org_id, kind)
    if last is not None and last.created_at + DAY > now:
        return last.created_at + DAY
    await uow.mails.queue([administrator_mail(organization.org_id, kind, now, now.toordinal())])
    return None


def _is_overdrawn(capacity: Capacity) -> bool:
    """A limit was lowered below what is in use."""
    licenses = capacity.licenses_reserved + capacity.licenses_used
    storage_mb = capacity.storage_reserved_mb + capacity.storage_used_mb
    return licenses > capacity.licenses_purchased or storage_mb > capacity.storage_purchased_mb


def _digest_round(now: datetime, every: timedelta) -> int:
    """Numbers the digests, so that a repeat in the same period is the same mail."""
    return int(now.timestamp() // every.total_seconds())
