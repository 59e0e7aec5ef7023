"""What a selection answers for each user: taken, or why not, and what helps."""

from collections.abc import Iterable, Mapping

from edition_migration.domain.commands import CommandAnswer, Verdict
from edition_migration.domain.migration import Migration, Wave
from edition_migration.domain.overview import mend_of
from edition_migration.domain.states import TERMINAL, SkipReason
from edition_migration.ports.store import UnitOfWork


async def other_waves(uow: UnitOfWork, org_id: str, rows: Iterable[Migration], mine: str) -> dict[str, Wave]:
    """The waves of those who were selected before, so that an administrator learns who was faster."""
    wave_ids = {row.wave_id for row in rows if row.wave_id is not None and row.state not in TERMINAL} - {mine}
    return {it.wave_id: it for it in await uow.waves.get_many(org_id, sorted(wave_ids))}


def answer_of(
    user_id: str,
    row: Migration | None,
    is_taken: bool,
    wave: Wave,
    others: Mapping[str, Wave],
    refusal: str | None,
) -> CommandAnswer:
    """Taken into `wave`, or why not: `refusal`, who was faster (of `others`), or where he stands."""
    if row is None:
        return CommandAnswer(
            user_id=user_id, verdict=Verdict.REFUSED, reason="not_found", mend="see `starter.py pending` for who can be"
        )
    if is_taken:
        return _taken(row, wave)
    other = others.get(row.wave_id or "")
    if other is not None:
        mend = f"{other.actor} selected the user at {other.created_at:%Y-%m-%d %H:%M} UTC in wave {other.wave_id}"
        return CommandAnswer(
            user_id=user_id,
            verdict=Verdict.REFUSED,
            state=row.state,
            reason="already_selected",
            mend=mend,
            wave_id=other.wave_id,
        )
    reason = refusal or (row.reason if row.state in TERMINAL and row.reason else f"is_{row.state.lower()}")
    is_administrator = reason == SkipReason.ADMINISTRATOR
    mend = "select him alone, with --administrator" if is_administrator else "see `starter.py user show`"
    return CommandAnswer(user_id=user_id, verdict=Verdict.REFUSED, state=row.state, reason=reason, mend=mend)


def _taken(row: Migration, wave: Wave) -> CommandAnswer:
    """Whom something stops is taken too, and goes on once that is mended: why, and what helps, is said with it."""
    it = row.attention
    mend = mend_of(it) if it is not None else ""
    return CommandAnswer(
        user_id=row.user_id, verdict=Verdict.DONE, state=row.state, reason=it or "", mend=mend, wave_id=wave.wave_id
    )
