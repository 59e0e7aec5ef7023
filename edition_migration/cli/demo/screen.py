"""What the person who runs the demo sees: chapters, commands that were used, tables. Plain without a terminal."""

import sys
import time
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 160
ADDRESSES_SHOWN = 3


class Screen:
    def __init__(self) -> None:
        self._console = Console(
            file=sys.stdout, width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, soft_wrap=True
        )
        self._chapter = 0
        self._begun = time.monotonic()

    def chapter(self, title: str) -> None:
        """A numbered heading, with the seconds since the beginning."""
        self._chapter += 1
        seconds = time.monotonic() - self._begun
        self._print(Text(f"\n{self._chapter}. {title}", style="bold") + Text(f"   {seconds:.0f} s", style="dim"))

    def say(self, line: str) -> None:
        self._print(Text(f"   {line}"))

    def command(self, line: str) -> None:
        """A command of the product that is being used; the reader could have typed it."""
        self._print(Text(f"   $ {line}", style="cyan"))

    def output(self, text: str) -> None:
        """What the command wrote."""
        for line in text.splitlines():
            if line.strip():
                self._print(Text(f"     {line.rstrip()}", style="dim"))

    def wrong(self, line: str) -> None:
        self._print(Text(f"   {line}", style="bold red"))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], wrong: Sequence[bool] = ()) -> None:
        """Rows marked wrong stand out, with a mark as well as in color."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in columns:
            table.add_column(name, overflow="fold")
        for number, row in enumerate(rows):
            is_wrong = number < len(wrong) and wrong[number]
            table.add_row(*(Text(cell) for cell in row), style="bold red" if is_wrong else None)
        self._console.print(table)

    def _print(self, text: Text) -> None:
        self._console.print(text)


def few(names: Sequence[str]) -> str:
    """Some of them, and how many more."""
    shown = ", ".join(names[:ADDRESSES_SHOWN])
    return shown if len(names) <= ADDRESSES_SHOWN else f"{shown} and {len(names) - ADDRESSES_SHOWN} more"
