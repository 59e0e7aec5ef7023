"""The import contracts of pyproject.toml hold, and importing workflows stays light."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
HEAVY = ("temporalio", "sqlalchemy", "starlette", "pydantic_settings", "jinja2")


def test_each_layer_imports_only_what_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(cache_dir=None) == 0


def test_help_loads_nothing_heavy() -> None:
    """`--help` in half a second: none of HEAVY is imported for it (temporalio alone costs 0.4 s)."""
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "starter.py", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "edition_migration.cli.app" in imported
    assert imported.isdisjoint(HEAVY)
