"""What was typed, said again to whoever typed it: the one place. Nothing else of ours repeats it (decision 14)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from edition_migration.domain.errors import Problem

if TYPE_CHECKING:
    from pydantic import ValidationError

LONGEST = 100


def quoted(text: str) -> str:
    """In quotes; what is no letter, digit or sign is escaped, and a long one is cut: it may come from a file."""
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def line_of(problem: Problem, typed: Mapping[str, str]) -> str:
    """A problem as one line, with what was typed at its path: `--client: '5.x' is no version; ...`."""
    if problem.path not in typed:
        return str(problem)
    return str(problem._replace(reason=f"{quoted(typed[problem.path])} {problem.reason}"))


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def unfit(text: str, reason: str, mend: str, *, option: str | None = None) -> typer.BadParameter:
    """What the parser of an option raises; elsewhere the option must be named."""
    return typer.BadParameter(str(Problem("", f"{quoted(text)} {reason}", mend)), param_hint=option)


def in_our_words(error: typer.BadParameter) -> typer.BadParameter:
    """The same, where pydantic found it, in the words of `domain/validation.py`."""
    from pydantic import ValidationError  # loads pydantic

    if isinstance(error.__cause__, ValidationError):
        error.message = _words_of(error.__cause__)
    return error


def _words_of(error: "ValidationError") -> str:
    """Of the first fault, as typer does. A rule in plain Python, as typer's own of words, says the value itself."""
    from edition_migration.domain.validation import problems_of

    first, problem = error.errors()[0], problems_of(error)[0]._replace(path="")
    if first["type"] == "value_error":
        return problem.reason.removesuffix(".")
    return line_of(problem, {"": str(first["input"])})
