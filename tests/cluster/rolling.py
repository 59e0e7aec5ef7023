"""Ends and starts one process after the other while migrations run, and notes how it went.

Each as a deployment does it, and then one of each kind by SIGKILL too, as a machine does it that fails.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

from edition_migration.domain.states import TERMINAL
from tests.chaos.notes import FAULTS, SINK, Notes, read_notes
from tests.chaos.people import People
from tests.chaos.play import Play
from tests.cluster.program import Program

DONE_LIMIT = 1800.0
"""Seconds after the last restart in which everybody comes to an end, also on a busy machine."""


class Rolling:
    """First what the service stands on, then the service itself. `result` and `ended_at` hold what `run` found."""

    def __init__(self, people: People, theirs: Sequence[Program], ours: Sequence[Program]) -> None:
        self._people, self._theirs, self._ours = people, theirs, ours
        self._notes = Notes(people.folder, FAULTS)
        self.result: dict[str, Any] = {}
        self.ended_at = 0.0

    async def run(self) -> dict[str, Any]:
        """Until everybody has come to an end; what `Play.end` says. Raises ProgramFailed."""
        scene, begun = Play(self._people), time.monotonic()
        await scene.begin()
        theirs, kills = await self._disturb(self._theirs)
        ours, more_kills = await self._disturb(self._ours)
        await scene.until_done(DONE_LIMIT)
        self.ended_at = time.time()
        seconds = time.monotonic() - begun
        self.result = {
            "seconds_until_all_ended": round(seconds, 1),
            "migrations_per_second": round(len(self._people.persons) / seconds, 2),
            "mails_received": len(read_notes(self._people.folder, SINK)),
            "restarts_of_theirs": theirs,
            "restarts_of_ours": ours,
            "kills": kills | more_kills,
            **self._processes(),
        }
        return await scene.end()

    async def _disturb(self, programs: Sequence[Program]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Their restarts and their kills, by name; of two of a kind, -0 and -1, the first is killed."""
        restarts: dict[str, Any] = {}
        kills: dict[str, Any] = {}
        for it in programs:
            restarts[it.name] = await self._restart(it)
            if not it.name.endswith("-1"):
                kills[it.name] = await self._restart(it, is_killed=True)
        return restarts, kills

    async def _restart(self, program: Program, *, is_killed: bool = False) -> dict[str, Any]:
        figures: dict[str, Any] = {"migrations_open": await self._open()}
        self._notes.add(kind=f"{'kill' if is_killed else 'end'}_{program.name}")
        seconds, code = await program.end(is_killed=is_killed)
        figures |= {"seconds_until_ended": round(seconds, 1), "exit_code": code}
        figures["seconds_until_ready"] = round(await program.start(), 1)
        sys.stderr.write(f"{'killed' if is_killed else 'restarted'} {program.name}: {figures}\n")
        return figures

    async def _open(self) -> int:
        """Migrations that have not come to their end."""
        states = await self._people.progress()
        return len(self._people.persons) - sum(count for state, count in states.items() if state in TERMINAL)

    def _processes(self) -> dict[str, Any]:
        """Most memory of each, at its restart or now; all its processor time; and who is gone without being told."""
        programs = (*self._theirs, *self._ours)
        running = [it for it in programs if it.exit_code is None]
        for program in running:
            program.look()
        return {
            "ended_by_themselves": [it.name for it in programs if it not in running],
            "memory_mib": {it.name: round(it.most_mib) for it in programs},
            "processor_seconds": {it.name: round(it.processor_seconds, 1) for it in programs},
        }
