"""Pictures of the command line from its real output on the organization of `examples/`, as SVG that loads no font.

`python -m docs.site.terminal_pictures` writes `docs/pictures/terminal/*.svg`; a part of `make pictures`.
"""

import asyncio
import io
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from edition_migration.adapters.store.schema import upgrade
from tests.cli.conftest import CommandLine
from tests.docs import world

FOLDER = Path(__file__).parents[1] / "pictures" / "terminal"
PICTURES = {
    "pending": ("pending", "--domain", "acme-europe.example", "--limit", "6"),
    "plan": ("plan", "--domain", "acme-europe.example"),
    "wave-show": ("wave", "show", "WAVE"),
}
COLUMNS = 126
SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As rich's own, without its font, which would be fetched from elsewhere."""


def main() -> None:
    os.environ["COLUMNS"] = str(COLUMNS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        cli = _acme(Path(name))
        for file, arguments in PICTURES.items():
            line = [_wave(cli) if it == "WAVE" else it for it in arguments]
            (FOLDER / f"{file}.svg").write_text(drawn(" ".join(arguments), cli.run(*line).output), encoding="utf-8")


def drawn(command: str, output: str) -> str:
    """The terminal after this command, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    lines = [f"$ starter.py {command}", *(it.rstrip() for it in output.rstrip().splitlines())]
    console.print(Text("\n".join(lines)))
    title = f"starter.py {command.split(' --')[0]}"
    return console.export_svg(title=title, theme=SVG_EXPORT_THEME, code_format=SVG, unique_id="terminal")


def _acme(folder: Path) -> CommandLine:
    url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
    asyncio.run(upgrade(url))
    cli = CommandLine(url)
    world.built(cli, folder)
    return cli


def _wave(cli: CommandLine) -> str:
    """The largest: most can be seen of it."""
    return max(cli.json("wave", "list")["waves"], key=lambda it: it["users"])["wave_id"]


if __name__ == "__main__":
    main()
