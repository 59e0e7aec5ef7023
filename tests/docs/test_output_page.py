"""docs/reference/output.md names every verb that writes JSON or CSV, and what they write is what it says."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from docs.site.commands_page import command_tree, leaves
from docs.site.output_page import DOCUMENTS, LINES, ON_USERS
from edition_migration.cli.output import camel
from tests.cli.conftest import CommandLine
from tests.docs.world import ROOT, office_in

APART = {"audit export"}
"""It writes entries, not a document."""
ROW_THAT_NAMED = {"plan", "select", "wave retry-failed", *ON_USERS}
"""Their CSV begins with the columns of the file that was given."""
GIVEN = {
    "org apply": ("examples/organization.yaml",),
    "import users": ("examples/users.csv",),
    "import contacts": ("examples/contacts.csv",),
    "event": ("examples/provisioned.json",),
    "plan": ("e1007",),
    "select": ("e1007",),
    "deselect": ("e1006",),
    "exclude": ("e1027", "--yes"),
    "activate": ("e1004",),
    "cancel": ("e1003", "--yes"),
    "undo": ("e1001", "--yes"),
    "extend": ("e1003",),
    "resend": ("e1003",),
    "retry": ("e1005",),
    "fix-address": ("e1005", "juergen@acme-europe.example"),
    "user show": ("e1001",),
    "user timeline": ("e1001",),
    "mails show": ("welcome",),
    "mails preview": ("welcome",),
    "mails undo": ("welcome",),
    "mails set": ("welcome", "welcome.txt"),
}
WITH_WAVE = {"wave show", "wave pause", "wave resume", "wave cancel", "wave report", "wave retry-failed"}
NEED_MORE = {"doctor", "reconcile", "mails send-test"}
"""They ask Temporal or a relay; their own tests compare what they write with their models."""


@pytest.fixture
def office(acme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    shutil.copytree(acme, tmp_path / "office")
    (tmp_path / "office" / "welcome.txt").write_text("Subject: Welcome\n\nYou are through.\n")
    return office_in(tmp_path / "office", monkeypatch)


def arguments_of(office: CommandLine, verb: str) -> list[str]:
    given = [*verb.split(), *GIVEN.get(verb, ())]
    if verb in WITH_WAVE:
        given.append(office.json("wave", "list")["waves"][-1]["wave_id"])
    return [*given, "--yes"] if verb == "wave cancel" else given


@pytest.mark.parametrize("verb", [it for it in DOCUMENTS if it not in NEED_MORE])
def test_the_json_of_a_verb_is_the_document_that_is_described(office: CommandLine, verb: str) -> None:
    result = office.run(*arguments_of(office, verb), "--json")
    document = json.loads(result.stdout)
    assert list(document) == list(DOCUMENTS[verb].model_fields)
    assert DOCUMENTS[verb].model_validate(document)


@pytest.mark.parametrize("verb", [it for it in LINES if it not in NEED_MORE])
def test_the_columns_of_a_verb_are_those_that_are_described(office: CommandLine, verb: str) -> None:
    form = [] if verb == "export" else ["--csv"]
    header = next(csv.reader(office.run(*arguments_of(office, verb), *form).stdout.splitlines()))
    assert header == [camel(name) for name in LINES[verb].model_fields]


def test_every_verb_with_json_or_csv_is_described() -> None:
    options = {verb: {opt for it in command.params for opt in it.opts} for verb, command in leaves(command_tree())}
    assert {verb for verb, its in options.items() if "--json" in its} - APART == set(DOCUMENTS)
    with_csv = {verb for verb, its in options.items() if "--csv" in its} - APART - ROW_THAT_NAMED
    assert with_csv == set(LINES)


def test_the_examples_that_are_given_exist() -> None:
    files = [it for its in GIVEN.values() for it in its if it.startswith("examples/")]
    assert [it for it in files if not (ROOT / it).exists()] == []
