"""`pending`, `select`, `exclude`, `activate`, `cancel`, `status`, `user show`: what an administrator does all day."""

from pathlib import Path
from typing import Any, get_args

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.cli import output
from edition_migration.cli.options import ActivationName
from edition_migration.domain.commands import Command, CommandAnswer, SelectionAnswer
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import AccountStatus, InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.cli.conftest import CommandLine


def guest(user_id: str, state: S = S.IN_REVIEW, **changes: Any) -> tuple[Any, Any]:
    """A guest whom our block holds, and his migration."""
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    return builders.user(user_id, **{**held, **changes}), builders.migration(user_id, state=state)


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Three pending guests, of whom u3 became an administrator."""
    cli.put(guest("u1"), guest("u2"), guest("u3"), administrators=("u3@acme.example",))
    return cli


def states(cli: CommandLine) -> dict[str, int]:
    return {it["state"]: it["users"] for it in cli.json("status")["states"]}


def test_pending_is_paged_by_user_id(office: CommandLine) -> None:
    first = office.json("pending", "--limit", "2")
    assert ([it["user_id"] for it in first["users"]], first["total"], first["next"]) == (["u1", "u2"], 3, "u2")
    second = office.json("pending", "--limit", "2", "--after", "u2")
    assert ([it["user_id"] for it in second["users"]], second["next"]) == (["u3"], None)
    assert "More: --after u2\n" in office.run("pending", "--limit", "2").stderr


def test_an_empty_list_is_said(cli: CommandLine) -> None:
    cli.put()
    result = cli.run("pending")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nobody is pending.\n")


def test_users_are_selected_by_id_and_address_as_one_wave(office: CommandLine) -> None:
    answer = office.json("select", "u2", "ADA.lovelace@acme.example", "--activation", "by_hand", "--actor", "staff-7")
    assert [(it["user_id"], it["verdict"]) for it in answer["answers"]] == [("u2", "done"), ("u1", "done")]
    assert answer["wave_id"] == answer["answers"][0]["wave_id"]
    assert (answer["licenses_free"], answer["waiting_for_capacity"]) == (0, 0)
    wave = office.json("status")["waves"][0]
    assert (wave["actor"], wave["activation"], wave["users"]) == ("staff-7", "by_hand", 2)
    assert "organization/acme" in office.gateway.rung


def test_everybody_leaves_administrators_out(office: CommandLine) -> None:
    assert [it["user_id"] for it in office.json("select", "--all", "--yes")["answers"]] == ["u1", "u2"]


def test_at_most_so_many_of_everybody(office: CommandLine) -> None:
    assert [it["user_id"] for it in office.json("select", "--all", "--limit", "1", "--yes")["answers"]] == ["u1"]


@pytest.mark.parametrize("column", ["userId", "email"])
def test_users_come_from_a_file_or_stdin(office: CommandLine, tmp_path: Path, column: str) -> None:
    name = {"userId": "u2", "email": "U2@acme.example"}[column]
    text = f"displayName,{column}\nAna,{name}\n"
    path = tmp_path / "chosen.csv"
    path.write_text(text)
    assert [it["user_id"] for it in office.json("select", "--from", str(path))["answers"]] == ["u2"]
    assert [it["user_id"] for it in office.json("exclude", "--yes", "--from", "-", given=text)["answers"]] == ["u2"]


def test_a_file_that_names_nobody_is_refused_by_row(office: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "chosen.csv"
    path.write_text("email\nu2@acme.example\nnobody@acme.example\n")
    result = office.run("select", "--from", str(path))
    assert result.exit_code == 3
    assert result.stderr.endswith("  row 3: 'nobody@acme.example' names no user; remove it\n")
    path.write_text("name\nu2\n")
    assert (
        "row 1: has neither a column userId nor email; add one of them"
        in office.run("select", "--from", str(path)).stderr
    )


def test_a_repeat_of_a_command_gets_the_first_answer(office: CommandLine) -> None:
    first = office.json("select", "u1", "--command-id", "c1")
    assert office.json("select", "u1", "--command-id", "c1") == first


def test_a_command_id_with_another_content_is_a_conflict(office: CommandLine) -> None:
    office.json("select", "u1", "--command-id", "c1")
    for other in (["select", "u2"], ["select", "u1", "--pilot", "1"], ["select", "--state", "IN_REVIEW", "--yes"]):
        result = office.run(*other, "--command-id", "c1")
        assert (result.exit_code, result.stdout) == (7, "")
        assert result.stderr.endswith(
            "Error: this command id was used for another command, or with another content\n"
            "What helps: give each command an id of its own\n"
        )
    assert [it["users"] for it in office.json("wave", "list")["waves"]] == [1]


def test_a_selection_by_a_filter_repeated_gets_the_first_answer_although_nobody_fits_any_more(
    office: CommandLine,
) -> None:
    by_filter = ("select", "--domain", "acme.example", "--yes", "--command-id", "c1")
    first = office.json(*by_filter)
    assert [it["verdict"] for it in first["answers"]] == ["done", "done"]
    office.json("cancel", "--all", "--yes")
    assert office.json(*by_filter) == first
    assert office.run(*by_filter, "--limit", "1").exit_code == 7
    assert office.run("select", "--all", "--yes", "--command-id", "c1").exit_code == 7


def test_a_refused_user_shows_in_the_exit_code_and_with_the_mend(office: CommandLine) -> None:
    wave_id = office.json("select", "u1", "--actor", "staff-7")["wave_id"]
    result = office.run("select", "u1", "u2")
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    who = f"staff-7 selected the user at 2026-11-22 12:00 UTC in wave {wave_id}"
    assert f"u1 refused IN_REVIEW already_selected {who}" in lines


def test_the_ways_of_activation_are_those_of_the_domain() -> None:
    assert list(get_args(ActivationName)) == list(Activation)


def test_excluded_users_are_off_the_list(office: CommandLine) -> None:
    assert office.run("exclude", "u1", "--yes").exit_code == 0
    assert states(office) == {"IN_REVIEW": 2, "SKIPPED": 1}
    assert office.gateway.rung[-1].startswith("migration/acme/u1")


def test_activation_by_hand(cli: CommandLine) -> None:
    cli.put(guest("u1", S.INSTRUCTED), guest("u2"))
    answer = cli.json("activate", "u1", "u2", "--command-id", "c1")
    assert {name: answer[name] for name in ("org_id", "command_id")} == {"org_id": "acme", "command_id": "c1"}
    assert [(it["user_id"], it["verdict"], it["reason"]) for it in answer["answers"]] == [
        ("u1", "done", ""),
        ("u2", "refused", "not_instructed"),
    ]


def test_at_a_terminal_cancel_asks(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.put(guest("u1"))
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    assert cli.run("cancel", "u1", given="n\n").exit_code == 1
    assert states(cli) == {"IN_REVIEW": 1}
    assert cli.run("cancel", "u1", given="y\n").exit_code == 0
    assert states(cli) == {"CANCELLED": 1}


def test_cancelling_what_has_ended_is_refused_without_a_question(cli: CommandLine) -> None:
    cli.put(guest("u1", S.MIGRATED))
    result = cli.run("cancel", "u1")
    assert result.exit_code == 1
    assert "already_ended" in result.stdout


def test_status_counts_by_state_and_reason(office: CommandLine) -> None:
    office.run("select", "u1")
    office.run("exclude", "u2", "--yes")
    shown = office.json("status")
    assert shown["states"] == [
        {"state": "IN_REVIEW", "reason": None, "users": 2},
        {"state": "SKIPPED", "reason": "excluded", "users": 1},
    ]
    assert (shown["pending"], shown["capacity"]["licenses_reserved"], shown["mails"]) == (1, 1, [])
    table = office.run("status")
    assert "Users pending: 1. See `starter.py pending --org acme`.\n" in table.stderr
    assert "SKIPPED" in table.stdout


def test_user_show_gives_facts_migration_policy_and_journal(office: CommandLine) -> None:
    office.run("select", "u1", "--actor", "staff-7")
    shown = office.json("user", "show", "u1")
    assert (shown["account_status"], shown["inactive_reason"], shown["credential_state"]) == (
        "inactive",
        "guest_pending",
        "set",
    )
    assert "password_hash" not in shown
    migration = shown["migration"]
    assert (migration["workflow_id"], migration["state"], migration["ticket"]["state"]) == (
        "migration/acme/u1/1",
        "IN_REVIEW",
        "granted",
    )
    assert [(it["action"], it["actor"]) for it in shown["journal"]] == [("select", "staff-7")]
    assert shown["policy"]["assigned_revision"] is None
    assert {it["action"]: (it["is_allowed"], it["rule"]) for it in shown["policy"]["lines"]}["external_im"] == (
        True,
        "default",
    )
    table = office.run("user", "show", "ada.lovelace@acme.example")
    assert table.exit_code == 0
    assert "Policy, not yet in force, group -" in table.stdout


def test_names_are_never_taken_for_markup(cli: CommandLine) -> None:
    cli.put(guest("u1", display_name="[red]Ada[/red]"))
    assert "[red]Ada[/red]" in cli.run("pending").stdout


def test_temporal_down_is_said_and_the_change_is_saved(office: CommandLine) -> None:
    office.gateway.is_down = True
    result = office.run("exclude", "u1", "--yes")
    assert result.exit_code == 0
    assert result.stderr.endswith(
        "Temporal is not reachable. The change is saved, and the worker will go on by itself.\n"
    )
    assert states(office)["SKIPPED"] == 1


def test_an_interrupted_selection_says_how_to_be_told(office: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(self: Selection, order: SelectionOrder) -> SelectionAnswer:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Selection, "select", interrupted)
        result = office.run("select", "u1", "u2", "--command-id", "c1")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        "All of them are selected, or nobody. To be told, and to go on, give the same command again with "
        "--command-id c1.\n"
        "Interrupted. What was done so far is kept whole; nothing was left half done.\n"
    )
    answers = office.json("select", "u1", "u2", "--command-id", "c1")["answers"]
    assert [it["verdict"] for it in answers] == ["done", "done"]


def test_an_interrupted_command_says_how_to_go_on_and_goes_on(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.put(guest("u1"), guest("u2"), guest("u3"))
    real, seen = Commands.apply, list[str]()

    async def interrupted(self: Commands, command: Command) -> CommandAnswer:
        seen.append(command.migration.user_id)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return await real(self, command)

    monkeypatch.setattr(Commands, "apply", interrupted)
    result = cli.run("cancel", "u1", "u2", "u3", "--yes", "--command-id", "c1")
    assert result.exit_code == 130
    assert result.stderr.endswith(
        "To go on where it stopped, give the same command again with --command-id c1.\n"
        "Interrupted. What was done so far is kept whole; nothing was left half done.\n"
    )
    assert states(cli) == {"CANCELLED": 1, "IN_REVIEW": 2}
    again = cli.json("cancel", "u1", "u2", "u3", "--yes", "--command-id", "c1")
    assert [it["verdict"] for it in again["answers"]] == ["done", "done", "done"]
    assert states(cli) == {"CANCELLED": 3}
