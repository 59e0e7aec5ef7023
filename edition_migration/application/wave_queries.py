"""Read models of waves for the command line, and the result file. Each is one consistent look and changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from edition_migration.application import wave_views as views
from edition_migration.application.queries import capacity_of, mail_counts, organization_named, running_pauses
from edition_migration.application.wave_report import COLUMNS, WaveResult, wave_result
from edition_migration.domain.errors import NotFound
from edition_migration.domain.migration import Migration, Wave, WaveState
from edition_migration.domain.names import WaveRef
from edition_migration.domain.states import OPEN, MigrationState
from edition_migration.domain.waves import WaveCommandKind
from edition_migration.ports.row_files import FileForm, RowFiles
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_listing import PARKED
from edition_migration.ports.store_waves import WaveOrder

RESULT_FORM = FileForm("utf-8-sig", ",")
"""With a byte order mark, without which spreadsheets take umlauts for something else."""

PROBLEMS = 10
"""How many users whom something stops `wave watch` names."""

_OPEN = frozenset(OPEN)


class WaveQueries:
    """Answers `wave list`, `wave show`, `wave watch` and `wave report`."""

    def __init__(self, *, store: Store, files: RowFiles) -> None:
        self._store = store
        self._files = files

    async def named(self, org_id: str | None, wave_id: str) -> Wave:
        """The wave of this id. Raises NotFound with ids close to the one given."""
        async with self._store.read() as uow:
            return await wave_named(uow, org_id, wave_id)

    async def list(self, org_id: str | None) -> views.WaveList:
        """Raises NotFound for an unknown organization."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org_id)).org_id
            counts = await uow.members.counts(org_id)
            waves = [it for it in await uow.waves.of_organization(org_id) if it.size]
        lines = (views.WaveLine.model_validate(_line(it, counts.get(it.wave_id, {}))) for it in waves)
        return views.WaveList(org_id=org_id, waves=tuple(lines))

    async def show(self, org_id: str | None, wave_id: str) -> views.WaveDetail:
        """Raises NotFound."""
        async with self._store.read() as uow:
            return await self._detail(uow, await wave_named(uow, org_id, wave_id))

    async def board(self, org_id: str | None, wave_id: str) -> views.WaveBoard:
        """All that `wave watch` shows, in one look. Raises NotFound."""
        async with self._store.read() as uow:
            wave = await wave_named(uow, org_id, wave_id)
            mails = await uow.listing.mails_of_wave(wave.org_id, wave.wave_id)
            parked = await uow.listing.page(wave.org_id, replace(PARKED, wave_id=wave.wave_id), PROBLEMS)
            return views.WaveBoard(
                wave=await self._detail(uow, wave),
                mails=mail_counts(mails),
                capacity=await capacity_of(uow, wave.org_id),
                pauses=await running_pauses(uow, wave.org_id),
                problems=tuple(_problem(line.migration) for line in parked),
            )

    async def _detail(self, uow: UnitOfWork, wave: Wave) -> views.WaveDetail:
        counts = await uow.members.counts_of(wave.org_id, wave.wave_id)
        orders = await uow.waves.orders(wave.org_id, wave.wave_id)
        to_release = await uow.members.to_release_count(wave.org_id, wave.wave_id)
        return views.WaveDetail.model_validate(
            {
                **_line(wave, counts),
                "org_id": wave.org_id,
                "workflow_id": WaveRef(org_id=wave.org_id, wave_id=wave.wave_id).workflow_id,
                "activation": wave.activation,
                "activation_delay": wave.activation_delay,
                "reported_at": wave.reported_at,
                "to_release": to_release,
                "deselected": wave.size - sum(counts.values()),
                "waits": _waits(wave, orders),
                "states": _states(counts),
                "orders": [views.WaveOrderLine(at=it.at, kind=it.kind, actor=it.actor) for it in orders],
            }
        )

    async def report(self, org_id: str | None, wave_id: str) -> views.WaveReport:
        """Raises NotFound."""
        result = await self._result(org_id, wave_id)
        return views.WaveReport(
            org_id=result.wave.org_id,
            wave_id=result.wave.wave_id,
            state=result.wave.state,
            states=_states(dict(result.outcome.counts)),
            deselected=result.outcome.deselected,
            users=tuple(
                views.MemberLine(
                    user_id=it.user_id,
                    email=it.email,
                    status=it.state,
                    reason=it.reason,
                    since=it.since,
                    next_step=it.next_step,
                )
                for it in result.members
            ),
        )

    async def write_report(self, org_id: str | None, wave_id: str, path: Path) -> int:
        """The result file, as the mail has it; how many users. Raises NotFound, InvalidInput for the path."""
        sheet = (await self._result(org_id, wave_id)).sheet
        with self._files.write(path, COLUMNS, RESULT_FORM) as file:
            for row in sheet.rows:
                file.write(dict(zip(COLUMNS, row, strict=True)))
        return len(sheet.rows)

    async def _result(self, org_id: str | None, wave_id: str) -> WaveResult:
        async with self._store.read() as uow:
            wave = await wave_named(uow, org_id, wave_id)
            return await wave_result(uow, wave.org_id, wave.wave_id)


async def wave_named(uow: UnitOfWork, org_id: str | None, wave_id: str) -> Wave:
    """The wave of this id. Raises NotFound with ids close to the one given."""
    org_id = (await organization_named(uow, org_id)).org_id
    wave = await uow.waves.get(org_id, wave_id)
    if wave is not None:
        return wave
    known = [it.wave_id for it in await uow.waves.of_organization(org_id) if it.size]
    nearest = [it for it in known if it.startswith(wave_id)] or get_close_matches(wave_id, known)
    mend = "see `starter.py wave list`"
    raise NotFound("there is no wave of this id", typed=(wave_id,), nearest=tuple(nearest[:5]), mend=mend)


def _problem(row: Migration) -> views.Problem:
    assert row.attention is not None, "who is parked has a reason"
    return views.Problem(user_id=row.user_id, attention=row.attention, since=row.attention_at)


def _waits(wave: Wave, orders: Sequence[WaveOrder]) -> str | None:
    """Of a paused wave. A command is the last of its commands then; a pilot that is through leaves none."""
    if wave.state is not WaveState.PAUSED:
        return None
    if orders and orders[-1].kind is WaveCommandKind.PAUSE:
        return "until it is resumed (`starter.py wave resume`): a command paused it"
    return "until the pilot is found good (`starter.py wave resume`): the pilot is through and paused it"


def _line(wave: Wave, counts: Mapping[MigrationState, int]) -> dict[str, object]:
    return {
        "wave_id": wave.wave_id,
        "actor": wave.actor,
        "state": wave.state,
        "users": wave.size,
        "released": wave.released,
        "finished": wave.size - sum(count for state, count in counts.items() if state in _OPEN),
        "pilot": wave.pilot,
        "release_at": wave.release_at,
        "created_at": wave.created_at,
    }


def _states(counts: Mapping[MigrationState, int]) -> tuple[views.MemberCount, ...]:
    """In the order of the states."""
    return tuple(views.MemberCount(state=it, users=counts[it]) for it in MigrationState if it in counts)
