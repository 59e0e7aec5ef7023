"""Stdin as a file, for readers that go over a file more than once."""

import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def spooled_stdin(path: Path, sign: Path) -> Generator[Path]:
    """`path` itself; where it is the sign for stdin, a temporary copy of stdin that lives as long as the block."""
    if path != sign:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "stdin.csv"
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield copy
