"""The published schemas are the models' own, and accept what the README shows."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from edition_migration.domain.event_schemas import event_schemas, text_of
from edition_migration.domain.events.envelope import EventType
from edition_migration.domain.events.parse import ProvisioningEvent, parse_event

FOLDER = Path(__file__).parents[2] / "docs" / "events"
EXAMPLES = [
    json.loads(text) for text in re.findall(r"```json\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
]


def test_the_published_schemas_are_up_to_date() -> None:
    published = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.schema.json")}
    assert published == {name: text_of(schema) for name, schema in event_schemas().items()}


def test_the_readme_has_one_example_and_one_row_of_each_type() -> None:
    assert [example["type"] for example in EXAMPLES] == list(EventType)
    rows = re.findall(r"^\| `([a-z_.]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert rows == list(EventType)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["type"])
def test_an_example_is_taken_and_fits_its_schema(example: dict) -> None:
    parsed = parse_event(example)
    assert isinstance(parsed, ProvisioningEvent)
    assert parsed.type == example["type"]
    jsonschema.Draft202012Validator(event_schemas()[f"{example['type']}.schema.json"]).validate(example)


@pytest.mark.parametrize("field", ["email", "edition", "status", "storage_used_mb"])
def test_the_schema_of_an_update_forbids_null_as_the_parser_does(field: str) -> None:
    example = {**EXAMPLES[8], "data": {"org_id": "acme", "user_id": "u1", field: None}}
    validator = jsonschema.Draft202012Validator(event_schemas()["user.updated.schema.json"])
    assert {tuple(error.path) for error in validator.iter_errors(example)} == {("data", field)}


@pytest.mark.parametrize("event_type", EventType)
def test_a_schema_is_valid_and_asks_for_the_envelope(event_type: EventType) -> None:
    schema = event_schemas()[f"{event_type}.schema.json"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["id", "source", "specversion", "type", "time", "data"]
