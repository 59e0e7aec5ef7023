"""What the documents show as commands: fenced blocks with `starter.py`, line by line, and mentions inside a sentence.

A block is one whose fence says nothing, `sh` or `console`. In a `console` block a line after `$ ` is a command and the
others are its output. A line that ends with a backslash goes on in the next one. `# ...` after two blanks is a comment.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PROGRAM = "starter.py"

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_MENTION = re.compile(r"`((?:python )?starter\.py [^`]+)`")
_COMMENT = re.compile(r"(?:^|\s{2,})#.*$")
_ENDS_WITH = re.compile(r"# code (\d+)")
_INTERPRETER = re.compile(r"(?:\.venv/bin/)?python +(?=starter\.py)")


class Part(NamedTuple):
    """One program of a pipe. `arguments` are those of `starter.py`, else the whole of another program."""

    is_ours: bool
    arguments: tuple[str, ...]
    target: str


class Command(NamedTuple):
    """One command line as it is shown, without its comment. `output` is what a console block shows below it."""

    page: str
    line: str
    code: int
    output: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """The programs of its pipe, in order. Raises ValueError for quotes that do not end."""
        words = shlex.shlex(_INTERPRETER.sub("", self.line), posix=True, punctuation_chars="|>")
        words.whitespace_split = True
        parts: list[list[str]] = [[]]
        for word in words:
            parts.append([]) if word == "|" else parts[-1].append(word)
        return tuple(_part(part) for part in parts)

    @property
    def runs(self) -> tuple[tuple[str, ...], ...]:
        """The arguments of each `starter.py` in it."""
        return tuple(part.arguments for part in self.parts if part.is_ours)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands_of(page: Path) -> list[Command]:
    """All that name the program, and what writes a file for one of them, in the page's order."""
    found = [it for kind, body in _blocks(page.read_text(encoding="utf-8")) for it in _commands(page, kind, body)]
    return [it for it in found if PROGRAM in it.line or it.line.startswith("printf ")]


def _part(words: list[str]) -> Part:
    target = ""
    if ">" in words:
        at = words.index(">")
        words, target = words[:at], words[at + 1]
    is_ours = words[0] == PROGRAM
    return Part(is_ours, tuple(words[1:] if is_ours else words), target)


def mentions_of(page: Path) -> list[Command]:
    """Commands inside a sentence; they may hold words in capitals for what the reader fills in."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [Command(name_of(page), " ".join(it.split()), 0, "") for it in _MENTION.findall(text)]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for indent, kind, body in _FENCE.findall(text):
        if kind in {"", "sh", "console"}:
            yield kind, "\n".join(line.removeprefix(indent) for line in body.splitlines())


def _commands(page: Path, kind: str, body: str) -> Iterator[Command]:
    lines = body.replace("\\\n", " ").splitlines()
    if kind != "console":
        yield from (Command(name_of(page), _bare(line), _code(line), "") for line in lines if _bare(line))
        return
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            rest = lines[number + 1 :]
            ends = next((count for count, it in enumerate(rest) if it.startswith("$ ")), len(rest))
            yield Command(name_of(page), _bare(line[2:]), _code(line), "\n".join(rest[:ends]).strip("\n"))


def _code(line: str) -> int:
    found = _ENDS_WITH.search(line)
    return int(found[1]) if found else 0


def _bare(line: str) -> str:
    return _COMMENT.sub("", line).strip()
