"""Table of organizations' own texts: revisions are added and never changed."""

from collections.abc import Sequence
from typing import Protocol

from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import OwnTextRevision


class OwnTextTable(Protocol):
    """Hold the organization before `add`, so that revisions are numbered in the order in which they are committed."""

    async def add(self, revision: OwnTextRevision) -> int:
        """Appends it and returns its number. Raises Conflict where its command id was used before."""
        ...

    async def get(self, revision: int) -> OwnTextRevision | None: ...
    async def by_command(self, org_id: str, command_id: str) -> OwnTextRevision | None: ...

    async def newest(
        self, org_id: str, kind: MailKind, language: str, *, until: int | None = None
    ) -> OwnTextRevision | None:
        """What holds for this mail, or held when `until` was the newest revision; None where there never was one."""
        ...

    async def newest_of_all(self, org_id: str) -> Sequence[OwnTextRevision]:
        """The newest of each kind and language, in the order of these."""
        ...
