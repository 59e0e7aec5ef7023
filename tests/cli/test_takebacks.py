"""`deselect`, `extend`, `undo`, `select --administrator`: what needs a second thought."""

from datetime import UTC, datetime, timedelta

import pytest

from edition_migration.cli import output
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import AccountStatus, Edition
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_people import Session
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest, states


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Three pending guests, of whom u3 became an administrator."""
    cli.put(guest("u1"), guest("u2"), guest("u3"), administrators=("u3@acme.example",))
    return cli


def test_deselected_users_are_back_on_the_list(office: CommandLine) -> None:
    office.run("select", "u1", "u2")
    assert office.json("pending")["total"] == 1
    answer = office.json("deselect", "u1", "u3", "--actor", "staff-7")
    assert [(it["user_id"], it["verdict"], it["reason"]) for it in answer["answers"]] == [
        ("u1", "done", ""),
        ("u3", "refused", "not_selected"),
    ]
    assert [it["user_id"] for it in office.json("pending")["users"]] == ["u1", "u3"]
    assert office.json("status")["capacity"]["licenses_reserved"] == 1


def awaiting(cli: CommandLine) -> None:
    cli.put(guest("u1", S.AWAITING_PASSWORD), guest("u2"))

    async def write(uow: UnitOfWork) -> None:
        ref = MigrationRef(org_id="acme", user_id="u1", generation=1)
        await uow.migrations.set_deadline(ref, NOW, NOW + timedelta(days=14))
        await uow.commit()

    cli.write(write)


def deadline(cli: CommandLine) -> datetime:
    return datetime.fromisoformat(cli.json("user", "show", "u1")["migration"]["deadline"]).astimezone(UTC)


@pytest.mark.parametrize(("by", "days"), [(("--by", "7d"), 21), ((), 28)])
def test_a_deadline_is_extended_by_a_span_or_by_the_organizations_own(
    cli: CommandLine, by: tuple[str, ...], days: int
) -> None:
    awaiting(cli)
    answer = cli.json("extend", "u1", "u2", *by)
    assert [(it["user_id"], it["verdict"], it["reason"]) for it in answer["answers"]] == [
        ("u1", "done", ""),
        ("u2", "refused", "no_deadline"),
    ]
    assert deadline(cli) == NOW + timedelta(days=days)


@pytest.mark.parametrize(
    ("by", "reason", "mend"),
    [("0d", "not_longer", "give a span like 7d"), ("366d", "too_long", "give 365 days or less")],
)
def test_a_deadline_is_not_moved_by_nothing_or_by_more_than_a_year(
    cli: CommandLine, by: str, reason: str, mend: str
) -> None:
    awaiting(cli)
    answer = cli.json("extend", "u1", "--by", by)["answers"][0]
    assert (answer["verdict"], answer["reason"], answer["mend"]) == ("refused", reason, mend)
    assert deadline(cli) == NOW + timedelta(days=14)


def test_a_span_that_no_calendar_holds_is_no_span(cli: CommandLine) -> None:
    result = cli.run("extend", "u1", "--by", "99999999d")
    assert result.exit_code == 2
    assert "'99999999d' is more than 36500 days; give fewer" in result.stderr


def migrated(cli: CommandLine) -> None:
    """u1 has migrated, with a license, 300 MB and one open session; u2 has not."""
    business = {"account_status": AccountStatus.ACTIVE, "inactive_reason": None, "edition": Edition.BUSINESS}
    cli.put(guest("u1", S.MIGRATED, **business), guest("u2", S.INSTRUCTED))

    async def write(uow: UnitOfWork) -> None:
        ref = MigrationRef(org_id="acme", user_id="u1", generation=1)
        await uow.tickets.cut("acme", [(ref, 300)])
        await uow.capacity.take("acme", 1, 300)
        await uow.ledger.reserve("acme", [(ref, 300)])
        await uow.ledger.use(ref)
        await uow.tickets.close(ref)
        await uow.sessions.add(Session(session_id="s1", user_id="u1", digest="d1", created_at=NOW))
        await uow.commit()

    cli.write(write)


WARNING = (
    "Migrations to take back: 1. The users become inactive guests again and are told so. "
    "Taken back: licenses 1, storage 300 MB, policies 1, open sessions 1. Their new passwords are not valid any more.\n"
)


def test_undo_with_consent_gives_license_and_storage_back(cli: CommandLine) -> None:
    migrated(cli)
    result = cli.run("undo", "u1", "u2", "--yes")
    assert (result.exit_code, result.stderr) == (1, WARNING)
    assert states(cli) == {"INSTRUCTED": 1, "UNDONE": 1}
    shown = cli.json("user", "show", "u1")
    assert (shown["account_status"], shown["inactive_reason"], shown["edition"]) == (
        "inactive",
        "guest_pending",
        "guest",
    )
    assert shown["open_sessions"] == 0
    capacity = cli.json("status")["capacity"]
    assert (capacity["licenses_used"], capacity["storage_used_mb"]) == (0, 0)


def test_at_a_terminal_undo_asks(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(cli)
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    assert cli.run("undo", "u1", given="n\n").exit_code == 1
    assert states(cli) == {"INSTRUCTED": 1, "MIGRATED": 1}
    assert cli.run("undo", "u1", given="y\n").exit_code == 0
    assert states(cli) == {"INSTRUCTED": 1, "UNDONE": 1}


def test_undoing_what_has_not_migrated_or_long_ago_is_refused_without_a_question(cli: CommandLine) -> None:
    migrated(cli)
    result = cli.run("undo", "u2")
    assert result.exit_code == 1
    assert "not_migrated" in result.stdout
    assert "take back" not in result.stderr
    cli.clock.move(timedelta(days=40))
    late = cli.run("undo", "u1")
    assert (late.exit_code, "too_late" in late.stdout, late.stderr) == (1, True, "")


def mends(cli: CommandLine, *typed: str) -> list[str]:
    return [it["mend"] for it in cli.json(*typed)["answers"]]


def test_what_helps_fits_where_the_user_stands(cli: CommandLine) -> None:
    migrated(cli)
    cli.run("undo", "u1", "--yes")
    cli.run("cancel", "u2", "--yes")
    assert mends(cli, "undo", "u1", "u2", "--yes") == [
        "it is undone already",
        "only a finished migration can be undone; this one has ended otherwise",
    ]


def test_who_is_selected_is_deselected_before_he_is_excluded(cli: CommandLine) -> None:
    cli.put(guest("u1"), guest("u2", S.INSTRUCTED))
    cli.run("select", "u1")
    assert mends(cli, "exclude", "u1", "u2", "--yes") == ["deselect him first", "a selected user can be cancelled"]
    cli.run("deselect", "u1")
    assert [it["verdict"] for it in cli.json("exclude", "u1", "--yes")["answers"]] == ["done"]


def test_an_administrator_named_like_anybody_is_refused(office: CommandLine) -> None:
    result = office.run("select", "u3")
    assert result.exit_code == 1
    assert "administrator" in result.stdout
    assert office.json("pending")["total"] == 3


@pytest.mark.parametrize("answers", ["n\n", "y\nn\n"])
def test_at_a_terminal_an_administrator_is_asked_about_twice(
    office: CommandLine, monkeypatch: pytest.MonkeyPatch, answers: str
) -> None:
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    assert office.run("select", "u3", "--administrator", given=answers).exit_code == 1
    assert office.json("pending")["total"] == 3
    assert office.run("select", "u3", "--administrator", given="y\ny\n").exit_code == 0
    assert office.json("pending")["total"] == 2


def test_without_a_terminal_an_administrator_needs_yes_as_well(office: CommandLine) -> None:
    result = office.run("select", "u3", "--administrator")
    assert result.exit_code == 2
    assert "add --yes if this is what you want" in result.stderr
    assert office.json("pending")["total"] == 3
    answers = office.json("select", "u3", "--administrator", "--yes")["answers"]
    assert [(it["user_id"], it["verdict"]) for it in answers] == [("u3", "done")]


def test_administrators_are_selected_one_at_a_time(office: CommandLine) -> None:
    for arguments in (("u1", "u3"), ("--all",)):
        result = office.run("select", *arguments, "--administrator", "--yes")
        assert result.exit_code == 2
        assert "--administrator selects exactly one user; name him" in result.stderr
    assert office.json("pending")["total"] == 3
