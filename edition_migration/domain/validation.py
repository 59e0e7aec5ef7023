"""From pydantic's errors to ours: every fault at once, with its path, its reason and its mend, and never the value.

Used by everything that reads a document from outside: events, `org apply`, imports. Rules that raise InvalidInput
become field validators by `checked`; a rule without a function of its own raises `broken(reason, mend)`.
"""

from collections.abc import Callable, Mapping

from pydantic import AfterValidator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from edition_migration.domain.errors import InvalidInput, Problem

_RULE = "rule_broken"
_MENDS: dict[str, tuple[str, str]] = {
    "missing": ("is missing", "give it"),
    "extra_forbidden": ("is not known here", "remove it, or correct its name"),
    "string_pattern_mismatch": ("has not the form asked for", ""),
    "enum": ("is none of the words allowed", ""),
    "literal_error": ("is none of the words allowed", ""),
    "model_type": ("is no object", "give an object with named fields"),
    "dict_type": ("is no object", "give an object with named fields"),
    "tuple_type": ("is no list", "give a list"),
    "list_type": ("is no list", "give a list"),
    "string_type": ("is no text", "give a text in quotes"),
    "time_delta_parsing": ("is no duration", "write it like 7d, 12h or 30m"),
    "time_delta_type": ("is no duration", "write it like 7d, 12h or 30m"),
    "bool_parsing": ("is neither on nor off", "write on or off"),
}


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
    reason, mend = _MENDS.get(detail["type"], ("is not allowed: " + detail["msg"][:1].lower() + detail["msg"][1:], ""))
    if detail["type"] in {"enum", "literal_error"}:
        mend = f"use {context.get('expected', '')}"
    if detail["type"] == "string_pattern_mismatch":
        mend = f"it must match {context.get('pattern', '')}"
    return Problem(path, reason, mend)
