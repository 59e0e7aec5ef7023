"""The world of the documents, built once a session."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.docs.world import built


@pytest.fixture(scope="session")
def acme(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that has the organization of the examples in it, and with the examples."""
    folder = tmp_path_factory.mktemp("acme")
    shutil.copyfile(sqlite_template, folder / "store.db")
    built(CommandLine(f"sqlite+aiosqlite:///{folder / 'store.db'}"), folder)
    return folder
