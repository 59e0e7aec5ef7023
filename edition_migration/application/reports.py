"""What the organization tells its administrators by itself: the digest of guests pending migration."""

from dataclasses import replace

from edition_migration.application.organization_facts import digest_round
from edition_migration.application.records import administrator_mail, as_next
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import ServiceStatus
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store


class Reports:
    """The last part of each drain."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report(self, page: PageInput) -> PageOutcome:
        """Queues a digest that is due, only while somebody is pending; `due` is when the next one is."""
        async with self._store.write() as uow:
            organization = await uow.organizations.hold(page.org_id)
            due = organization.digest_due_at if organization else None
            if organization is not None and due is not None and due <= page.as_of:
                every, now = organization.settings.digest_every, self._clock.now()
                is_open = organization.status is ServiceStatus.PROVISIONED
                if is_open and await uow.migrations.pending_count(page.org_id):
                    mail = administrator_mail(page.org_id, MailKind.PENDING_DIGEST, now, digest_round(now, every))
                    await uow.mails.queue([mail])
                due = max(due, page.as_of) + every
                await uow.organizations.put(replace(organization, digest_due_at=due))
                await uow.commit()
            mail_waiting = as_next(await uow.mails.next_of_organization(page.org_id))
        return PageOutcome(more=False, due=due, mail=mail_waiting)
