"""The committed corpus of histories: `pytest --record-histories tests/replay/histories` writes it, a test replays it.

Any test that starts workflows may call `record`. What is recorded holds opaque ids only.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory

FOLDER = Path(__file__).parent / "histories"


async def record(folder: Path, name: str, handles: Iterable[WorkflowHandle[Any, Any]]) -> None:
    """Writes the history of each handle's newest run as `{name}-{kind}-{number}.json`."""
    for number, handle in enumerate(handles, start=1):
        kind = handle.id.partition("/")[0]
        _write(folder, f"{name}-{kind}-{number}", await handle.fetch_history())


def _write(folder: Path, name: str, history: WorkflowHistory) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name.removeprefix("test_"))
    (folder / f"{stem}.json").write_text(history.to_json() + "\n")


def corpus(folder: Path = FOLDER) -> list[WorkflowHistory]:
    """All committed histories, by file name; the file's name stands in for the workflow's id."""
    return [WorkflowHistory.from_json(path.stem, path.read_text()) for path in sorted(folder.glob("*.json"))]
