"""`mails`: what was sent, and an organization's own texts from the first check to the way back."""

from datetime import timedelta
from pathlib import Path

import pytest

from edition_migration.domain.errors import AddressRefused, EditionMigrationError, RelayUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.own_texts import OwnTextResult, OwnTextRevision
from edition_migration.ports.store import UnitOfWork
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest
from tests.fixtures import records

TEXT = "Subject: Your new client\n\nDear %USERNAME%,\n\nget it here:\n\n%CLIENTDOWNLOADURL%\n"


@pytest.fixture
def office(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Two users with three mails, and a text in a file."""
    cli.put(guest("u1"), guest("u2"))
    accepted = {
        "state": MailState.ACCEPTED,
        "accepted_at": NOW + timedelta(minutes=1),
        "reply_code": 250,
        "attempts": 1,
    }
    mails = [
        records.mail("m1", user_id="u1", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=NOW, **accepted),
        records.mail("m2", user_id="u2", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=NOW, state=MailState.BOUNCED),
        records.mail("m3", user_id="u1", kind=MailKind.INSTRUCTIONS, created_at=NOW),
    ]

    async def write(uow: UnitOfWork) -> None:
        await uow.mails.queue(mails)
        await uow.commit()

    cli.write(write)
    (tmp_path / "text.txt").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return cli


def test_mails_are_listed_newest_first_and_by_what_is_asked(office: CommandLine) -> None:
    def kinds(*arguments: str) -> list[tuple[str, str, str]]:
        mails = office.json("mails", "list", *arguments)["mails"]
        return [(it["user_id"], it["kind"], it["state"]) for it in mails]

    everything = [
        ("u1", "instructions", "queued"),
        ("u2", "account_deactivated", "bounced"),
        ("u1", "account_deactivated", "accepted"),
    ]
    assert kinds() == everything
    assert kinds("u1") == [everything[0], everything[2]]
    assert kinds("--state", "bounced", "--state", "queued") == everything[:2]
    assert kinds("--mail", "account_deactivated", "ada.lovelace@acme.example") == [everything[2]]


def test_mails_are_paged_by_their_number(office: CommandLine) -> None:
    first = office.json("mails", "list", "--limit", "2")
    rest = office.json("mails", "list", "--limit", "2", "--before", str(first["next"]))
    assert [it["number"] for it in (*first["mails"], *rest["mails"])] == [3, 2, 1]
    assert rest["next"] is None
    assert "Older ones: --before 2\n" in office.run("mails", "list", "--limit", "2").stderr


def test_an_own_text_is_previewed_kept_shown_and_taken_back(office: CommandLine) -> None:
    preview = office.run("mails", "preview", "instructions", "--file", "text.txt", "--html", "page.html")
    assert preview.exit_code == 0
    assert preview.stdout.startswith("Subject: Your new client\n")
    assert "get it here:" in Path("page.html").read_text()
    assert office.run("mails", "texts").stdout == "Own texts of acme: none\n"

    kept = office.run("mails", "set", "instructions", "text.txt", "--actor", "staff-7")
    assert (kept.exit_code, kept.stdout) == (
        0,
        "Kept, and used for mails that are not sent yet: instructions (en) of acme.\n",
    )
    assert office.run("mails", "show", "instructions").stdout == TEXT
    line = office.json("mails", "texts")["texts"][0]
    assert (line["kind"], line["is_own"], line["subject"], line["actor"]) == (
        "instructions", True, "Your new client", "staff-7",
    )  # fmt: skip

    assert office.run("mails", "undo", "instructions").stdout == "Back to ours: instructions (en) of acme.\n"
    shown = office.run("mails", "show", "instructions")
    assert (shown.stdout, shown.stderr.split(".")[0]) == ("", "This text is ours")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello\n\nbody\n", "line 1: is no subject; write `Subject: ...` in the first line"),
        ("Subject: Hello\nbody\n", "line 2: is not empty; leave a line empty between the subject and the text"),
        ("Subject: Hi\n\n%CLIENTDOWNLOADURL% %PASSWORD%\n", "%PASSWORD%"),
        ("Subject: Hi\n\nnothing to download\n", "body: lacks %CLIENTDOWNLOADURL%, for which this mail exists"),
        ("Subject: Hi\n\n%CLIENTDOWNLOADURL% <b>now</b>\n", "body: "),
    ],
)
def test_a_text_that_breaks_a_rule_is_not_kept(office: CommandLine, text: str, shown: str) -> None:
    Path("text.txt").write_text(text)
    result = office.run("mails", "set", "instructions", "text.txt")
    assert (result.exit_code, result.stdout) == (3, "")
    assert shown in result.stderr
    assert office.json("mails", "texts")["texts"] == []


def test_a_test_mail_goes_to_one_address_and_is_marked(office: CommandLine) -> None:
    result = office.run("mails", "send-test", "instructions", "me@acme.example", "--file", "text.txt")
    assert (result.exit_code, result.stdout) == (0, "The relay accepted the mail (250).\n")
    (envelope,) = office.mailbox.sent
    assert (envelope.recipient, envelope.content.subject) == ("me@acme.example", "[Test] Your new client")


@pytest.mark.parametrize(
    ("failure", "code", "shown"),
    [
        (AddressRefused("the relay answered 550", reply_code=550), 1, "the relay answered 550"),
        (RelayUnavailable("nobody answers"), 10, "nobody answers"),
    ],
)
def test_a_test_mail_that_fails_says_why(
    office: CommandLine, failure: EditionMigrationError, code: int, shown: str
) -> None:
    office.mailbox.failure = failure
    result = office.run("mails", "send-test", "instructions", "me@acme.example")
    assert (result.exit_code, result.stdout) == (code, "")
    assert f"Error: {shown}" in result.stderr


def test_an_own_text_that_breaks_a_rule_of_today_is_named(office: CommandLine) -> None:
    async def keep(uow: UnitOfWork) -> None:
        result = OwnTextResult.SET
        old = OwnTextRevision("acme", "c1", MailKind.WELCOME, "en", "Hi", "See %OTHER%", None, result, "staff-1", NOW)
        await uow.own_texts.add(old)
        await uow.commit()

    office.write(keep)
    result = office.run("mails", "check", "--csv")
    assert (result.exit_code, result.stdout.splitlines()[1:]) == (
        1,
        ['welcome,en,1,body,"names %OTHER%, which nobody knows","use %USERNAME%, %CLIENTDOWNLOADURL%, or remove it"'],
    )
