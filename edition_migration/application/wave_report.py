"""What became of each user of a wave: the result file of `wave_report` and of `wave report`, and the counts.

Whoever was selected is in it, also who was deselected since: the answer to the selection names them, in its order.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from edition_migration.domain.commands import SelectionAnswer, Verdict
from edition_migration.domain.errors import NotFound
from edition_migration.domain.migration import Migration, Wave
from edition_migration.domain.overview import next_step
from edition_migration.domain.states import MigrationState
from edition_migration.ports.mails import Sheet, WaveOutcome
from edition_migration.ports.store import UnitOfWork

COLUMNS = ("userId", "email", "status", "reason", "since", "nextStep")
DESELECTED = "deselected"


class Member(NamedTuple):
    """One line. `email` is None of a user who was erased; `reason` says why he was not migrated."""

    user_id: str
    email: str | None
    state: MigrationState
    reason: str
    since: datetime
    next_step: str

    @property
    def is_deselected(self) -> bool:
        return self.reason == DESELECTED


class WaveResult(NamedTuple):
    wave: Wave
    members: Sequence[Member]

    @property
    def outcome(self) -> WaveOutcome:
        """How many ended how, in the order of the states."""
        found = Counter(it.state for it in self.members if not it.is_deselected)
        counts = tuple((state, found[state]) for state in MigrationState if found[state])
        deselected = sum(it.is_deselected for it in self.members)
        return WaveOutcome(self.wave.created_at, len(self.members), counts, deselected)

    @property
    def sheet(self) -> Sheet:
        rows = tuple(
            (it.user_id, it.email or "", it.state.value, it.reason, f"{it.since:%Y-%m-%d %H:%M:%S} UTC", it.next_step)
            for it in self.members
        )
        return Sheet(f"wave-{self.wave.wave_id}.csv", COLUMNS, rows)


async def result_of(uow: UnitOfWork, org_id: str, wave_id: str, members: Sequence[Member]) -> WaveResult:
    """These members, read before, with the addresses that they have now. Raises NotFound for an unknown wave."""
    emails = await _emails(uow, [it.user_id for it in members])
    return WaveResult(await _wave(uow, org_id, wave_id), [it._replace(email=emails.get(it.user_id)) for it in members])


async def wave_result(uow: UnitOfWork, org_id: str, wave_id: str) -> WaveResult:
    """Each member as he stands now. Raises NotFound for an unknown wave."""
    wave = await _wave(uow, org_id, wave_id)
    inside = {
        line.migration.user_id: _member(line.migration, line.email) for line in await uow.members.lines(org_id, wave_id)
    }
    selected = await _selected(uow, org_id, wave_id)
    gone = await _deselected(uow, org_id, [user_id for user_id in selected if user_id not in inside])
    found = {**inside, **gone}
    order = dict.fromkeys([*selected, *inside])
    return WaveResult(wave, [found[user_id] for user_id in order if user_id in found])


async def _wave(uow: UnitOfWork, org_id: str, wave_id: str) -> Wave:
    wave = await uow.waves.get(org_id, wave_id)
    if wave is None:
        raise NotFound("there is no wave of this id", mend="see `starter.py wave list`")
    return wave


async def _emails(uow: UnitOfWork, user_ids: Sequence[str]) -> dict[str, str | None]:
    return {user.user_id: user.email for user in await uow.users.get_many(user_ids)}


async def _selected(uow: UnitOfWork, org_id: str, wave_id: str) -> list[str]:
    """In the order of the selection; an automatic one was never answered."""
    answer = await uow.waves.first_answer(org_id, wave_id)
    if not answer:
        return []
    return [it.user_id for it in SelectionAnswer.model_validate_json(answer).answers if it.verdict is Verdict.DONE]


async def _deselected(uow: UnitOfWork, org_id: str, user_ids: Sequence[str]) -> dict[str, Member]:
    emails = await _emails(uow, user_ids)
    rows = await uow.migrations.latest_many(org_id, user_ids)
    return {row.user_id: _member(row, emails.get(row.user_id), is_deselected=True) for row in rows}


def _member(row: Migration, email: str | None, *, is_deselected: bool = False) -> Member:
    reason = DESELECTED if is_deselected else row.reason or ""
    return Member(row.user_id, email, row.state, reason, row.since, next_step(row))
