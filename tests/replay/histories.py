"""The committed corpus of histories: `pytest --record-histories tests/replay/histories` writes it, a test replays it.

Any test that starts workflows may call `record`. What is recorded holds opaque ids only.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory

FOLDER = Path(__file__).parent / "histories"
PROCESS = re.compile(r"\b[\w-]*\d+@[\w.-]+")
"""The SDK's name of a process: its id and its host."""


async def record(folder: Path, name: str, handles: Iterable[WorkflowHandle[Any, Any]]) -> None:
    """Writes the history of each workflow's newest run as `{name}-{kind}-{number}.json`."""
    for number, handle in enumerate({handle.id: handle for handle in handles}.values(), start=1):
        kind = handle.id.partition("/")[0]
        _write(folder, f"{name}-{kind}-{number}", await handle.fetch_history())


def _write(folder: Path, name: str, history: WorkflowHistory) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name.removeprefix("test_"))
    (folder / f"{stem}.json").write_text(json.dumps(_without_machine(json.loads(history.to_json()))) + "\n")


def _without_machine(value: Any) -> Any:
    """Replay needs neither who ran it nor where our files lay."""
    if isinstance(value, dict):
        return {key: "" if key == "stackTrace" else _without_machine(it) for key, it in value.items()}
    if isinstance(value, list):
        return [_without_machine(it) for it in value]
    return PROCESS.sub("worker", value) if isinstance(value, str) else value


def corpus(folder: Path = FOLDER) -> list[WorkflowHistory]:
    """All committed histories, by file name; the file's name stands in for the workflow's id."""
    return [WorkflowHistory.from_json(path.stem, path.read_text()) for path in sorted(folder.glob("*.json"))]
