"""Progress on stderr: nothing for what is quick, then lines with the time left where there is no terminal."""

import asyncio
from datetime import timedelta

import pytest

from edition_migration.application import audit, chosen_users
from edition_migration.cli import progress
from edition_migration.cli.progress import Watch
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests.builders import NOW, migration, organization, user
from tests.cli.conftest import CommandLine
from tests.fixtures import records


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's clock, as the last number here says."""
    passed = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: passed[-1])
    return passed


def test_lines_come_after_two_seconds_and_then_each_ten(
    seconds: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Watch() as watch:
        for at, done in ((0.0, 0), (1.9, 19), (2.0, 20), (11.9, 119), (12.0, 120), (30.0, 300)):
            seconds.append(at)
            watch.at("Users", done, 300)
    assert capsys.readouterr().err == ("Users: 20 of 300, about 28 s left.\nUsers: 120 of 300, about 18 s left.\n")


def test_what_begins_in_the_middle_takes_as_long_as_what_was_made_of_it_says(
    seconds: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Watch() as watch:
        for at, done in ((0.0, 100_500), (10.0, 101_500)):
            seconds.append(at)
            watch.at("Journal", done, 103_500)
    assert capsys.readouterr().err == "Journal: 101500 of 103500, about 20 s left.\n"


def test_what_has_no_known_end_is_counted(seconds: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Watch() as watch:
        watch.at("Checking rows", 0, None)
        seconds.append(3.0)
        watch.at("Checking rows", 7_000, None)
    assert capsys.readouterr().err == "Checking rows: 7000.\n"


async def test_what_has_no_steps_says_that_it_lasts(
    seconds: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FIRST_AFTER", 0.0)

    async def work() -> str:
        await asyncio.sleep(0)
        seconds.append(3.0)
        for _ in range(3):
            await asyncio.sleep(0)
        return "done"

    with Watch() as watch:
        assert await watch.during("Selecting 10000 users in one transaction", work()) == "done"
    assert capsys.readouterr().err == "Selecting 10000 users in one transaction: 3 s so far.\n"


@pytest.fixture
def at_each_page(seconds: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of one, and a word about each."""
    for module in (audit, chosen_users):
        monkeypatch.setattr(module, "PAGE", 1)
    monkeypatch.setattr(progress, "FIRST_AFTER", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)


@pytest.mark.usefixtures("at_each_page")
def test_an_export_of_users_says_how_far_it_is(cli: CommandLine) -> None:
    cli.put(*((user(it), migration(it, state=S.IN_REVIEW)) for it in ("u1", "u2", "u3")))
    assert cli.run("export").stderr == "Users: 1 of 3.\nUsers: 2 of 3, about 0 s left.\nUsers: 3.\n"


@pytest.mark.usefixtures("at_each_page")
def test_a_list_behind_a_user_counts_those_behind_him(cli: CommandLine) -> None:
    cli.put(*((user(it), migration(it, state=S.IN_REVIEW)) for it in ("u1", "u2", "u3", "u4")))
    assert cli.run("pending", "--csv", "--after", "u1").stderr == "Users: 1 of 3.\nUsers: 2 of 3, about 0 s left.\n"
    assert cli.run("pending", "--csv", "--after", "u1", "--domain", "acme.example").stderr.startswith("Users: 1 of 3.")


@pytest.mark.usefixtures("at_each_page")
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((), ["1 of 4", "2 of 4, about 0 s left", "3 of 4, about 0 s left"]),
        (("--org", "acme"), ["1 of 3", "2 of 3, about 0 s left"]),
        (("--since", "2026-11-22T13:00Z"), ["2 of 4", "3 of 4, about 0 s left"]),
        (("--until", "2026-11-22T14:00Z"), ["1 of 2"]),
    ],
)
def test_an_export_of_the_journal_says_how_far_it_is(
    cli: CommandLine, given: tuple[str, ...], shown: list[str]
) -> None:
    hours = [NOW + timedelta(hours=it) for it in range(3)]

    async def write(uow: UnitOfWork) -> None:
        await uow.journal.add([records.entry(f"command/c{number}", at=at) for number, at in enumerate(hours)])
        await uow.organizations.put(organization(org_id="globex"))
        await uow.migrations.add([migration("u2", org_id="globex")])
        await uow.journal.add([records.entry("command/c3", "u2", org_id="globex", at=hours[2])])
        await uow.commit()

    cli.put((user(), migration()), (user("u2"), None))
    cli.write(write)
    lines = cli.run("audit", "export", *given).stderr.splitlines()
    assert lines[:-1] == [f"Journal: {it}." for it in shown]
