"""`parked`, `retry`, `fix-address`, `resend`: following up on users who cannot go on, or have not answered."""

from datetime import timedelta

import pytest

from edition_migration.cli import output
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests.builders import NOW
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import guest
from tests.fixtures import records


def mail(user_id: str, kind: MailKind, *, days_ago: int, state: MailState = MailState.ACCEPTED) -> Mail:
    at = NOW - timedelta(days=days_ago)
    accepted_at = at if state is MailState.ACCEPTED else None
    return records.mail(
        f"{user_id}-{kind}", user_id=user_id, kind=kind, state=state, created_at=at, accepted_at=accepted_at
    )


def put_mails(cli: CommandLine, *mails: Mail) -> None:
    async def write(uow: UnitOfWork) -> None:
        await uow.mails.queue(mails)
        await uow.commit()

    cli.write(write)


def park(cli: CommandLine, user_id: str, attention: Attention) -> None:
    async def write(uow: UnitOfWork) -> None:
        await uow.migrations.set_attention(MigrationRef(org_id="acme", user_id=user_id, generation=1), attention, NOW)
        await uow.commit()

    cli.write(write)


def set_deadline(cli: CommandLine, user_id: str) -> None:
    async def write(uow: UnitOfWork) -> None:
        ref = MigrationRef(org_id="acme", user_id=user_id, generation=1)
        await uow.migrations.set_deadline(ref, NOW, NOW + timedelta(days=14))
        await uow.commit()

    cli.write(write)


def mails_of(cli: CommandLine, user_id: str) -> list[tuple[str, int, str]]:
    return [(it["kind"], it["round"], it["state"]) for it in cli.json("user", "show", user_id)["mails"]]


@pytest.fixture
def office(cli: CommandLine) -> CommandLine:
    """u1 has an address that refused his instructions, u2 is forbidden by the policy, u3 is well."""
    cli.put(guest("u1", S.INSTRUCTED), guest("u2", S.SELECTED), guest("u3", S.INSTRUCTED))
    put_mails(cli, mail("u1", MailKind.INSTRUCTIONS, days_ago=1, state=MailState.BOUNCED))
    park(cli, "u1", Attention.UNDELIVERABLE)
    park(cli, "u2", Attention.POLICY)
    return cli


def test_status_says_how_many_are_parked(office: CommandLine) -> None:
    assert office.json("status")["parked"] == 2
    assert office.run("status").stderr == "Users parked: 2. See `starter.py parked --org acme`.\n"


def test_parked_is_paged_by_user_id(office: CommandLine) -> None:
    first = office.json("parked", "--limit", "1")
    assert ([it["user_id"] for it in first["users"]], first["total"], first["next"]) == (["u1"], 2, "u1")
    second = office.json("parked", "--after", "u1")
    assert ([it["user_id"] for it in second["users"]], second["next"]) == (["u2"], None)


def test_where_nobody_is_parked_it_is_said(cli: CommandLine) -> None:
    cli.put(guest("u1"))
    result = cli.run("parked")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "Nobody is parked.\n")


def test_retry_sends_again_what_was_refused_and_rings(office: CommandLine) -> None:
    answer = office.json("retry", "u1", "u3")
    assert [(it["user_id"], it["verdict"], it["reason"]) for it in answer["answers"]] == [
        ("u1", "done", ""),
        ("u3", "refused", "nothing_to_retry"),
    ]
    assert mails_of(office, "u1") == [("instructions", 1, "queued")]
    assert "migration/acme/u1/1" in office.gateway.rung


def test_everybody_parked_is_retried(office: CommandLine) -> None:
    assert [it["user_id"] for it in office.json("retry", "--parked", "--yes")["answers"]] == ["u1", "u2"]
    assert office.json("parked")["total"] == 0


def test_fix_address_sends_what_was_refused_to_the_new_one(office: CommandLine) -> None:
    result = office.run("fix-address", "ada.lovelace@acme.example", "Ada@Acme.example", "--actor", "staff-7")
    assert result.exit_code == 0
    assert office.json("user", "show", "u1")["email"] == "ada@acme.example"
    assert mails_of(office, "u1") == [("instructions", 1, "queued")]
    assert office.json("user", "show", "u1")["journal"][-1]["actor"] == "staff-7"
    assert office.json("parked")["total"] == 1


def test_fix_address_repeated_gets_the_first_answer(office: CommandLine) -> None:
    first = office.json("fix-address", "u1", "ada@acme.example", "--command-id", "c1")
    assert office.json("fix-address", "u1", "ada@acme.example", "--command-id", "c1") == first
    assert first["answers"][0]["verdict"] == "done"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ada@elsewhere.example", "other_domain"),
        ("u3@acme.example", "address_taken"),
        ("ada.lovelace@acme.example", "same_address"),
    ],
)
def test_an_address_that_cannot_be_his_is_refused(office: CommandLine, address: str, reason: str) -> None:
    result = office.run("fix-address", "u1", address)
    assert result.exit_code == 1
    assert reason in result.stdout
    assert office.json("user", "show", "u1")["email"] == "ada.lovelace@acme.example"


@pytest.fixture
def unanswered(cli: CommandLine) -> CommandLine:
    """u1 has had his link for five days, u2 for one, u3 for five and has chosen, u4 had instructions ten days ago."""
    cli.put(
        guest("u1", S.AWAITING_PASSWORD),
        guest("u2", S.AWAITING_PASSWORD),
        guest("u3", S.PASSWORD_SET),
        guest("u4", S.AWAITING_PASSWORD),
    )
    for user_id in ("u1", "u2", "u4"):
        set_deadline(cli, user_id)
    put_mails(
        cli,
        mail("u1", MailKind.RESET_PASSWORD, days_ago=5),
        mail("u2", MailKind.RESET_PASSWORD, days_ago=1),
        mail("u3", MailKind.RESET_PASSWORD, days_ago=5),
        mail("u4", MailKind.INSTRUCTIONS, days_ago=10),
        mail("u4", MailKind.RESET_PASSWORD, days_ago=9, state=MailState.SUPPRESSED),
    )
    return cli


def test_resend_sends_a_new_link(unanswered: CommandLine) -> None:
    answer = unanswered.json("resend", "u1", "u3")
    assert [(it["user_id"], it["verdict"], it["reason"]) for it in answer["answers"]] == [
        ("u1", "done", ""),
        ("u3", "refused", "nothing_to_resend"),
    ]
    assert mails_of(unanswered, "u1") == [("reset_password", 1, "accepted"), ("new_link", 1, "queued")]


def test_resend_to_everybody_whose_last_mail_is_older(unanswered: CommandLine) -> None:
    answer = unanswered.json("resend", "--older-than", "3d", "--yes")
    assert [it["user_id"] for it in answer["answers"]] == ["u1", "u4"]


def test_who_was_just_sent_a_new_link_is_not_sent_another(unanswered: CommandLine) -> None:
    unanswered.run("resend", "u1")
    answer = unanswered.json("resend", "--older-than", "3d", "--yes")
    assert [it["user_id"] for it in answer["answers"]] == ["u4"]


def test_whoever_is_named_gets_an_answer_so_no_filter_goes_with_names(unanswered: CommandLine) -> None:
    result = unanswered.run("resend", "u4", "u2", "--older-than", "12h", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leave it out, or give it without them" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (("resend", "--older-than", "3d"), "Users who get a new link, or their instructions once more: 2 of acme.\n"),
        (("extend", "--all"), "Users who get more time: 3 of acme.\n"),
        (("extend", "--domain", "acme.example", "--limit", "2"), "Users who get more time: 2 of acme.\n"),
    ],
)
def test_what_means_users_whom_nobody_named_asks_first(
    unanswered: CommandLine, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...], asked: str
) -> None:
    before = unanswered.json("export")
    alone = unanswered.run(*typed)
    assert (alone.exit_code, alone.stdout, alone.stderr.startswith(asked)) == (2, "", True)
    monkeypatch.setattr(output, "has_terminal", lambda: True)
    no = unanswered.run(*typed, given="n\n")
    assert (no.exit_code, no.stderr.startswith(f"{asked}Go on?")) == (1, True)
    assert (unanswered.json("export"), mails_of(unanswered, "u1")) == (before, [("reset_password", 1, "accepted")])
    assert unanswered.run(*typed, given="y\n").exit_code == 0


def test_whoever_is_named_is_not_asked_about(unanswered: CommandLine) -> None:
    assert unanswered.run("resend", "u1").exit_code == 0
    assert unanswered.run("extend", "--from", "-", given="userId\nu1\n").exit_code == 0


def test_retry_activate_and_deselect_of_everybody_ask_too(office: CommandLine) -> None:
    office.put(guest("u5"))
    office.run("select", "u5")
    for typed, asked in (
        (("retry", "--parked"), "Parked users who go on, and are sent again what was refused: 2 of acme.\n"),
        (("activate", "--all"), "Users to activate now: 2 of acme.\n"),
        (("deselect", "--all"), "Users to put back on the list: 1 of acme.\n"),
    ):
        result = office.run(*typed)
        assert (result.exit_code, result.stdout, result.stderr.startswith(asked)) == (2, "", True)
