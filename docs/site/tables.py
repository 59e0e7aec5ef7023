"""Markdown tables and headings of the reference pages. Used by the modules that write them."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Made from the code by `make reference`; what is written here by hand is lost. -->"


def page(title: str, *parts: str) -> str:
    """A whole page: its title, the note that it is generated, and its parts, a blank line between them."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell or a line is written so that it does not."""
    lines = [_line(columns), _line(["---"] * len(columns))]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def code(text: object) -> str:
    """As code; nothing for nothing."""
    return f"`{text}`" if text not in {None, ""} else ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
