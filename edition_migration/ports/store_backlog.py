"""What waits in the whole service, whoever it is of: the figures that operators are called for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from edition_migration.domain.metrics import QuietHours
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState


class Backlog(Protocol):
    """Each oldest one by when it was written, None where nothing waits."""

    async def oldest_doorbell(self) -> datetime | None: ...

    async def oldest_event(self) -> datetime | None:
        """Of those that were not applied yet."""
        ...

    async def oldest_mail(self, now: datetime, quiet_hours: QuietHours) -> datetime | None:
        """Of those to be sent that nothing holds at `now`: no pause, no slot to come, no attention to its user.

        `HOLD` asks for the mails that quiet hours of their organization may hold now and then, `LEAVE` for the others.
        """
        ...

    async def open_migrations(self) -> Mapping[MigrationState, int]:
        """How many are in each state that is no end; states without any are left out."""
        ...

    async def parked_migrations(self) -> Mapping[Attention, int]:
        """How many open ones need attention, by the reason; reasons without any are left out."""
        ...
