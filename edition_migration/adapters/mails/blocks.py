"""Plain text read as blocks, so that the HTML part of a mail holds the same words as its text part.

Used by the renderer for our own templates and for organizations' own texts alike. The form is plain writing:
paragraphs between blank lines, lines beginning with "- " are a list, and a line ending in ":" above a line that is
nothing but one of the mail's own addresses is its one action. Only the addresses given become links.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    LIST = "list"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a line; `is_link` where it is one of the mail's own addresses."""

    text: str
    is_link: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a paragraph, items of a list, or for an action its label and its address."""

    kind: BlockKind
    lines: tuple[tuple[Segment, ...], ...]


def read_blocks(text: str, links: Sequence[str]) -> Iterator[Block]:
    """The blocks of `text`. Addresses in `links` become links if they are http or https; everything else is words."""
    safe_links = [link for link in links if link.startswith(("https://", "http://"))]
    for chunk in re.split(r"\n\s*\n", text.strip()):
        yield from _blocks_of(chunk.splitlines(), safe_links)


def _blocks_of(lines: list[str], links: Sequence[str]) -> Iterator[Block]:
    if len(lines) == 2 and lines[0].endswith(":") and lines[1].strip() in links:
        label, address = lines[0].removesuffix(":"), lines[1].strip()
        yield Block(BlockKind.ACTION, ((Segment(label, False),), (Segment(address, True),)))
        return
    for kind, run in _runs(lines):
        yield Block(kind, tuple(_segments(line, links) for line in run))


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


def _segments(line: str, links: Sequence[str]) -> tuple[Segment, ...]:
    if not links:
        return (Segment(line, False),)
    longest_first = sorted(links, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, longest_first))})", line)
    return tuple(Segment(piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece)
