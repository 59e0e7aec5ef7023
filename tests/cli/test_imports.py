"""`import users` and `import contacts`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("email,displayName,building\nana@acme.example,Ana,north\nbo@acme.example,Bo,south\n")
    return path


def test_users_are_imported_and_counted(cli: CommandLine, file: Path) -> None:
    cli.put()
    result = cli.run("import", "users", str(file))
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines() if "created" in line] == [["created", "2"]]
    assert result.stderr == (
        f"Skipped columns: building\nStatus and reason of each row: {file.with_name('users.result.csv')}\n"
    )
    assert cli.gateway.rung == ["organization/acme"]


def test_the_report_is_one_json_document(cli: CommandLine, file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    result = cli.run("import", "users", str(file), "--json", "--result", str(target))
    assert json.loads(result.stdout) == {
        "rows": 2,
        "counts": {"created": 2},
        "skipped_columns": ["building"],
        "result": str(target),
        "is_written": True,
    }
    assert target.stat().st_mode & 0o777 == 0o600


def test_refused_rows_show_in_the_exit_code(cli: CommandLine, file: Path) -> None:
    file.write_text("email\nana@acme.example\nnobody\n")
    assert cli.run("import", "users", str(file)).exit_code == 1
    assert cli.run("user", "show", "ana@acme.example").exit_code == 0


def test_a_strict_import_with_a_refused_row_writes_nothing_and_says_so(cli: CommandLine, file: Path) -> None:
    file.write_text("email\nana@acme.example\nnobody\n")
    result = cli.run("import", "users", str(file), "--strict")
    assert result.exit_code == 3
    assert result.stderr.endswith("Nothing was imported, because the import is strict. Rows refused: 1.\n")
    assert cli.run("user", "show", "ana@acme.example").exit_code == 4


def test_contacts_are_imported(cli: CommandLine, file: Path) -> None:
    cli.run("import", "users", str(file))
    file.write_text("email,contactEmail\nana@acme.example,pal@globex.example\n")
    assert cli.json("import", "contacts", str(file))["counts"] == {"imported": 1}
    assert cli.json("user", "show", "ana@acme.example")["contacts"] == 1


def test_temporal_down_does_not_stop_an_import(cli: CommandLine, file: Path) -> None:
    cli.put()
    cli.gateway.is_down = True
    result = cli.run("import", "users", str(file))
    assert result.exit_code == 0
    assert "Temporal is not reachable. The change is saved, and the worker will go on by itself.\n" in result.stderr


def test_an_interrupted_import_says_how_to_go_on(cli: CommandLine, file: Path) -> None:
    cli.put()
    cli.failure = KeyboardInterrupt()
    result = cli.run("import", "users", str(file))
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        "To go on, give the same command again: rows that are imported already change nothing.\n"
        "Interrupted. What was done so far is kept whole; nothing was left half done.\n"
    )
