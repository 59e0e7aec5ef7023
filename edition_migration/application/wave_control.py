"""Commands on a whole wave: pause, resume, cancel. Used by the command line, Updates and native Cancel of a wave."""

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.waves import ENDED
from edition_migration.domain.commands import Verdict
from edition_migration.domain.errors import Conflict, NotFound
from edition_migration.domain.migration import Wave, WaveState
from edition_migration.domain.names import WaveRef
from edition_migration.domain.states import DESELECTABLE, OPEN
from edition_migration.domain.waves import WaveAnswer, WaveCommand, WaveCommandKind
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork
from edition_migration.ports.store_waves import WaveOrder

_TARGET = {
    WaveCommandKind.PAUSE: WaveState.PAUSED,
    WaveCommandKind.RESUME: WaveState.RELEASING,
    WaveCommandKind.CANCEL: WaveState.CANCELLED,
}
_RELEASED = {
    WaveCommandKind.PAUSE: "everybody of it is released; `starter.py pause` holds the organization",
    WaveCommandKind.RESUME: "everybody of it is released; `starter.py wave report` says where they are",
}


class WaveControl:
    """Each command is one transaction on the wave's row, with the doorbell of its workflow."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def control(self, command: WaveCommand) -> WaveAnswer:
        """The command's answer; a refusal is an answer too and changes nothing. A repeat gets the first answer.

        Raises NotFound for an unknown wave, Conflict where the command id was used for another command.
        """
        async with self._store.write() as uow:
            wave = await uow.waves.hold(command.org_id, command.wave_id)
            if wave is None:
                raise NotFound("there is no wave of this id", mend="see `starter.py wave list`")
            first = await uow.waves.order(command.org_id, command.command_id)
            if first is not None:
                return _first_answer(command, first)
            answer = await self._answer(uow, command, wave)
            if answer.verdict is Verdict.DONE and wave.state is not answer.state:
                await self._act(uow, command, answer)
                await uow.commit()
        return answer

    async def _answer(self, uow: UnitOfWork, command: WaveCommand, wave: Wave) -> WaveAnswer:
        """What the command will do to the wave as it stands."""
        target = _TARGET[command.kind]
        if wave.state is target:
            by = await _who(uow, wave, command.kind)
            return _answer(command, Verdict.DONE, target, f"already_{target}", f"done by {by}" if by else "")
        if command.kind is WaveCommandKind.CANCEL:
            return await _cancellation(uow, command, wave)
        if wave.state in ENDED:
            mend = _RELEASED[command.kind] if wave.state is WaveState.RELEASED else "select its users anew"
            return _answer(command, Verdict.REFUSED, wave.state, f"is_{wave.state}", mend)
        return _answer(command, Verdict.DONE, target)

    async def _act(self, uow: UnitOfWork, command: WaveCommand, answer: WaveAnswer) -> None:
        now, org_id = self._clock.now(), command.org_id
        await uow.waves.set_state(org_id, command.wave_id, answer.state)
        await uow.waves.add_order(
            WaveOrder(
                org_id=org_id,
                command_id=command.command_id,
                wave_id=command.wave_id,
                kind=command.kind,
                actor=command.actor,
                at=now,
                answer=answer.model_dump_json(),
            )
        )
        if command.kind is WaveCommandKind.CANCEL:
            await uow.errands.add(org_id, ErrandKind.CANCEL_WAVE, command.wave_id, now)
            await uow.doorbells.add_organization(org_id, now)
        await uow.doorbells.add_wave(WaveRef(org_id=org_id, wave_id=command.wave_id), now)


async def _cancellation(uow: UnitOfWork, command: WaveCommand, wave: Wave) -> WaveAnswer:
    """Refused only where nobody is left to be given back."""
    counts = await uow.members.counts_of(wave.org_id, wave.wave_id)
    deselected = sum(counts.get(state, 0) for state in DESELECTABLE)
    going_on = sum(count for state, count in counts.items() if state in OPEN) - deselected
    if wave.state is WaveState.RELEASED and not deselected:
        mend = "end these migrations with `starter.py cancel --wave`" if going_on else "nothing is left of it to cancel"
        return _answer(command, Verdict.REFUSED, wave.state, "is_released", mend)
    answer = _answer(command, Verdict.DONE, WaveState.CANCELLED)
    return answer.model_copy(update={"deselected": deselected, "going_on": going_on})


def _answer(command: WaveCommand, verdict: Verdict, state: WaveState, reason: str = "", mend: str = "") -> WaveAnswer:
    return WaveAnswer(
        wave_id=command.wave_id, kind=command.kind, verdict=verdict, state=state, reason=reason, mend=mend
    )


async def _who(uow: UnitOfWork, wave: Wave, kind: WaveCommandKind) -> str:
    """Who gave this command, as the last of all; nobody, where the wave came to it by itself."""
    last = next(reversed(await uow.waves.orders(wave.org_id, wave.wave_id)), None)
    return f"{last.actor} at {last.at:%Y-%m-%d %H:%M} UTC" if last is not None and last.kind is kind else ""


def _first_answer(command: WaveCommand, first: WaveOrder) -> WaveAnswer:
    if (first.wave_id, first.kind) != (command.wave_id, command.kind):
        raise Conflict("this command id was used for another command", mend="give each command an id of its own")
    return WaveAnswer.model_validate_json(first.answer)
