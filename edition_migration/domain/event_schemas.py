"""JSON Schemas of the events, made from the models: `python -m edition_migration.domain.event_schemas` writes them.

They are published in `docs/events/`; a test compares the files with what is made here. A schema says what can be said
in JSON Schema; rules beyond it (public mail domains, known time zones) are checked by `parse_event` only.
"""

import json
from pathlib import Path
from typing import Any

from edition_migration.domain.events.envelope import Envelope, EventType
from edition_migration.domain.events.parse import DATA_MODELS

FOLDER = Path("docs/events")


def event_schemas() -> dict[str, dict[str, Any]]:
    """File name to schema, one for each type."""
    return {f"{event_type}.schema.json": _schema(event_type) for event_type in EventType}


def text_of(schema: dict[str, Any]) -> str:
    """The bytes of a schema's file, as text."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(event_type: EventType) -> dict[str, Any]:
    envelope = Envelope.model_json_schema()
    data = DATA_MODELS[event_type].model_json_schema()
    definitions = data.pop("$defs", {})
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event_type.value,
        "type": "object",
        "required": [*envelope["required"], "data"],
        "properties": {**envelope["properties"], "type": {"const": event_type.value}, "data": data},
    }
    return schema | ({"$defs": definitions} if definitions else {})


def main() -> None:
    """Writes `docs/events/*.schema.json` under the working directory."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, schema in event_schemas().items():
        FOLDER.joinpath(name).write_text(text_of(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
