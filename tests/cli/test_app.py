"""The command line as a whole: help, exit codes, failures without a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from edition_migration.domain.errors import (
    ConfigurationError,
    Conflict,
    StoreUnavailable,
    TemporalUnavailable,
)
from tests.cli.conftest import CommandLine

STARTER = Path(__file__).parents[2] / "starter.py"
VERBS = (
    "setup",
    "secrets",
    "doctor",
    "config",
    "org",
    "import",
    "event",
    "inbox",
    "pending",
    "export",
    "plan",
    "select",
    "exclude",
    "deselect",
    "activate",
    "extend",
    "cancel",
    "undo",
    "parked",
    "retry",
    "fix-address",
    "resend",
    "status",
    "wave",
    "pause",
    "resume",
    "mails",
    "user",
    "reconcile",
    "audit",
    "demo",
)
HEAVY = ("temporalio", "sqlalchemy", "pydantic", "pydantic_settings", "alembic", "jinja2", "yaml", "rich.table")


def test_help_names_every_verb_and_every_exit_code(cli: CommandLine) -> None:
    result = cli.run("--help")
    assert result.exit_code == 0
    for verb in VERBS:
        assert f"\n  {verb} " in result.stdout
    assert "\n    9 a fault of this program\n" in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, edition_migration.cli.app; print([it for it in {HEAVY} if it in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("failure", "code", "shown"),
    [
        (
            StoreUnavailable("the database cannot answer", mend="start it"),
            5,
            "On a new machine, run `starter.py setup`",
        ),
        (TemporalUnavailable("nobody answers", mend="start it"), 6, "Error: nobody answers\nWhat helps: start it\n"),
        (Conflict("used before", mend="take another id"), 7, "Error: used before\nWhat helps: take another id\n"),
        (
            ConfigurationError("LINK_KEYS is missing", mend="set it"),
            8,
            "Error: LINK_KEYS is missing\nWhat helps: set it\n",
        ),
        (ValueError("ana@acme.example"), 9, "Error: this program has a fault (ValueError).\n"),
    ],
)
def test_each_failure_has_its_exit_code_and_its_mend_and_no_traceback(
    cli: CommandLine, failure: Exception, code: int, shown: str
) -> None:
    cli.failure = failure
    result = cli.run("status")
    assert (result.exit_code, result.stdout) == (code, "")
    assert shown in result.stderr
    assert "Traceback" not in result.stderr
    assert "ana@" not in result.stderr


def test_debug_shows_the_failure_itself(cli: CommandLine) -> None:
    cli.failure = ValueError("inside")
    assert cli.run("--debug", "status").exception is cli.failure


def test_an_unknown_verb_is_wrong_usage_with_the_nearest(cli: CommandLine) -> None:
    result = cli.run("statsu")
    assert result.exit_code == 2
    assert "Did you mean 'status'" in result.stderr


def test_a_reader_who_has_enough_is_no_failure() -> None:
    command = [sys.executable, str(STARTER), "config", "--organization", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        shown = running.stderr.read()
    assert (running.returncode, shown) == (0, b"")


def test_setup_says_what_it_did(cli: CommandLine) -> None:
    result = cli.run("setup")
    assert (result.exit_code, result.stdout) == (0, "Database: schema 0001\nTemporal: namespace default is there\n")


def test_setup_makes_the_namespace_where_that_is_asked_for(cli: CommandLine) -> None:
    assert "namespace new is there" in cli.run("setup", "--create-namespace").stdout


def test_setup_without_temporal_says_so(cli: CommandLine) -> None:
    cli.failure = TemporalUnavailable("no Temporal service answers", mend="start it, or set TEMPORAL_ADDRESS")
    assert cli.run("setup").exit_code == 6


def test_secrets_are_new_each_time_and_fit_the_settings(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    from edition_migration.settings import load_settings

    first = cli.run("secrets").stdout
    assert first != cli.run("secrets").stdout
    for line in first.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    assert len(load_settings().webhook_secret_list) == 1
