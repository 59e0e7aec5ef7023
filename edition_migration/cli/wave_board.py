"""`wave watch`: a board that changes in place on a terminal, else a line whenever something has changed."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

from edition_migration.cli.output import say, text_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from edition_migration.application.wave_views import WaveBoard

Look = Callable[[], Awaitable["WaveBoard"]]


class Board:
    """Looks every so many seconds until the wave is over. Ctrl-C ends the look and nothing else."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._first: tuple[float, int] | None = None
        """When the first look was, and how many were released then."""

    async def watch(self, look: Look) -> None:
        """Returns when everybody of the wave is finished, or at Ctrl-C."""
        try:
            await (self._live(look) if sys.stdout.isatty() else self._lines(look))
        except asyncio.CancelledError:
            say("No longer watched. The wave goes on.")

    async def _lines(self, look: Look) -> None:
        said = ""
        while True:
            board = await look()
            if (line := self._line(board)) != said:
                typer.echo(line)
                said = line
            if board.is_over:
                return
            await asyncio.sleep(self._every)

    async def _live(self, look: Look) -> None:
        from rich.live import Live

        board = await look()
        with Live(self._page(board), auto_refresh=False) as live:
            while not board.is_over:
                await asyncio.sleep(self._every)
                board = await look()
                live.update(self._page(board), refresh=True)

    def _line(self, board: "WaveBoard") -> str:
        wave = board.wave
        states = ", ".join(f"{it.state} {it.users}" for it in wave.states)
        parts = [f"{wave.state}: {wave.finished} of {wave.users} finished", states, *_mails(board)]
        if problems := ", ".join(f"{it.user_id} {it.attention}" for it in board.problems):
            parts.append(f"stopped: {problems}")
        return "; ".join(part for part in parts if part)

    def _page(self, board: "WaveBoard") -> "RenderableType":
        from rich.console import Group
        from rich.text import Text

        it, capacity = board.wave, board.capacity
        lines = [
            f"Wave {it.wave_id} of {it.org_id}, by {it.actor}: {it.state}",
            f"Users      {it.users} selected, {it.released} released, {it.finished} finished",
            *(f"           {text_of(state.users):>7} {state.state}" for state in it.states),
            *(f"Mails      {line}" for line in _mails(board)),
            f"Licenses   {capacity.licenses_used} used, {capacity.licenses_reserved} reserved, "
            f"{capacity.licenses_free} free, {capacity.waiting} users waiting",
            f"Pace       {self._pace(board)}",
            *([f"Waits      {it.waits}"] if it.waits else []),
            *(f"Paused     since {text_of(pause.started_at)} (UTC) by {pause.actor}" for pause in board.pauses),
            *(f"Stopped    {problem.user_id}: {problem.attention}" for problem in board.problems),
        ]
        return Group(*(Text(line) for line in lines))

    def _pace(self, board: "WaveBoard") -> str:
        """As fast as users were released since the look began, and how long the others take at that."""
        now, wave = time.monotonic(), board.wave
        if self._first is None:
            self._first = (now, wave.released)
        begun, released = self._first
        if not wave.to_release:
            return "all are released; the users decide the rest"
        if wave.released == released or now == begun:
            return f"{wave.to_release} still to release"
        rate = (wave.released - released) / (now - begun)
        return f"{rate * 60:.0f} a minute, about {wave.to_release / rate / 60:.0f} minutes for {wave.to_release} more"


def _mails(board: "WaveBoard") -> list[str]:
    """One line for each kind of mail: how many are in which state."""
    found: dict[str, list[str]] = {}
    for it in board.mails:
        found.setdefault(it.kind, []).append(f"{it.mails} {it.state}")
    return [f"{kind} {', '.join(counts)}" for kind, counts in found.items()]
