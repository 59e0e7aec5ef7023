"""What the programs of a chaos run leave each other, in one folder: a line of JSON for each thing that happened."""

import json
import time
from pathlib import Path
from typing import Any

SINK, FAULTS, CHOSEN, EVENTS, SETTING = "sink.jsonl", "faults.jsonl", "chosen.jsonl", "events.jsonl", "setting.json"


class Notes:
    """Appends to one file, each line at once, so that another program may read along."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / name).open("a", buffering=1)

    def add(self, **line: Any) -> None:
        self._file.write(json.dumps({"at": time.time(), **line}) + "\n")


def read_notes(folder: Path, name: str) -> list[dict[str, Any]]:
    """All whole lines so far."""
    file = folder / name
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
