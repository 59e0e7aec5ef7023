"""Sending one mail, on the queue `mail`: rate, priority and fairness are that queue's. Called by the postman."""

from temporalio import activity

from activities.running import run
from edition_migration.application.delivery import Delivery
from edition_migration.domain.progress import MailInput, MailOutcome


class MailActivities:
    """The one activity of the queue `mail`."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    @activity.defn
    async def deliver_mail(self, mail: MailInput) -> MailOutcome:
        """The first mail of the queue. A repeat finds what the first try committed."""
        return await run(self._delivery.deliver(mail))
