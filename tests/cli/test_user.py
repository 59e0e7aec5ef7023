"""`user show` and `user timeline`: of the organization named, in the user's own zone too, without a name."""

import json
from datetime import timedelta

from edition_migration.domain.organization import QuietHours
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


def night(cli: CommandLine) -> None:
    """Ada, whose instructions are held until Monday 08:00 in Berlin; it is Sunday."""
    cli.put((USER, builders.migration("ada", state=S.INSTRUCTED)), quiet_hours=QuietHours())

    async def write(uow: UnitOfWork) -> None:
        await uow.mails.queue([records.mail(user_id="ada", created_at=builders.NOW)])
        await uow.commit()

    cli.write(write)


def test_a_held_user_is_shown_with_what_holds_him_and_until_when(cli: CommandLine) -> None:
    night(cli)
    said = cli.run("user", "timeline", "ada").stderr.splitlines()
    assert said[:2] == [
        "Now: INSTRUCTED. Next: the quiet hours end, then: once the relay has accepted the instructions, the user is "
        "activated (nobody).",
        "He is held by quiet hours until 2026-11-23 07:00 UTC (2026-11-23 08:00 Europe/Berlin).",
    ]
    shown = cli.run("user", "show", "ada").stdout
    assert "held_until   2026-11-23 07:00 (UTC)" in shown
    assert "queued, held by quiet hours until 2026-11-23 07:00 UTC" in shown
    migration = cli.json("user", "show", "ada")["migration"]
    assert (migration["held_by"], migration["held_until"]) == ("quiet_hours", "2026-11-23T07:00:00Z")


def test_a_pause_is_said_with_who_ends_it_and_no_time(cli: CommandLine) -> None:
    night(cli)
    cli.run("pause", "--actor", "staff-1")
    assert cli.run("user", "timeline", "ada").stderr.splitlines()[:2] == [
        "Now: INSTRUCTED. Next: the pause ends (`starter.py resume`), then: once the relay has accepted the "
        "instructions, the user is activated (administrator).",
        "He is held by the organization's pause.",
    ]
    migration = cli.json("user", "show", "ada")["migration"]
    assert (migration["held_by"], migration["held_until"], migration["who"]) == ("pause", None, "administrator")


def test_mails_are_listed_with_what_holds_them_and_what_the_relay_knows_them_by(cli: CommandLine) -> None:
    night(cli)
    (line,) = cli.json("mails", "list")["mails"]
    assert (line["held_by"], line["held_until"]) == ("quiet_hours", "2026-11-23T07:00:00Z")
    assert line["message_id"] == "<m1@localhost>"
    assert [it["message_id"] for it in cli.json("user", "show", "ada")["mails"]] == ["<m1@localhost>"]
    assert "<m1@localhost>" in cli.run("user", "show", "ada").stdout
    assert "queued, held by quiet hours until 2026-11-23 07:00 UTC" in cli.run("mails", "list").stdout


def test_the_journal_shows_its_times_as_words(cli: CommandLine) -> None:
    lived(cli)

    async def write(uow: UnitOfWork) -> None:
        until = {"until": "2026-12-02T10:34:43.268316+00:00"}
        at = builders.NOW
        held = records.entry("h1", user_id="ada", at=at, action="hold", target=S.AWAITING_PASSWORD, detail=until)
        await uow.journal.add([held])
        await uow.commit()

    cli.write(write)
    assert "until 2026-12-02 10:34 UTC" in cli.run("user", "show", "ada").stdout
