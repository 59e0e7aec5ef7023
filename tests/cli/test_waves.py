"""`wave list|show|pause|resume|cancel|report`, and `select` by filter, at a time, with a pilot."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edition_migration.domain.states import AccountStatus, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests import builders
from tests.cli.conftest import CommandLine

HELD = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}


def guest(user_id: str, *, pending_for: timedelta = timedelta(), **changes: Any) -> tuple[Any, Any]:
    row = builders.migration(user_id, state=S.IN_REVIEW, since=builders.NOW - pending_for)
    return builders.user(user_id, **{**HELD, **changes}), row


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    cli.put(
        guest("u1", email="u1@acme.example", client_version="5.2"),
        guest("u2", client_version="5.21", pending_for=timedelta(days=3)),
        guest("u3", client_version=None, pending_for=timedelta(days=3)),
        guest("u4", email="u4@eu.acme.example", domain="eu.acme.example", client_version="4.9"),
    )

    async def add_domain(uow: UnitOfWork) -> None:
        await uow.domains.put(builders.domain(name="eu.acme.example"))
        await uow.commit()

    cli.write(add_domain)
    return cli


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--domain", "EU.acme.example"), ["u4"]),
        (("--client", "5.2"), ["u1"]),
        (("--client", "5"), ["u1", "u2"]),
        (("--client", "Unknown"), ["u3"]),
        (("--older-than", "3d"), ["u2", "u3"]),
        (("--older-than", "2d", "--client", "5"), ["u2"]),
        (("--all", "--domain", "acme.example", "--limit", "2"), ["u1", "u2"]),
    ],
)
def test_a_filter_selects_all_pending_who_fit(
    office: CommandLine, arguments: tuple[str, ...], found: list[str]
) -> None:
    answer = office.json("select", *arguments, "--yes")
    assert [it["user_id"] for it in answer["answers"]] == found


@pytest.mark.parametrize("verb", ["plan", "select", "deselect", "exclude", "activate", "cancel", "extend", "undo"])
@pytest.mark.parametrize("named", [("u2", "u1"), ("--from", "-")])
def test_a_filter_beside_names_is_refused_since_it_would_leave_some_out(
    office: CommandLine, verb: str, named: tuple[str, ...]
) -> None:
    result = office.run(verb, *named, "--client", "5.2", given="userId\nu2\nu1\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "a filter does not go with users named, or of --from" in result.stderr
    assert office.json("pending")["total"] == 4


@pytest.mark.parametrize(("client", "found"), [("5.2", ["u1", "u5", "u6"]), ("5.2-beta", ["u5"]), ("5.2.1", [])])
def test_a_version_means_its_builds_and_those_before_it_too(office: CommandLine, client: str, found: list[str]) -> None:
    office.put(guest("u5", client_version="5.2-beta"), guest("u6", client_version="5.2+4711"))
    assert [it["user_id"] for it in office.json("pending", "--client", client)["users"]] == found


@pytest.mark.parametrize("client", ["abc", "5.", "5,2", "v5", " 5", ""])
@pytest.mark.parametrize("typed", [("select", "--yes"), ("pending",), ("export",)])
def test_a_client_that_is_no_version_is_refused(office: CommandLine, typed: tuple[str, ...], client: str) -> None:
    result = office.run(*typed, "--client", client)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"--client: {client!r} is no version; use one like 5.2 or 5, or unknown\n" in result.stderr
    assert office.json("pending")["total"] == 4


@pytest.mark.parametrize("at", ["tomorrow", "2026-11-23T08:00", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_or_lacks_its_offset_is_refused(office: CommandLine, at: str) -> None:
    assert office.run("select", "u1", "--at", at).exit_code == 2


@pytest.mark.parametrize("verb", ["select", "plan"])
@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        (("--at", "2028-01-01T00:00Z"), "--at: is more than 365 days ahead; give an earlier time"),
        (("--at", "2020-01-01T00:00Z"), "--at: is in the past; leave it out to begin now, or give a later time"),
        (
            ("--activation", "delayed"),
            "--activation-delay: is missing, and the organization has none of its own; "
            "give a span like 2d, or set activationDelay in the organization's file",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_under_the_name_that_was_typed(
    office: CommandLine, verb: str, typed: tuple[str, ...], refusal: str
) -> None:
    result = office.run(verb, "u1", *typed)
    assert (result.exit_code, result.stderr) == (3, f"Error: the input is not valid\n  {refusal}\n")
    assert office.json("pending")["total"] == 4


def test_a_wave_is_listed_and_shown_with_its_time_and_pilot(office: CommandLine) -> None:
    answer = office.json("select", "u1", "u2", "--at", "2026-11-23T08:00+01:00", "--pilot", "1", "--actor", "staff-7")
    wave_id = answer["wave_id"]
    assert office.json("wave", "list") == {
        "org_id": "acme",
        "waves": [
            {
                "wave_id": wave_id,
                "actor": "staff-7",
                "state": "releasing",
                "users": 2,
                "released": 0,
                "finished": 0,
                "pilot": 1,
                "release_at": "2026-11-23T07:00:00Z",
                "created_at": "2026-11-22T12:00:00Z",
            }
        ],
    }
    shown = office.json("wave", "show", wave_id)
    assert (shown["to_release"], shown["deselected"], shown["states"]) == (2, 0, [{"state": "IN_REVIEW", "users": 2}])
    assert wave_id in office.run("wave", "list").stdout
    assert f"wave/acme/{wave_id}" in office.run("wave", "show", wave_id).stdout


def test_a_wave_is_paused_resumed_and_cancelled_and_each_repeat_says_the_same(office: CommandLine) -> None:
    wave_id = office.json("select", "u1", "u2")["wave_id"]
    paused = office.json("wave", "pause", wave_id, "--command-id", "c1")
    assert (paused["verdict"], paused["state"]) == ("done", "paused")
    assert f"wave/acme/{wave_id}" in office.gateway.rung
    office.clock.move(timedelta(seconds=1))
    assert office.json("wave", "resume", wave_id)["state"] == "releasing"
    office.clock.move(timedelta(seconds=1))
    assert office.json("wave", "pause", wave_id, "--command-id", "c1") == paused
    result = office.run("wave", "cancel", wave_id, "--yes", "--command-id", "c2")
    assert result.exit_code == 0
    assert "Users who are not instructed yet and go back to the list: 2." in result.stderr
    assert "Go back to the list: 2. Instructed, these go on: 0." in result.stderr
    assert office.json("wave", "cancel", wave_id, "--yes", "--command-id", "c2")["deselected"] == 2
    orders = office.json("wave", "show", wave_id)["orders"]
    assert [(it["kind"], it["actor"]) for it in orders] == [("pause", "cli"), ("resume", "cli"), ("cancel", "cli")]


def test_a_refusal_shows_in_the_exit_code_with_what_helps(office: CommandLine) -> None:
    wave_id = office.json("select", "u1")["wave_id"]
    office.run("wave", "cancel", wave_id, "--yes")
    result = office.run("wave", "resume", wave_id)
    assert result.exit_code == 1
    assert "select its users anew" in result.stdout


def test_the_report_is_a_file_that_select_takes_again(office: CommandLine, tmp_path: Path) -> None:
    wave_id = office.json("select", "u2", "u1")["wave_id"]
    file = tmp_path / "result.csv"
    result = office.run("wave", "report", wave_id, "--to", str(file))
    assert (result.exit_code, result.stderr.splitlines()[0]) == (0, f"Users written to {file}: 2.")
    assert file.read_text(encoding="utf-8-sig").splitlines() == [
        "userId,email,status,reason,since,nextStep",
        "u2,u2@acme.example,IN_REVIEW,,2026-11-19 12:00:00 UTC,the wave releases the user",
        "u1,u1@acme.example,IN_REVIEW,,2026-11-22 12:00:00 UTC,the wave releases the user",
    ]
    again = office.json("select", "--from", str(file))
    assert [(it["user_id"], it["reason"]) for it in again["answers"]] == [
        ("u2", "already_selected"),
        ("u1", "already_selected"),
    ]
    assert [it["user_id"] for it in office.json("wave", "report", wave_id)["users"]] == ["u2", "u1"]


@pytest.mark.parametrize(
    ("limits", "lacks"),
    [({"licenses": 2, "storage_mb": 1000}, "license"), ({"licenses": 9, "storage_mb": 200}, "storage")],
)
def test_who_waits_is_told_whether_for_a_license_or_for_storage(
    office: CommandLine, limits: dict[str, int], lacks: str
) -> None:
    async def limit(uow: UnitOfWork) -> None:
        await uow.capacity.set_purchased("acme", licenses=limits["licenses"], storage_mb=limits["storage_mb"])
        await uow.commit()

    office.write(limit)
    office.run("select", "u1", "u2", "u3")
    capacity = office.json("status")["capacity"]
    assert (capacity["waiting"], capacity["waiting_for"]) == (1, lacks)
    ticket = office.json("user", "show", "u3")["migration"]["ticket"]
    words = {"license": "waiting for a license", "storage": "waiting for storage"}
    assert (ticket["state"], ticket["waits_for"]) == ("waiting", words[lacks])
    assert f"number 3, {words[lacks]}, 100 MB" in office.run("user", "show", "u3").stdout
