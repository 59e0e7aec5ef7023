"""Every key of an organization's file as a row: what it means, its default, what it may be, an example.

Made from the models, so that it cannot differ from what `org apply` takes. Used by `config --organization` and by what
writes the reference of settings.
"""

import json
import types
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from edition_migration.domain.organization_file import OrganizationFile, SettingsEntry

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "max_length": "at most"}
_OF_LENGTH = "max_length"
_AT_THE_TOP = (SettingsEntry, "help_url")
"""A setting that the file has outside of `settings`."""
_FORMS: dict[Any, str] = {bool: "on or off", int: "whole number", float: "number", str: "text"}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


class OrganizationRow(BaseModel):
    """One key. `path` is as in the file, e.g. `settings.quietHours.begins`; `form` says what is written there.

    `default` holds while no file ever named the key; empty where there is none. `limits` and `example` may be empty.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    form: str
    default: str
    limits: str
    meaning: str
    example: str


class OrganizationKeys(BaseModel):
    """`config --organization --json`."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[OrganizationRow, ...]


def organization_rows() -> tuple[OrganizationRow, ...]:
    """All keys in the order of the models, each before what it holds."""
    return tuple(_rows(OrganizationFile, ""))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[OrganizationRow]:
    for name, field in model.model_fields.items():
        if (model, name) == _AT_THE_TOP:
            continue
        path, kind = f"{prefix}{field.alias or name}", _kind(field.annotation)
        nested = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        yield OrganizationRow(
            path=path,
            form="keys below" if nested else _form(kind),
            default="" if nested or field.is_required() else written(field.get_default(call_default_factory=True)),
            limits=_limits(field),
            meaning=field.description or "",
            example=written(field.examples[0]) if field.examples else "",
        )
        if nested:
            yield from _rows(nested, f"{path}.")


def written(value: object) -> str:
    """A value as a YAML file writes it on one line; empty for none."""
    if value is None or value in ("", (), [], {}):
        return ""
    match value:
        case bool():
            return "on" if value else "off"
        case timedelta():
            return _span(value)
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"  # pyright: ignore[reportUnknownArgumentType]
        case dict():
            items: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
            return "{" + ", ".join(f"{name}: {written(it)}" for name, it in items.items()) + "}"
        case str() if value.replace(".", "").isdigit() or _is_time(value):
            return json.dumps(value)  # in quotes, or it would be read as a number
        case _:
            return str(value)


def _is_time(text: str) -> bool:
    return text.replace(":", "").isdigit()


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return next((f"{seconds // size}{unit}" for unit, size in _UNITS if seconds and seconds % size == 0), "0s")


def _kind(annotation: Any) -> Any:
    """The type itself, without None and without what is checked about it."""
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    if _is_optional(annotation):
        return _kind(next(it for it in get_args(annotation) if it is not type(None)))
    return annotation


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


def _form(kind: Any) -> str:
    if kind is timedelta:
        return "duration like 7d, 12h or 30m"
    if get_origin(kind) is tuple:
        return "list"
    if get_origin(kind) is dict:
        return "names with values"
    if issubclass(kind, Enum):
        return " or ".join(str(it.value) for it in kind)
    return _FORMS[kind]


def _limits(field: FieldInfo) -> str:
    """In words. A lower bound of nothing is no limit worth a word."""
    found: list[str] = []
    unit = " entries" if get_origin(_kind(field.annotation)) is tuple else " characters"
    for rule in _rules(field):
        for name, words in _BOUNDS.items():
            bound = getattr(rule, name, None)
            if bound is not None and not (name in {"ge", "gt"} and not bound):
                found.append(f"{words} {written(bound)}{unit if name == _OF_LENGTH else ''}")
    return ", ".join(found)


def _rules(field: FieldInfo) -> Iterator[Any]:
    yield from field.metadata
    for part in get_args(field.annotation) if _is_optional(field.annotation) else ():
        for rule in getattr(part, "__metadata__", ()):
            yield from rule.metadata if isinstance(rule, FieldInfo) else (rule,)
