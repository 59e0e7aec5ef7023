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


class Reading:
    """Reads along in one file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path, self._offset = folder / name, 0

    def news(self) -> list[dict[str, Any]]:
        """The whole lines since the last time."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole = file.read().rpartition(b"\n")[0]
        self._offset += len(whole) + 1 if whole else 0
        return [json.loads(line) for line in whole.splitlines()]


def read_notes(folder: Path, name: str) -> list[dict[str, Any]]:
    """All whole lines so far."""
    return Reading(folder, name).news()
