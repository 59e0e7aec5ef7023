"""When mails may go: their slots of an organization's own pace, and the times until which they are held."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from edition_migration.domain.mail import Mail


class MailTimes(Protocol):
    async def take_slot(self, org_id: str, now: datetime, interval: timedelta) -> datetime:
        """The time of the organization's next free slot, `now` or later; the one behind it is `interval` later."""
        ...

    async def restart_pace(self, org_id: str, now: datetime) -> None:
        """The next free slot is `now`, whatever was taken."""
        ...

    async def set_not_before(self, mail_id: str, at: datetime) -> None:
        """The slot that the mail got from its organization's pace; it does not go before."""
        ...

    async def set_held_until(self, mail_id: str, at: datetime) -> None:
        """The others of the organization's queue go first until then."""
        ...

    async def unsent(self, org_id: str, after: int, limit: int) -> Sequence[Mail]:
        """All that are still to be sent, whosever postman's, in their order and behind this sequence."""
        ...

    async def forget(self, mail_ids: Sequence[str]) -> None:
        """Those unsent of them have no slot and no hold any more: they may take another."""
        ...

    async def forget_holds(self, org_id: str, user_id: str) -> None:
        """As `forget`, of all mails to one user, whose slots stay."""
        ...
