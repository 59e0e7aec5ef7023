"""`config`: what is in effect and where it comes from, secrets never; the keys of an organization's file."""

import base64
import json
import os
from pathlib import Path

import pytest

from edition_migration.settings import PREFIX, Settings
from edition_migration.settings_table import described_settings
from tests.cli.conftest import CommandLine

KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = {
    "LINK_KEYS": f"k1:{KEY}",
    "WEBHOOK_SECRETS": f"whsec_{KEY}",
    "PAGE_SECRET": "a page secret of more than 32 characters",
}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working folder, and an environment with nothing of ours but the secrets."""
    for name in [it for it in os.environ if it.startswith((PREFIX, "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    for name, value in SECRETS.items():
        monkeypatch.setenv(PREFIX + name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def row(cli: CommandLine, name: str) -> dict[str, object]:
    rows = cli.json("config")["settings"]
    return next(it for it in rows if it["name"] == PREFIX + name)


def test_every_setting_has_a_line_with_its_meaning(cli: CommandLine) -> None:
    rows = cli.json("config")["settings"]
    assert [it["name"] for it in rows] == [PREFIX + name.upper() for name in Settings.model_fields]
    assert [it["name"] for it in rows if not it["meaning"]] == []


def test_where_a_value_comes_from_is_said_and_the_environment_wins(
    cli: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text(f"{PREFIX}SMTP_HOST=mail.acme.example\n{PREFIX}SMTP_PORT=587\n{PREFIX}WEB_HOST=\n")
    monkeypatch.setenv(f"{PREFIX}SMTP_PORT", "465")
    shown = {
        name: (row(cli, name)["value"], row(cli, name)["source"]) for name in ("SMTP_HOST", "SMTP_PORT", "WEB_HOST")
    }
    assert shown == {
        "SMTP_HOST": ("mail.acme.example", ".env"),
        "SMTP_PORT": ("465", "environment"),
        "WEB_HOST": ("127.0.0.1", "default"),
    }


def test_a_secret_is_only_set_or_not_set(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SMTP_PASSWORD", "s3cret-of-the-relay")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql+asyncpg://app:s3cret-of-the-store@db.example/name")
    monkeypatch.setenv(f"{PREFIX}LINK_BASE", "https://app:s3cret-in-a-url@move.acme.example")
    for arguments in (("config",), ("config", "--json")):
        result = cli.run(*arguments)
        for secret in ("s3cret", KEY, SECRETS["PAGE_SECRET"]):
            assert secret not in result.stdout + result.stderr
    names = ("LINK_KEYS", "SMTP_PASSWORD", "DATABASE_URL", "LINK_BASE")
    assert [row(cli, name)["value"] for name in names] == ["set"] * 4
    monkeypatch.delenv(f"{PREFIX}SMTP_PASSWORD")
    assert row(cli, "SMTP_PASSWORD")["value"] == "not set"


def test_a_database_file_is_shown_as_it_holds_no_password(cli: CommandLine) -> None:
    assert row(cli, "DATABASE_URL")["value"] == "sqlite+aiosqlite:///var/edition-migration.db"


def test_durations_are_shown_as_the_variable_writes_them(cli: CommandLine) -> None:
    assert (row(cli, "DRAIN_TIME")["value"], row(cli, "SIGN_IN_REFUSAL")["default"]) == ("30s", "1s")


def test_settings_that_are_missing_or_wrong_are_named_and_end_with_the_code_of_a_setting(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"{PREFIX}PAGE_SECRET")
    monkeypatch.setenv(f"{PREFIX}LOG_FORMAT", "loud")
    result = cli.run("config")
    assert result.exit_code == 8
    assert result.stderr == (
        f"Wrong: {PREFIX}PAGE_SECRET: is missing\n"
        f"Wrong: {PREFIX}LOG_FORMAT: has not the form asked for; it must match ^(json|console)$\n"
    )
    [line] = [it for it in result.stdout.splitlines() if f"{PREFIX}PAGE_SECRET" in it]
    assert "nowhere: it is required" in line
    assert row(cli, "LOG_FORMAT")["value"] == "loud"


def test_variables_that_nobody_reads_are_named_with_the_nearest(
    cli: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}SMPT_PORT", "587")
    monkeypatch.setenv(f"{PREFIX}ACTOR", "staff-1")
    (folder / ".env").write_text(f"{PREFIX}WHATEVER_IT_IS=1\nTEMPORAL_ADDRESS=temporal:7233\n")
    result = cli.run("config")
    assert (result.exit_code, result.stderr) == (
        0,
        f"Nobody reads {PREFIX}SMPT_PORT (environment); did you mean {PREFIX}SMTP_PORT?\n"
        f"Nobody reads {PREFIX}WHATEVER_IT_IS (.env).\n"
        "Nobody reads TEMPORAL_ADDRESS (.env).\n",
    )


def test_the_keys_of_an_organizations_file_are_listed(cli: CommandLine) -> None:
    keys = {it["path"]: it for it in cli.json("config", "--organization")["keys"]}
    assert keys["settings.warningPeriod"] == {
        "path": "settings.warningPeriod",
        "form": "duration like 7d, 12h or 30m",
        "default": "0s",
        "limits": "at most 90d",
        "meaning": "How long before the block guests are told of it; without one they are blocked at once",
        "example": "7d",
    }
    result = cli.run("config", "--organization")
    assert result.exit_code == 0
    assert result.stdout.startswith("Keys of an organization's file")
    assert "settings.quietHours.weekends" in result.stdout


def test_rows_for_documents_hold_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    before = described_settings()
    monkeypatch.setenv(f"{PREFIX}SMTP_HOST", "mail.acme.example")
    assert described_settings() == before
    by_name = {it.name: it for it in before}
    assert by_name[f"{PREFIX}SMTP_HOST"].value == "127.0.0.1"
    assert json.loads(by_name[f"{PREFIX}LINK_KEYS"].model_dump_json())["is_required"] is True
