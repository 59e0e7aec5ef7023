"""The settings in effect, each with where it came from and what it means; and variables that are none of ours.

Used by `starter.py config` and `doctor`, and by what writes the reference of settings.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import get_args

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from edition_migration.settings import PREFIX, Settings, examined_settings, secret_files, variable_of

ENV_FILE = Path(".env")
TEMPORAL_PREFIX = "TEMPORAL_"
OF_THE_COMMAND_LINE = frozenset({f"{PREFIX}ACTOR"})
"""Ours too, but options of commands."""
SET, NOT_SET = "set", "not set"
_USER_IN_URL = re.compile(r"//.*@")
_PLAIN_URL = "sqlite"
"""A database URL that begins so holds no password and is shown."""


class Source(StrEnum):
    ENVIRONMENT = "environment"
    FILE = ".env"
    MOUNTED = "secret file"
    DEFAULT = "default"


class SettingRow(BaseModel):
    """One setting. Of a secret `value` says only whether there is one; `problem` is empty where it is right."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str
    source: Source
    default: str
    is_required: bool
    is_secret: bool
    meaning: str
    problem: str = ""


class StrayVariable(BaseModel):
    """A variable that nothing reads: misspelt, or in the wrong place. `nearest` is the setting it may have meant."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: Source
    nearest: str | None = None


class SettingsTable(BaseModel):
    """`config --json`."""

    model_config = ConfigDict(frozen=True)

    settings: tuple[SettingRow, ...]
    strays: tuple[StrayVariable, ...]


def settings_table() -> SettingsTable:
    """The settings of this process, in the order of the model, also where some are missing or wrong."""
    settings, problems = examined_settings()
    reasons = {it.path: str(it._replace(path="")) for it in problems}
    given_by = {
        Source.ENVIRONMENT: EnvSettingsSource(Settings)(),
        Source.FILE: DotEnvSettingsSource(Settings)(),
        Source.MOUNTED: secret_files(Settings)(),
    }
    rows: list[SettingRow] = []
    for name, field in Settings.model_fields.items():
        source = next((it for it, values in given_by.items() if name in values), Source.DEFAULT)
        problem = reasons.get(variable_of(name), "")
        given = given_by.get(source, {}).get(name) if problem else getattr(settings, name)
        rows.append(_row(name, field, _shown(name, field, given), source, problem))
    return SettingsTable(settings=tuple(rows), strays=stray_variables(os.environ))


def described_settings() -> tuple[SettingRow, ...]:
    """All settings at their defaults, whatever this process has: for documents."""
    fields = Settings.model_fields.items()
    return tuple(_row(name, field, _default(name, field), Source.DEFAULT, "") for name, field in fields)


def stray_variables(environ: Mapping[str, str], file: Path = ENV_FILE) -> tuple[StrayVariable, ...]:
    """Variables of our prefix that no setting has, and Temporal's in `.env`, where Temporal does not look."""
    known = {variable_of(name) for name in Settings.model_fields} | OF_THE_COMMAND_LINE
    in_file = [name.upper() for name in dotenv_values(file)] if file.is_file() else []
    places = [(Source.ENVIRONMENT, [name.upper() for name in environ]), (Source.FILE, in_file)]
    strays = [
        StrayVariable(name=name, source=source, nearest=next(iter(get_close_matches(name, known, 1, 0.8)), None))
        for source, names in places
        for name in names
        if name.startswith(PREFIX) and name not in known
    ]
    misplaced = (name for name in in_file if name.startswith(TEMPORAL_PREFIX) and name not in environ)
    return (*strays, *(StrayVariable(name=name, source=Source.FILE) for name in misplaced))


def _row(name: str, field: FieldInfo, value: str, source: Source, problem: str) -> SettingRow:
    return SettingRow(
        name=variable_of(name),
        value=value,
        source=source,
        default=_default(name, field),
        is_required=field.is_required(),
        is_secret=_is_secret(field),
        meaning=field.description or "",
        problem=problem,
    )


def _default(name: str, field: FieldInfo) -> str:
    """Some are written as their variable is; the model reads them."""
    return "" if field.is_required() else _shown(name, field, field.default)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _shown(name: str, field: FieldInfo, value: object) -> str:
    """A secret is never shown."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if _is_secret(field):
        is_plain = name == "database_url" and str(text).startswith(_PLAIN_URL)
        return str(text) if is_plain else SET if text else NOT_SET
    if _USER_IN_URL.search(str(text)):
        return SET  # wrong, and it may hold a password
    return NOT_SET if text is None else _written(text)


def _written(value: object) -> str:
    """As the variable is written."""
    if not isinstance(value, timedelta):
        return str(value)
    days, rest = divmod(value, timedelta(days=1))
    return f"{days}d" if days and not rest else f"{value.total_seconds():g}s"
