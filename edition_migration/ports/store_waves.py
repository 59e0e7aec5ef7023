"""Tables of waves: the selections, what was commanded to them, and who is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState
from edition_migration.domain.waves import WaveCommandKind
from edition_migration.ports.store_listing import ListedUser


@dataclass(frozen=True, slots=True)
class WaveOrder:
    """One command that changed a wave, with its first answer (JSON)."""

    org_id: str
    command_id: str
    wave_id: str
    kind: WaveCommandKind
    actor: str
    at: datetime
    answer: str


class Waves(Protocol):
    async def add(self, wave: Wave, answer: str) -> None:
        """Keeps the wave with its first answer (JSON). Raises Conflict where the command id was used."""
        ...

    async def answer_to(self, org_id: str, command_id: str) -> str | None:
        """The first answer given to this command, if it was given."""
        ...

    async def first_answer(self, org_id: str, wave_id: str) -> str | None:
        """The answer to the selection that made this wave; empty where nobody asked for it."""
        ...

    async def get(self, org_id: str, wave_id: str) -> Wave | None: ...

    async def hold(self, org_id: str, wave_id: str) -> Wave | None:
        """As `get`, and no other transaction changes the row until this one ends."""
        ...

    async def get_many(self, org_id: str, wave_ids: Sequence[str]) -> Sequence[Wave]: ...

    async def of_organization(self, org_id: str) -> Sequence[Wave]:
        """Oldest first."""
        ...

    async def unstarted(self, org_id: str, limit: int) -> Sequence[Wave]: ...
    async def set_started(self, org_id: str, wave_id: str, at: datetime) -> None: ...
    async def set_state(self, org_id: str, wave_id: str, state: WaveState) -> None: ...
    async def set_released(self, org_id: str, wave_id: str, state: WaveState, released: int) -> None: ...

    async def finished(self, org_id: str, limit: int) -> Sequence[Wave]:
        """Waves that release nobody any more, of whom nobody is open, and that were not reported; oldest first."""
        ...

    async def set_reported(self, org_id: str, wave_id: str, at: datetime) -> None: ...

    async def add_order(self, order: WaveOrder) -> None:
        """Keeps a command. Raises Conflict where its id was used."""
        ...

    async def order(self, org_id: str, command_id: str) -> WaveOrder | None: ...
    async def orders(self, org_id: str, wave_id: str) -> Sequence[WaveOrder]:
        """What was commanded to this wave, oldest first."""
        ...


class Members(Protocol):
    """Who is in a wave: rows of migrations that name it."""

    async def to_release(self, org_id: str, wave_id: str, limit: int, *, told_only: bool) -> Sequence[Migration]:
        """Rows still to be released, in the order of the selection: IN_REVIEW, and unless `told_only` also BLOCKED."""
        ...

    async def to_release_count(self, org_id: str, wave_id: str) -> int:
        """How many are still to be released, BLOCKED or IN_REVIEW."""
        ...

    async def release(
        self, org_id: str, wave_id: str, refs: Sequence[MigrationRef], at: datetime
    ) -> Sequence[MigrationRef]:
        """IN_REVIEW becomes SELECTED for those who are still in this wave; the refs that moved, in the given order."""
        ...

    async def give_back(self, org_id: str, wave_id: str, refs: Sequence[MigrationRef], at: datetime) -> None:
        """Takes rows that are not instructed yet out of the wave; who was released is IN_REVIEW again."""
        ...

    async def open_ones(self, org_id: str, wave_id: str, after_user_id: str, limit: int) -> Sequence[Migration]:
        """Open rows of the wave, by user id, after the cursor."""
        ...

    async def counts(self, org_id: str) -> Mapping[str, Mapping[MigrationState, int]]:
        """By wave: how many of its rows are in each state. Who was deselected is in no wave."""
        ...

    async def counts_of(self, org_id: str, wave_id: str) -> Mapping[MigrationState, int]: ...

    async def lines(self, org_id: str, wave_id: str) -> Sequence[ListedUser]:
        """All rows of the wave with their users, by user id."""
        ...
