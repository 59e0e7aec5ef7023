"""Plain text read as blocks, so that the HTML part of a mail holds the same words as its text part.

Used by the renderer for our own templates and for organizations' own texts alike. The form is plain writing:
paragraphs between blank lines, and lines beginning with "- " are a list, whose heading is the one line above it if that
ends in ":". A line ending in ":" above a line that is nothing but one of the mail's own addresses is its one action;
above an indented line it is a command to type. Only the addresses given become links.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST = "list"
    ACTION = "action"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line; `is_link` where it is one of the mail's own addresses."""

    text: str
    is_link: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a paragraph, items of a list; of an action its label and address, of a command its label and itself."""

    kind: BlockKind
    lines: tuple[tuple[Segment, ...], ...]


_INDENT = "    "


def read_blocks(text: str, links: Sequence[str]) -> Iterator[Block]:
    """The blocks of `text`. Addresses in `links` become links if they are http or https; everything else is words."""
    safe_links = [link for link in links if link.startswith(("https://", "http://"))]
    for chunk in re.split(r"\n\s*\n", text.strip()):
        yield from _blocks_of(chunk.splitlines(), safe_links)


def _blocks_of(lines: list[str], links: Sequence[str]) -> Iterator[Block]:
    if len(lines) == 2 and lines[0].endswith(":"):
        label, below = lines[0], lines[1].strip()
        if below in links:
            yield Block(BlockKind.ACTION, (_words(label.removesuffix(":")), (Segment(below, True),)))
            return
        if lines[1].startswith(_INDENT):
            yield Block(BlockKind.COMMAND, (_words(label), _words(below)))
            return
    runs = list(_runs(lines))
    for kind, run in runs:
        is_heading = kind is BlockKind.PARAGRAPH and len(runs) == 2 and len(run) == 1 and run[0].endswith(":")
        yield Block(BlockKind.HEADING if is_heading else kind, tuple(_segments(line, links) for line in run))


def _runs(lines: list[str]) -> Iterator[tuple[BlockKind, list[str]]]:
    """Neighboring lines of one kind; list items come without their dash."""
    kind, run = BlockKind.PARAGRAPH, list[str]()
    for line in lines:
        is_item = line.startswith("- ")
        here = BlockKind.LIST if is_item else BlockKind.PARAGRAPH
        if here is not kind and run:
            yield kind, run
            run = []
        kind = here
        run.append(line.removeprefix("- ") if is_item else line)
    yield kind, run


def _words(line: str) -> tuple[Segment, ...]:
    return (Segment(line, False),)


def _segments(line: str, links: Sequence[str]) -> tuple[Segment, ...]:
    if not links:
        return _words(line)
    longest_first = sorted(links, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, longest_first))})", line)
    return tuple(Segment(piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)
