"""Looks across an organization's users for whom an administrator follows up: who is stopped, who has not answered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import MigrationState


class Followups(Protocol):
    """Open migrations, of which a user has one at most, by user id, behind the cursor."""

    async def parked_count(self, org_id: str, since: datetime | None = None) -> int:
        """Users parked for what an administrator can mend (`ADMINISTRATORS_TO_MEND`); those parked after `since`."""
        ...

    async def told_before(
        self,
        org_id: str,
        states: Collection[MigrationState],
        kinds: Collection[MailKind],
        before: datetime,
        limit: int,
        after_user_id: str = "",
    ) -> Sequence[str]:
        """Ids of users in these states whose last mail of these kinds was accepted before this time; where it is not
        accepted yet, queued before it."""
        ...
