"""Every list as CSV that the next verb takes, every change as a dry run that leaves the store as it was."""

import csv
import io
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from edition_migration.ports.store_events import InboxRow, InboxState
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest
from tests.cli.test_events import event
from tests.fixtures import records

LISTS: dict[str, str] = {
    "pending": "userId,email,displayName,clientVersion,inactiveReason,state,reason,since,waveId,deadlineAt,attention,"
    "attentionAt,nextStep",
    "parked": "userId,email,displayName,clientVersion,inactiveReason,state,reason,since,waveId,deadlineAt,attention,"
    "attentionAt,nextStep",
    "status": "state,reason,users",
    "org list": "orgId,name,status,domains,pending",
    "inbox": "receivedAt,source,eventId,type,orgId,state,reason",
    "wave list": "waveId,actor,state,users,released,finished,pilot,releaseAt,createdAt",
    "mails list": "number,userId,kind,round,state,attempts,replyCode,createdAt,notBefore,acceptedAt",
    "mails texts": "kind,language,isOwn,revision,subject,actor,at",
    "audit verify": "orgId,head,brokenAt,broken,unsealed,unsealedSeconds",
    "user timeline u1": "at,kind,text,actor,generation,source,target",
}
"""Verb to the header of its CSV."""

SETTLED = InboxState.APPLIED
ORG_FILE = "id: acme\nname: Acme Incorporated\n"


@pytest.fixture
def office(cli: CommandLine, tmp_path: Path) -> CommandLine:
    """One user in each state that a command can change; u4 is parked."""
    states = (S.IN_REVIEW, S.IN_REVIEW, S.INSTRUCTED, S.INSTRUCTED, S.AWAITING_PASSWORD, S.MIGRATED)
    cli.put(*(guest(f"u{number}", state) for number, state in enumerate(states, start=1)))
    link = records.mail("m5", user_id="u5", kind=MailKind.RESET_PASSWORD, state=MailState.ACCEPTED, accepted_at=NOW)

    async def go_on(uow: UnitOfWork) -> None:
        refs = {user_id: MigrationRef(org_id="acme", user_id=user_id, generation=1) for user_id in ("u4", "u5")}
        await uow.migrations.set_attention(refs["u4"], Attention.UNDELIVERABLE, NOW)
        await uow.migrations.set_deadline(refs["u5"], NOW, NOW + timedelta(days=14))
        await uow.mails.queue([link])
        old = NOW - timedelta(days=31)
        await uow.inbox.receive(InboxRow(0, "urn:test", "e0", "org.sso.changed", "acme", "{}", "d", old, SETTLED))
        await uow.commit()

    cli.write(go_on)
    cli.run("select", "u2")
    cli.gateway.rung.clear()
    (tmp_path / "event.json").write_text(event())
    (tmp_path / "org.yaml").write_text(ORG_FILE)
    (tmp_path / "users.csv").write_text("email,displayName\nnew@acme.example,New\n")
    (tmp_path / "contacts.csv").write_text("email,contactEmail\nu2@acme.example,friend@other.example\n")
    (tmp_path / "text.txt").write_text("Subject: Hello\n\nGet it: %CLIENTDOWNLOADURL%\n")
    return cli


@pytest.mark.parametrize("verb", LISTS)
def test_a_list_has_the_columns_of_its_csv(office: CommandLine, verb: str) -> None:
    result = office.run(*verb.split(), "--csv")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, LISTS[verb])


@pytest.mark.parametrize("verb", LISTS)
def test_a_list_is_one_json_document(office: CommandLine, verb: str) -> None:
    result = office.run(*verb.split(), "--json")
    assert isinstance(json.loads(result.stdout), dict)
    assert result.stderr == ""


@pytest.mark.parametrize("verb", LISTS)
def test_csv_and_json_at_once_are_wrong_usage(office: CommandLine, verb: str) -> None:
    result = office.run(*verb.split(), "--csv", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "choose one of --csv and --json" in result.stderr


def test_a_list_feeds_the_next_verb(office: CommandLine) -> None:
    listed = office.run("pending", "--csv").stdout
    answers = office.json("select", "--from", "-", given=listed)["answers"]
    assert [(it["user_id"], it["verdict"]) for it in answers] == [("u1", "done")]


def test_the_result_is_the_input_with_status_reason_and_next_step(office: CommandLine) -> None:
    given = "note,userId,status\n=1+1,u5,old\nplain,u6,old\n"
    result = office.run("cancel", "--from", "-", "--yes", "--csv", given=given)
    assert result.exit_code == 1
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        ["note", "userId", "status", "reason", "nextStep"],
        ["'=1+1", "u5", "done", "administrator", "select the user again, if he is still to move"],
        ["plain", "u6", "refused", "already_ended", "there is nothing to cancel"],
    ]


def test_without_a_file_the_result_names_the_user(office: CommandLine) -> None:
    assert office.run("extend", "u5", "--csv").stdout == (
        "userId,status,reason,nextStep\nu5,done,,the user chooses a password\n"
    )


def test_who_was_just_selected_waits_for_the_wave(office: CommandLine) -> None:
    assert office.run("select", "u1", "--csv").stdout == (
        "userId,status,reason,nextStep\nu1,done,,the wave releases the user\n"
    )


def test_a_dry_selection_names_no_wave(office: CommandLine) -> None:
    dry = office.json("select", "u1", "--dry-run")
    assert (dry["wave_id"], dry["answers"][0]["wave_id"]) == (None, None)
    assert office.run("select", "u1", "--dry-run", "--csv").stdout.endswith("u1,done,,the wave releases the user\n")


def test_users_come_from_stdin_and_their_result_goes_where_it_is_told(office: CommandLine, tmp_path: Path) -> None:
    rows = "email,displayName\nnew@acme.example,New\n"
    lost = office.run("import", "users", "-", given=rows)
    assert (lost.exit_code, lost.stdout) == (2, "")
    assert "say where the result goes" in " ".join(lost.stderr.split())
    result = tmp_path / "result.csv"
    assert office.run("import", "users", "-", "--result", str(result), given=rows).exit_code == 0
    header, row = result.read_text(encoding="utf-8-sig").splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["importStatus"] == "created"


def test_what_cannot_be_done_is_not_counted_before_it_is_asked(office: CommandLine) -> None:
    assert "Users to take off the list for good: 1." in office.run("exclude", "u1", "u2", "--dry-run").stderr
    office.clock.move(timedelta(days=40))
    late = office.run("undo", "u6", "--dry-run")
    assert "Migrations to take back" not in late.stderr
    assert "too_late" in late.stdout


def test_export_is_everybody_and_their_filter(office: CommandLine) -> None:
    whole = office.run("export")
    assert [row["userId"] for row in csv.DictReader(io.StringIO(whole.stdout))] == ["u1", "u2", "u3", "u4", "u5", "u6"]
    assert whole.stderr == "Users: 6.\n"
    assert office.run("export", "--csv").stdout == whole.stdout
    some = office.run("export", "--state", "instructed", "--state", "MIGRATED", "--limit", "2").stdout
    assert [row["userId"] for row in csv.DictReader(io.StringIO(some))] == ["u3", "u4"]


CHANGES = (
    "select u1",
    "exclude u1",
    "deselect u2",
    "activate u3",
    "cancel --all",
    "resend u5",
    "extend u5 --by 7d",
    "undo u6",
    "retry --all",
    "fix-address u4 right@acme.example",
    "pause",
    "pause --service",
    "event event.json",
    "org apply org.yaml",
    "import users users.csv",
    "mails set instructions text.txt",
    "import contacts contacts.csv",
    "mails undo instructions",
    "resume",
    "wave pause WAVE",
    "wave resume WAVE",
    "wave cancel WAVE",
    "wave retry-failed WAVE",
    "purge",
)
"""Every verb that changes the store, as it would be done; `WAVE` is that of u2."""

BEFORE = {
    "mails undo instructions": "mails set instructions text.txt",
    "resume": "pause",
    "wave resume WAVE": "wave pause WAVE",
}
"""What must have happened for there to be something to change."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_dry_run_answers_and_leaves_the_store_byte_for_byte(
    office: CommandLine, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wave_id = office.json("wave", "list")["waves"][0]["wave_id"]
    words = change.replace("WAVE", wave_id).split()
    if change in BEFORE:
        office.run(*BEFORE[change].replace("WAVE", wave_id).split())
    if change == "wave retry-failed WAVE":
        office.write(_parks_u2)
    office.gateway.rung.clear()
    file = Path(office.store_url.partition("///")[2])
    before = (file.read_bytes(), dump(file))
    result = office.run(*words, "--dry-run")
    assert result.exit_code in {0, 1}
    assert "Dry run: " in result.stderr
    assert result.stdout != ""
    assert (file.read_bytes(), dump(file)) == before
    assert office.gateway.rung == []
    is_asked = change.startswith(("exclude", "cancel", "undo", "wave cancel", "purge"))
    done = office.run(*words, *(("--yes",) if is_asked else ()))
    assert dump(file) != before[1], done.output


async def _parks_u2(uow: UnitOfWork) -> None:
    ref = MigrationRef(org_id="acme", user_id="u2", generation=1)
    await uow.migrations.set_attention(ref, Attention.UNDELIVERABLE, NOW)
    await uow.commit()


DESTRUCTIVE = {
    "exclude u1": "Users to take off the list for good: 1.",
    "cancel u5": "Migrations to cancel: 1.",
    "undo u6": "Migrations to take back: 1.",
    "select --all": "Users to select: 1.",
    "purge": "Rows to remove for good: 1 (events 1).",
}


@pytest.mark.parametrize("command", DESTRUCTIVE)
def test_without_a_terminal_what_takes_away_says_the_numbers_and_is_refused(office: CommandLine, command: str) -> None:
    before = office.run("export").stdout
    result = office.run(*command.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(DESTRUCTIVE[command])
    assert "nobody can be asked here; add --yes if this is what you want" in " ".join(result.stderr.split())
    assert office.run("export").stdout == before


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (("pending", "--state", "MIGRATED"), 3, "--state: is none in which this can be done"),
        (("cancel", "--all", "--state", "nowhere"), 3, "--state: is no state of a migration; use one like "),
        (("mails", "list", "--state", "bouncd"), 3, "--state: is no state of a mail; use one like bounced"),
        (("mails", "list", "--mail", "remider"), 3, "--mail: is no mail of ours; use one like reminder"),
        (("audit", "export", "--since", "soon"), 2, "must be a time like 2026-11-23 or 2026-11-23T08:00:00Z"),
        (("wave", "show", "nowhere"), 4, "there is no wave of this id"),
        (("user", "timeline", "nobody"), 4, "there is no such user"),
        (("status", "--org", "acne"), 4, "Near it: acme"),
        (("inbox", "--org", "acne"), 4, "Near it: acme"),
        (("pending", "--wave", "nowhere"), 4, "there is no wave of this id"),
        (("export", "--wave", "nowhere"), 4, "there is no wave of this id"),
        (("cancel", "--wave", "nowhere", "--yes"), 4, "there is no wave of this id"),
        (("parked", "--reason", "undeliverabel"), 3, "--reason: is no reason that a list shows; use one like undeliv"),
        (("mails", "preview", "welcome", "--html", "/nowhere/page.html"), 3, "cannot be written (No such file or dir"),
    ],
)
def test_bad_input_names_the_field_the_reason_and_the_mend(
    office: CommandLine, arguments: tuple[str, ...], code: int, shown: str
) -> None:
    result = office.run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert shown in " ".join(result.stderr.split())


def dump(file: Path) -> list[str]:
    with sqlite3.connect(file) as connection:
        return list(connection.iterdump())
