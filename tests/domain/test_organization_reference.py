"""The rows of an organization's file say what the file takes: every key, its meaning, and an example that is valid."""

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from edition_migration.domain.organization import OrganizationSettings
from edition_migration.domain.organization_file import OrganizationFile
from edition_migration.domain.organization_reference import OrganizationRow, organization_rows

ROWS = {row.path: row for row in organization_rows()}


def test_every_key_has_a_meaning_and_every_plain_one_an_example() -> None:
    assert [path for path, row in ROWS.items() if not row.meaning] == []
    assert [path for path, row in ROWS.items() if row.form != "keys below" and not row.example] == []


def test_a_file_of_all_examples_is_taken_and_names_every_key() -> None:
    document: dict[str, Any] = {}
    for path, row in ROWS.items():
        *parents, key = path.split(".")
        place = document
        for parent in parents:
            place = place[parent]
        place[key] = {} if row.form == "keys below" else yaml.safe_load(row.example)
    file = OrganizationFile.parse(document)
    assert list(paths(file.model_dump(by_alias=True, exclude_unset=True, mode="json"), document)) == []
    assert set(OrganizationSettings.model_fields) - file.settings.model_fields_set == {"help_url"}


def paths(known: dict[str, Any], given: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Keys of `given` that the model lost."""
    for key, value in given.items():
        if key not in known:
            yield f"{prefix}{key}"
        elif isinstance(value, dict) and isinstance(known[key], dict):
            yield from paths(known[key], value, f"{prefix}{key}.")


def test_defaults_and_limits_are_those_of_the_model() -> None:
    assert ROWS["settings.undoWindow"] == OrganizationRow(
        path="settings.undoWindow",
        form="duration like 7d, 12h or 30m",
        default="30d",
        limits="at most 365d",
        meaning="How long a finished migration can be undone",
        example="30d",
    )
    assert ROWS["settings.quietHours.begins"].default == '"18:00"'
    assert ROWS["settings.minimumClient"].default == '"6.0"'
    assert ROWS["settings.selection"].form == "manual or automatic"
    assert ROWS["settings.newLinksPerDay"].limits == "at least 1, at most 20"
    assert ROWS["domains"].limits == "at most 1000 entries"
    assert ROWS["id"].default == ""


def test_a_setting_that_stands_at_the_top_of_the_file_is_named_there_alone() -> None:
    assert "helpUrl" in ROWS
    assert "settings.helpUrl" not in ROWS


def test_each_default_of_a_setting_is_what_an_organization_has_without_a_file() -> None:
    settings: BaseModel = OrganizationSettings()
    plain = {path.removeprefix("settings."): row for path, row in ROWS.items() if path.startswith("settings.")}
    assert plain["linkLifetime"].default == "7d"
    assert plain["mailsPerSecond"].default == ""
    assert plain["password.minimumLength"].default == str(settings.model_dump()["password"]["minimum_length"])
