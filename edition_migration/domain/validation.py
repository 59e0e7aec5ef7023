"""From pydantic's errors to ours: every fault at once, with its path, its reason and its mend, and never the value.

Used by everything that reads something from outside: events, `org apply`, imports, settings, options. Rules that raise
InvalidInput become field validators by `checked`; a rule without a function of its own raises `broken(reason, mend)`.
"""

from collections.abc import Callable, Mapping

from pydantic import AfterValidator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.validation_words import words_of

_RULE = "rule_broken"
_OF_PYTHON = ("value_error", "assertion_error")
"""A rule written as plain Python: its own sentence is the reason."""


def broken(reason: str, mend: str = "") -> PydanticCustomError:
    """What a validator raises; `reason` continues a sentence that begins with the path, and repeats no value."""
    return PydanticCustomError(_RULE, "{reason}", {"reason": reason, "mend": mend})


def checked(rule: Callable[[str], str]) -> AfterValidator:
    """A rule of the domain that raises InvalidInput, as a validator of a text field."""

    def validate(text: str) -> str:
        try:
            return rule(text)
        except InvalidInput as refusal:
            first = refusal.problems[0]
            raise broken(first.reason, first.mend) from None

    return AfterValidator(validate)


def problems_of(error: ValidationError, prefix: str = "") -> tuple[Problem, ...]:
    """All faults of one document in the order found, e.g. Problem("data.domains[1]", ...)."""
    return tuple(_problem(detail, prefix) for detail in error.errors(include_url=False, include_input=False))


def path_of(location: tuple[int | str, ...], prefix: str = "") -> str:
    """`("domains", 1)` becomes `domains[1]`."""
    path = prefix
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


def _problem(detail: ErrorDetails, prefix: str) -> Problem:
    path = path_of(detail["loc"], prefix)
    context: Mapping[str, object] = detail.get("ctx", {})
    if detail["type"] == _RULE:
        return Problem(path, str(context["reason"]), str(context["mend"]))
    said = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if detail["type"] in _OF_PYTHON:
        return Problem(path, said)
    words = words_of(detail["type"], context)
    return Problem(path, *(words or ("is not allowed: " + said[:1].lower() + said[1:], "")))
