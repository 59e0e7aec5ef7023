"""Rows of the failure matrix about the relay: what is one mail's matter, what is everybody's, what cannot be known."""

import socket
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState
from edition_migration.ports.mails import RelaySecurity
from edition_migration.ports.store import Store
from tests.faults.post import HELD_BACK, LOGIN, Post, relay
from tests.fixtures.smtp import HOST, Behavior, RelayCa, SmtpServer, running_smtp_server

USERS = ("ada", "bob", "cleo")
MANY = (*USERS, "dan", "eve", "fay", "gus", "hal")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)

FOR_ALL = [
    (Behavior({"CONNECT": 421}), "The relay answered 421"),
    (Behavior({"CONNECT": 554}), "The relay answered 554"),
    (Behavior({"EHLO": 421}), "The relay answered 421"),
    (Behavior({"MAIL": 421}), "The relay answered 421"),
    (Behavior({"MAIL": 451}), "The relay answered 451"),
    (Behavior({"MAIL": 550}), "The relay answered 550"),
    (Behavior({"RCPT": 421}), "The relay answered 421 to RCPT"),
    (Behavior({"RCPT": 530}), "The relay answered 530 to RCPT"),
    (Behavior(cut_at="CONNECT"), "The relay could not be used (SMTPServerDisconnected)"),
    (Behavior(cut_at="EHLO"), "The relay could not be used (SMTPServerDisconnected)"),
]
REFUSALS_OF_THE_RELAY = [
    Behavior({"RCPT": 554}, status="5.7.1"),
    Behavior({"RCPT": 554}),
    Behavior({"DOT": 554}, status="5.7.1"),
]
"""Postfix refuses so whom it takes for a stranger, and a filter what it takes for spam."""
OF_ONE_MAIL = [
    Behavior({"RCPT": 450}),
    Behavior({"RCPT": 451}),
    Behavior({"DATA": 451}),
    Behavior({"DOT": 451}),
    Behavior({"DOT": 452}),
    Behavior(cut_at="RCPT"),
    Behavior(cut_at="DATA"),
]


@pytest.mark.parametrize(("fault", "cause"), FOR_ALL)
async def test_relay_that_answers_nobody_is_left_alone_and_burns_no_attempt(
    post: Post, fault: Behavior, cause: str
) -> None:
    await post.queue(*USERS)
    post.server.always = fault
    assert [await post.deliver(it) for it in USERS] == [cause, HELD_BACK + cause, HELD_BACK + cause]
    assert await post.mails(*USERS) == [(MailState.QUEUED, 0)] * 3
    post.server.always = Behavior()
    post.move(MINUTE)
    assert [await post.deliver(it) for it in USERS] == ["sent"] * 3
    assert await post.mails(*USERS) == [(MailState.ACCEPTED, 1)] * 3


async def test_relay_that_refuses_connections_for_an_hour_loses_no_mail(post: Post) -> None:
    await post.queue(*USERS)
    with closing(socket.socket()) as unused:
        unused.bind((HOST, 0))  # bound but not listening: connecting is refused
        post.relay = replace(post.relay, port=unused.getsockname()[1])
        post.restart()
        told = await post.deliver_for(HOUR, USERS, every=MINUTE)
    cause = "The relay could not be used (ConnectionRefusedError)"
    assert set(told) == {cause, HELD_BACK + cause}
    assert told.count(cause) == 60, "one try a minute, however many wait"
    assert await post.mails(*USERS) == [(MailState.QUEUED, 0)] * 3
    post.relay = relay(post.server.port)
    post.restart()
    assert [await post.deliver(it) for it in USERS] == ["sent"] * 3


@pytest.mark.parametrize("fault", OF_ONE_MAIL)
async def test_4xx_for_an_hour_loses_no_mail_and_stops_no_other(post: Post, fault: Behavior) -> None:
    await post.queue(*USERS)
    post.server.recipients["ada@acme.example"] = fault
    told = await post.deliver_for(HOUR, ["ada"], every=5 * MINUTE)
    assert len(told) == 12
    assert not any(it.startswith(HELD_BACK) for it in told)
    assert [await post.deliver(it) for it in ("bob", "cleo")] == ["sent", "sent"]
    assert await post.mails("ada") == [(MailState.DEFERRED, 12)]
    assert (await post.row("ada")).attention is None
    del post.server.recipients["ada@acme.example"]
    assert await post.deliver("ada") == "sent"
    assert [len(post.received(it)) for it in USERS] == [1, 1, 1]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MailKind.ACCOUNT_DEACTIVATED, S.IN_REVIEW),
        (MailKind.INSTRUCTIONS, S.INSTRUCTED),
        (MailKind.RESET_PASSWORD, S.AWAITING_PASSWORD),
        (MailKind.NEW_LINK, S.AWAITING_PASSWORD),
    ],
)
async def test_5xx_on_rcpt_parks_this_user_and_451_does_not(post: Post, kind: MailKind, state: S) -> None:
    await post.queue(*USERS, kind=kind, state=state)
    post.server.recipients["ada@acme.example"] = Behavior({"RCPT": 550})
    post.server.recipients["bob@acme.example"] = Behavior({"RCPT": 451})
    assert [await post.deliver(it) for it in USERS] == ["refused", "The relay answered 451 to RCPT", "sent"]
    assert await post.mails(*USERS) == [(MailState.BOUNCED, 1), (MailState.DEFERRED, 1), (MailState.ACCEPTED, 1)]
    assert (await post.mail("ada")).reply_code == 550
    assert [(await post.row(it)).attention for it in USERS] == [Attention.UNDELIVERABLE, None, None]
    assert [(await post.row(it)).state for it in USERS] == [state] * 3
    assert await post.deliver("ada") == "refused", "not sent again by itself"
    assert len(post.received("ada")) == 0


@pytest.mark.parametrize("refusal", REFUSALS_OF_THE_RELAY)
async def test_relay_that_refuses_everybody_for_an_hour_parks_nobody(post: Post, refusal: Behavior) -> None:
    await post.queue(*USERS)
    post.server.always = refusal
    told = await post.deliver_for(HOUR, USERS, every=MINUTE)
    cause = "The relay answered 554 to " + ("the message" if "DOT" in refusal.codes else "RCPT")
    assert set(told) == {cause, HELD_BACK + cause}
    assert told.count(cause) == 60, "one try a minute, however many wait"
    assert [(await post.row(it)).attention for it in USERS] == [None] * 3
    post.server.always = Behavior()
    assert [await post.deliver(it) for it in USERS] == ["sent"] * 3


async def test_relay_without_status_codes_that_refuses_everybody_parks_four_and_holds_the_rest(post: Post) -> None:
    await post.queue(*MANY)
    post.server.always = Behavior({"RCPT": 550})
    cause = "The relay answered 550 to RCPT"
    assert [await post.deliver(it) for it in MANY] == ["refused"] * 4 + [cause] + [HELD_BACK + cause] * 3
    assert [(await post.row(it)).attention for it in MANY] == [Attention.UNDELIVERABLE] * 4 + [None] * 4
    post.server.always = Behavior()
    post.move(MINUTE)
    assert [await post.deliver(it) for it in MANY] == ["refused"] * 4 + ["sent"] * 4


async def test_who_alone_is_refused_by_policy_is_parked_once_others_mails_were_taken_between(post: Post) -> None:
    await post.queue(*USERS)
    post.server.recipients["ada@acme.example"] = Behavior({"RCPT": 554}, status="5.7.1")
    told: list[str] = []
    for other in ("bob", "cleo"):
        told.append(await post.deliver("ada"))
        post.move(MINUTE)
        assert await post.deliver(other) == "sent"
    assert told == ["The relay answered 554 to RCPT"] * 2
    assert await post.deliver("ada") == "refused"
    assert [(await post.row(it)).attention for it in USERS] == [Attention.UNDELIVERABLE, None, None]
    assert await post.mails("ada") == [(MailState.BOUNCED, 3)]


@pytest.mark.parametrize("stage", ["DATA", "DOT"])
async def test_5xx_on_data_parks_this_user_only(post: Post, stage: str) -> None:
    await post.queue(*USERS)
    post.server.recipients["ada@acme.example"] = Behavior({stage: 552}, status="5.2.2")
    assert [await post.deliver(it) for it in USERS] == ["refused", "sent", "sent"]
    assert [(await post.row(it)).attention for it in USERS] == [Attention.UNDELIVERABLE, None, None]


@pytest.mark.parametrize("code", [535, 454])
async def test_login_refused_for_ten_minutes_pauses_the_queue_and_burns_nothing(post: Post, code: int) -> None:
    post.server.login = LOGIN
    post.relay = replace(post.relay, username=LOGIN[0], password=LOGIN[1])
    post.restart()
    await post.queue(*USERS)
    post.server.always = Behavior({"AUTH": code})
    told = await post.deliver_for(10 * MINUTE, USERS, every=timedelta(seconds=10))
    cause = f"The relay answered {code}"
    assert set(told) == {cause, HELD_BACK + cause}
    assert told.count(cause) < 20
    assert "MAIL" not in post.server.commands
    assert await post.mails(*USERS) == [(MailState.QUEUED, 0)] * 3
    assert [(await post.row(it)).attention for it in USERS] == [None] * 3
    post.server.always = Behavior()
    post.move(MINUTE)
    assert [await post.deliver(it) for it in USERS] == ["sent"] * 3


@pytest.mark.parametrize("security", [RelaySecurity.STARTTLS, RelaySecurity.TLS])
async def test_relay_whose_encryption_fails_pauses_the_queue_and_burns_nothing(
    sqlite_store: Store, relay_ca: RelayCa, security: RelaySecurity
) -> None:
    """Its authority is unknown, until the operator names the file."""
    implicit = security is RelaySecurity.TLS
    async with running_smtp_server(relay_ca.server_context, implicit_tls=implicit) as server:
        post = Post(sqlite_store, replace(relay(server.port), security=security), server)
        await post.queue(*USERS)
        cause = "The relay could not be used (SSLCertVerificationError)"
        assert [await post.deliver(it) for it in USERS] == [cause, HELD_BACK + cause, HELD_BACK + cause]
        assert await post.mails(*USERS) == [(MailState.QUEUED, 0)] * 3
        post.relay = replace(post.relay, ca_file=relay_ca.ca_file)
        post.restart()
        assert [await post.deliver(it) for it in USERS] == ["sent"] * 3


@pytest.mark.parametrize("fault", [Behavior(cut_at="DOT"), Behavior(hang_at="DOT")])
async def test_line_lost_after_the_final_dot_is_unknown_and_repeated_with_the_same_bytes_and_link(
    post: Post, fault: Behavior
) -> None:
    post.relay = replace(post.relay, accept_timeout=0.2)
    post.restart()
    await post.queue("ada", kind=MailKind.RESET_PASSWORD, state=S.AWAITING_PASSWORD)
    post.server.next = [fault]
    assert (await post.deliver("ada")).startswith("The relay was lost after the final dot")
    assert await post.mails("ada") == [(MailState.UNKNOWN, 1)]
    post.move(MINUTE)
    assert await post.deliver("ada") == "sent"
    assert await post.mails("ada") == [(MailState.ACCEPTED, 2)]
    lost, repeated = post.received("ada")
    assert (lost.is_answered, repeated.is_answered) == (False, True)
    assert lost.raw == repeated.raw
    assert [it.state for it in await post.links("ada")] == [TokenState.LIVE]
    assert (await post.row("ada")).deadline_at == post.clock.at + timedelta(days=14)


@pytest.mark.parametrize("fault", [Behavior({"QUIT": 421}), Behavior(cut_at="QUIT"), Behavior(hang_at="QUIT")])
async def test_quit_answered_421_after_the_250_is_accepted_and_not_repeated(post: Post, fault: Behavior) -> None:
    await post.queue("ada")
    post.server.always = fault
    assert await post.deliver("ada") == "sent"
    assert await post.mails("ada") == [(MailState.ACCEPTED, 1)]
    assert await post.deliver("ada") == "none"
    assert len(post.received("ada")) == 1


async def test_fault_for_all_does_not_hide_that_a_mail_may_have_arrived(post: Post) -> None:
    await post.queue("ada")
    post.server.next = [Behavior(cut_at="DOT"), Behavior({"CONNECT": 421})]
    for _ in range(2):
        await post.deliver("ada")
    assert await post.mails("ada") == [(MailState.UNKNOWN, 1)]


async def test_mail_of_a_killed_process_is_unknown_while_the_relay_serves_nobody(
    post: Post, smtp_server: SmtpServer
) -> None:
    await post.queue("ada")
    async with post.store.write() as uow:
        await uow.mails.mark("m-ada", [MailState.QUEUED], MailState.SENDING, post.clock.now())
        await uow.commit()
    smtp_server.next = [Behavior({"CONNECT": 421})]
    await post.deliver("ada")
    assert await post.mails("ada") == [(MailState.UNKNOWN, 1)]
