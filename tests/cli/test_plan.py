"""`plan`: what `select` would do, in numbers, with nothing changed; and `wave watch|retry-failed` behind it."""

from datetime import timedelta

import pytest

from edition_migration.cli import wave_board
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import OrganizationSettings, QuietHours
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """Four pending guests of 300 MB, two licenses, 1000 MB; u4 is an administrator; noon is quiet."""
    settings = OrganizationSettings(
        quiet_hours=QuietHours(begins="11:00", ends="13:30", weekends=False),
        mails_per_second=0.5,
        storage_per_user_mb=300,
    )
    cli.put(
        *(guest(f"u{number}", storage_used_mb=10) for number in range(1, 5)),
        administrators=("u4@acme.example",),
        settings=settings,
    )
    return cli


def test_a_plan_says_who_goes_and_what_it_needs(office: CommandLine) -> None:
    plan = office.json("plan", "u1", "u2", "u3", "u4", "--pilot", "1")
    assert {name: plan[name] for name in ("asked", "go", "now", "waiting", "pilot", "refused")} == {
        "asked": 4,
        "go": 3,
        "now": 2,
        "waiting": 1,
        "pilot": 1,
        "refused": [{"reason": "administrator", "users": 1}],
    }
    assert plan["licenses"] == {"needed": 3, "free": 2, "left": -1}
    assert plan["storage_mb"] == {"needed": 900, "free": 1000, "left": 100}
    assert plan["pace"] == {
        "mails": 6,
        "per_second": 0.5,
        "takes": "PT12S",
        "quiet_until": "2026-11-22T13:30:00Z",
        "done_at": "2026-11-22T13:30:12Z",
    }
    assert [(it["kind"], it["mails"]) for it in plan["mails"]] == [
        ("instructions", 3), ("reset_password", 3), ("reminder", 9), ("welcome", 3),
    ]  # fmt: skip
    assert [(it["user_id"], it["verdict"]) for it in plan["answers"]][-1] == ("u4", "refused")


def test_a_plan_reads_as_a_page_and_changes_nothing(office: CommandLine) -> None:
    result = office.run("plan", "--all")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "Plan for 3 users of acme" in lines
    assert "when capacity is free - 1" in lines
    assert "licenses 3 2 0 1" in lines
    assert result.stderr.endswith("Each user's answer: --csv or --json. Nothing was changed.\n")
    assert (
        "Quiet hours of the organization hold the first mail until 2026-11-22 13:30 (UTC).\nAll are sent by"
        in result.stderr
    )
    assert (office.json("pending")["total"], office.json("wave", "list")["waves"]) == (4, [])
    assert office.gateway.rung == []


def test_a_plan_of_nobody_who_can_go_is_refused(office: CommandLine) -> None:
    office.run("select", "u1")
    result = office.run("plan", "u1", "--csv")
    assert result.exit_code == 1
    assert result.stdout.startswith("userId,status,reason,nextStep\nu1,refused,already_selected,cli selected")


def test_what_select_does_is_what_was_planned(office: CommandLine) -> None:
    planned = office.json("plan", "--all")["answers"]
    done = office.json("select", "--all", "--yes")["answers"]
    assert [(it["user_id"], it["verdict"]) for it in planned] == [(it["user_id"], it["verdict"]) for it in done]


def test_a_wave_is_watched_until_all_of_it_is_finished(office: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    wave_id = office.json("select", "u1", "u2")["wave_id"]
    ends = iter([("u1", S.CANCELLED), ("u2", S.CANCELLED)])

    async def instead_of_sleeping(_: float) -> None:
        user_id, state = next(ends)
        async with office.store() as store, store.write() as uow:
            ref = MigrationRef(org_id="acme", user_id=user_id, generation=1)
            await uow.migrations.move(ref, [S.IN_REVIEW], state, NOW, reason="administrator")
            await uow.commit()

    monkeypatch.setattr(wave_board.asyncio, "sleep", instead_of_sleeping)
    assert office.run("wave", "watch", wave_id).stdout.splitlines() == [
        "releasing: 0 of 2 finished; IN_REVIEW 2",
        "releasing: 1 of 2 finished; IN_REVIEW 1, CANCELLED 1",
        "releasing: 2 of 2 finished; CANCELLED 2",
    ]


def test_everybody_of_a_wave_whom_something_stops_is_retried(office: CommandLine) -> None:
    wave_id = office.json("select", "u1", "u2")["wave_id"]

    async def park(uow: UnitOfWork) -> None:
        for user_id in ("u2", "u3"):
            ref = MigrationRef(org_id="acme", user_id=user_id, generation=1)
            await uow.migrations.set_attention(ref, Attention.UNDELIVERABLE, NOW + timedelta(minutes=1))
        await uow.commit()

    office.write(park)
    assert office.run("wave", "watch", "nowhere").exit_code == 4
    dry = office.json("wave", "retry-failed", wave_id, "--dry-run")
    assert (dry["is_dry"], [it["user_id"] for it in dry["answers"]]) == (True, ["u2"])
    answers = office.json("wave", "retry-failed", wave_id)["answers"]
    assert [(it["user_id"], it["verdict"]) for it in answers] == [("u2", "done")]
    assert [it["user_id"] for it in office.json("parked")["users"]] == ["u3"]


def test_who_goes_and_is_parked_is_named_in_the_plan_and_by_the_selection(cli: CommandLine) -> None:
    cli.put(guest("u1"), guest("u2"), guest("u3", S.CANCELLED))

    async def complained(uow: UnitOfWork) -> None:
        for user_id in ("u2", "u3"):
            ref = MigrationRef(org_id="acme", user_id=user_id, generation=1)
            await uow.migrations.set_attention(ref, Attention.COMPLAINT, NOW)
        await uow.commit()

    cli.write(complained)
    why = "ask the user, who called our mail unwanted; then retry"
    named = [("u1", "done", "", ""), ("u2", "done", "complaint", why), ("u3", "done", "complaint", why)]
    plan = cli.json("plan", "u1", "u2", "u3")
    assert {name: plan[name] for name in ("go", "now", "waiting", "parked")} == {
        "go": 3, "now": 2, "waiting": 1, "parked": 2,
    }  # fmt: skip
    assert [(it["user_id"], it["verdict"], it["reason"], it["mend"]) for it in plan["answers"]] == named
    lines = [" ".join(line.split()) for line in cli.run("plan", "u1", "u2", "u3").stdout.splitlines()]
    assert "but are parked, until somebody mends why - 2" in lines
    answers = cli.json("select", "u1", "u2", "u3")["answers"]
    assert [(it["user_id"], it["verdict"], it["reason"], it["mend"]) for it in answers] == named
