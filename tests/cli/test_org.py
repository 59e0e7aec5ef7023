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


def test_an_organization_is_named_as_elsewhere_too(cli: CommandLine, file: Path) -> None:
    cli.run("org", "apply", str(file))
    assert cli.json("org", "show", "--org", "acme") == cli.json("org", "show", "acme")
    unknown = cli.run("org", "show", "--org", "amce")
    assert (unknown.exit_code, unknown.stderr.splitlines()[0]) == (
        4,
        "Error: there is no organization of this id: 'amce'",
    )
    twice = cli.run("org", "show", "acme", "--org", "acme")
    assert (twice.exit_code, twice.stderr.splitlines()[-1]) == (
        2,
        "Error: name the organization once, with or without --org",
    )


def test_a_file_is_applied_and_its_changes_shown(cli: CommandLine, file: Path) -> None:
    result = cli.run("org", "apply", str(file))
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "Changes"
    assert "licensesPurchased 0 2" in lines
    assert "domains - acme.example" in lines
    assert cli.gateway.rung == ["organization/acme"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("id: [acme\n", "line 2: is no YAML (expected ',' or ']', but got '<stream end>'); mend it"),
        ("id: acme\nname: A\nid: b\n", "line 3: gives a key a second time; keep one of them"),
        ("", "id: is missing, since the file is empty, a list or a plain text; begin with a line like id: acme"),
        ("id: \x01\n", "-: is no YAML; remove control characters"),
    ],
)
def test_a_document_that_cannot_be_read_is_named_by_line(cli: CommandLine, text: str, shown: str) -> None:
    result = cli.run("org", "apply", "-", given=text)
    assert result.exit_code == 3
    assert shown in result.stderr


@pytest.fixture
def smaller(cli: CommandLine, file: Path) -> Path:
    """A file that gives up a domain of the provisioned organization."""
    cli.run("org", "apply", str(file))
    cli.apply_events()
    file.write_text(yaml.safe_dump({"id": "acme", "domains": ["acme.example"]}))
    return file


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


def test_no_organization_at_all(cli: CommandLine) -> None:
    result = cli.run("status")
    assert (result.exit_code, "there is no organization yet" in result.stderr) == (4, True)


def test_of_several_organizations_one_must_be_named(cli: CommandLine) -> None:
    cli.put()
    cli.put(org_id="globex")
    result = cli.run("status")
    assert result.exit_code == 4
    assert result.stderr == (
        "Error: there are several organizations\n  Near it: acme, globex\n"
        "What helps: name one with --org; `starter.py org list` shows them\n"
    )


def test_one_that_a_file_says_who_it_is_is_one_of_several(cli: CommandLine) -> None:
    """Before it is provisioned, too: a command that means it must not change another."""
    cli.put()
    cli.run("org", "apply", "-", given="id: globex\nname: Globex\n")
    assert cli.run("select", "--all", "--yes").exit_code == 4


def test_one_that_was_only_heard_of_is_in_nobodys_way(cli: CommandLine) -> None:
    cli.put()
    cli.run("org", "apply", "-", given="id: acmee\n")
    assert [(it["org_id"], it["status"]) for it in cli.json("org", "list")["organizations"]] == [
        ("acme", "provisioned"),
        ("acmee", "known"),
    ]
    assert cli.json("status")["org_id"] == "acme"
    assert cli.json("status", "--org", "acmee")["org_id"] == "acmee"


def test_of_several_that_are_only_known_one_must_be_named(cli: CommandLine) -> None:
    for org_id in ("acme", "acmee"):
        cli.run("org", "apply", "-", given=f"id: {org_id}\n")
    result = cli.run("status")
    assert (result.exit_code, "Near it: acme, acmee" in result.stderr) == (4, True)


def test_of_a_new_organization_it_is_said_that_it_is_new(cli: CommandLine) -> None:
    is_new = "The organization is new: nobody has heard of this id before.\n"
    dry = cli.run("org", "apply", "-", "--dry-run", given="id: acmee\n")
    assert [line.split() for line in dry.stdout.splitlines()][-1] == ["id", "-", "acmee"]
    assert dry.stderr == f"{is_new}Dry run: nothing was changed.\n"
    assert cli.run("org", "apply", "-", given="id: acmee\n").stderr == is_new
    assert cli.run("org", "apply", "-", given="id: acmee\nname: Acme\n").stderr == ""


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
