"""`org apply` and `org show`."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from edition_migration.cli import output
from tests.cli.conftest import CommandLine

FILE: dict[str, Any] = {
    "id": "acme",
    "name": "Acme",
    "domains": ["acme.example", "acme-asia.example"],
    "administrators": ["admin@acme.example"],
    "notificationEmail": "it@acme.example",
    "clientDownloadUrl": "https://acme.example/client",
    "licensesPurchased": 2,
    "storagePurchasedMb": 100,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(yaml.safe_dump(FILE))
    return path


def test_a_file_is_applied_and_its_changes_shown(cli: CommandLine, file: Path) -> None:
    result = cli.run("org", "apply", str(file))
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "Changes"
    assert "licensesPurchased 0 2" in lines
    assert "domains - acme.example" in lines
    assert cli.gateway.rung == ["organization/acme"]


def test_the_second_time_nothing_changes_and_it_says_so(cli: CommandLine, file: Path) -> None:
    cli.run("org", "apply", str(file))
    result = cli.run("org", "apply", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Nothing to change: all that the file says holds, or is on its way.\n"


def test_changes_are_one_json_document(cli: CommandLine) -> None:
    assert cli.json("org", "apply", "-", given="id: acme\nlicensesPurchased: 3\n") == {
        "changes": [{"path": "licensesPurchased", "before": 0, "after": 3, "removes": False}]
    }


def test_every_problem_of_a_file_is_shown(cli: CommandLine) -> None:
    result = cli.run("org", "apply", "-", given="id: acme\ndomains: [gmail.com]\nlicences: 3\n")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == (
        "Error: The organization file is not valid; nothing was changed.\n"
        "  domains[0]: is a public mail domain; use a domain that the organization owns\n"
        "  licences: is not known here; remove it, or correct its name\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("id: [acme\n", "line 2: is no YAML (expected ',' or ']', but got '<stream end>'); mend it"),
        ("id: acme\nname: A\nid: b\n", "line 3: gives a key a second time; keep one of them"),
        ("", "is no object; give an object with named fields"),
        ("id: \x01\n", "-: is no YAML; remove control characters"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_by_line(cli: CommandLine, text: str, shown: str) -> None:
    result = cli.run("org", "apply", "-", given=text)
    assert result.exit_code == 3
    assert shown in result.stderr


def test_a_missing_file_is_named(cli: CommandLine) -> None:
    result = cli.run("org", "apply", "nowhere.yaml")
    assert result.exit_code == 3
    assert "nowhere.yaml: cannot be read (No such file or directory)" in result.stderr


@pytest.fixture
def smaller(cli: CommandLine, file: Path) -> Path:
    """A file that gives up a domain of the provisioned organization."""
    cli.run("org", "apply", str(file))
    cli.apply_events()
    file.write_text(yaml.safe_dump({"id": "acme", "domains": ["acme.example"]}))
    return file


def test_giving_up_a_domain_needs_consent_where_nobody_can_be_asked(cli: CommandLine, smaller: Path) -> None:
    result = cli.run("org", "apply", str(smaller))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No longer domains of this organization: acme-asia.example." in result.stderr
    assert "add --yes if this is what you want" in result.stderr


def test_giving_up_a_domain_with_consent(cli: CommandLine, smaller: Path) -> None:
    assert cli.run("org", "apply", str(smaller), "--yes").exit_code == 0
    cli.apply_events()
    assert [it["name"] for it in cli.json("org", "show")["domains"]] == ["acme.example"]


def test_at_a_terminal_no_is_the_end_of_it(cli: CommandLine, smaller: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    assert cli.run("org", "apply", str(smaller), given="n\n").exit_code == 1
    assert len(cli.json("org", "show")["domains"]) == 2
    assert cli.run("org", "apply", str(smaller), given="y\n").exit_code == 0


def test_show_gives_everything_that_holds(cli: CommandLine) -> None:
    cli.put()
    shown = cli.json("org", "show", "acme")
    assert {name: shown[name] for name in ("org_id", "name", "status", "administrators", "policy_revision")} == {
        "org_id": "acme",
        "name": "Acme Cooperative",
        "status": "provisioned",
        "administrators": ["admin@acme.example"],
        "policy_revision": 1,
    }
    assert shown["capacity"] == {
        "licenses_purchased": 2,
        "licenses_reserved": 0,
        "licenses_used": 0,
        "licenses_free": 2,
        "storage_purchased_mb": 1000,
        "storage_reserved_mb": 0,
        "storage_used_mb": 0,
        "storage_free_mb": 1000,
        "waiting": 0,
        "waiting_for": None,
    }
    table = cli.run("org", "show")
    assert table.exit_code == 0
    assert "acme.example   2026-11-21 12:00" in table.stdout


def test_an_unknown_organization_is_not_found_with_the_nearest(cli: CommandLine) -> None:
    cli.put()
    result = cli.run("org", "show", "amce")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == (
        "Error: there is no organization of this id\n  Near it: acme\nWhat helps: see `starter.py org list`\n"
    )


def test_no_organization_at_all(cli: CommandLine) -> None:
    result = cli.run("status")
    assert (result.exit_code, "there is no organization yet" in result.stderr) == (4, True)


def test_of_several_organizations_one_must_be_named(cli: CommandLine) -> None:
    cli.put()
    cli.run("org", "apply", "-", given="id: globex\n")
    result = cli.run("status")
    assert result.exit_code == 4
    assert result.stderr == (
        "Error: there are several organizations\n  Near it: acme, globex\nWhat helps: name one with --org\n"
    )


def test_settings_are_shown_as_the_file_names_and_writes_them(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text('id: acme\nsettings: {warningPeriod: 5d, quietHours: {begins: "20:00"}}\n')
    applied = cli.run("org", "apply", str(file)).stdout
    assert [line.split() for line in applied.splitlines() if "settings." in line] == [
        ["settings.warningPeriod", "0s", "5d"],
        ["settings.quietHours", "-", "begins", "20:00,", "ends", "08:00,", "weekends", "yes"],
    ]
    lines = [line.split() for line in cli.run("org", "show", "acme").stdout.splitlines()]
    shown = {line[0]: line[1] for line in lines if len(line) == 2}
    for name, value in {
        "warningPeriod": "5d",
        "quietHours.begins": "20:00",
        "mailsPerSecond": "-",
        "password.minimumLength": "15",
    }.items():
        assert shown[name] == value
