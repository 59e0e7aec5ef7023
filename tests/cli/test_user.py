"""`user show` and `user timeline`: of the organization named, in the user's own zone too, without a name."""

import json
from datetime import timedelta

from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests import builders
from tests.cli.conftest import CommandLine
from tests.fixtures import records

USER = builders.user("ada", email="ada@acme.example", zone="Europe/Berlin")


def lived(cli: CommandLine) -> None:
    """Ada, selected at noon."""
    cli.put((USER, builders.migration("ada", state=S.SELECTED)))

    async def write(uow: UnitOfWork) -> None:
        at = builders.NOW
        begin = records.entry("block", user_id="ada", at=at, action="block", source=None, target=S.BLOCKED)
        chosen = records.entry("c1", user_id="ada", at=at + timedelta(seconds=5), source=S.BLOCKED, target=S.SELECTED)
        await uow.journal.add([begin, chosen])
        await uow.commit()

    cli.write(write)


def test_a_timeline_is_a_table_with_both_clocks_and_says_where_he_stands(cli: CommandLine) -> None:
    lived(cli)
    result = cli.run("user", "timeline", "Ada@acme.example")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert (result.exit_code, lines[0]) == (0, ["Timeline", "of", "ada"])
    assert lines[1] == ["At", "(UTC)", "At", "(Europe/Berlin)", "Generation", "What", "By", "From", "To"]
    assert lines[3:] == [
        ["2026-11-22", "12:00:00", "2026-11-22", "13:00:00", "1", "block", "staff-1", "-", "BLOCKED"],
        ["2026-11-22", "12:00:05", "2026-11-22", "13:00:05", "1", "select", "staff-1", "BLOCKED", "SELECTED"],
    ]
    assert result.stderr == "Now: SELECTED. Next: instructions are sent (nobody).\nWorkflow: migration/acme/ada/1\n"


def test_a_timeline_as_json_is_one_document(cli: CommandLine) -> None:
    lived(cli)
    view = cli.json("user", "timeline", "ada", "--org", "acme")
    assert (view["org_id"], view["state"], view["zone"]) == ("acme", "SELECTED", "Europe/Berlin")
    assert view["lines"][1] == {
        "at": "2026-11-22T12:00:05Z",
        "kind": "journal",
        "text": "select",
        "actor": "staff-1",
        "generation": 1,
        "source": "BLOCKED",
        "target": "SELECTED",
    }
    assert "ada@acme.example" not in json.dumps(view)


def test_show_takes_the_organization_as_other_verbs_do(cli: CommandLine) -> None:
    lived(cli)
    assert cli.json("user", "show", "ada", "--org", "acme")["migration"]["state"] == "SELECTED"


def test_show_without_a_migration_in_the_organization_named_says_so(cli: CommandLine) -> None:
    lived(cli)

    async def write(uow: UnitOfWork) -> None:
        await uow.organizations.put(builders.organization(org_id="globex"))
        await uow.commit()

    cli.write(write)
    assert cli.json("user", "show", "ada", "--org", "globex")["migration"] is None
    assert cli.json("user", "timeline", "ada", "--org", "globex")["state"] is None
