"""The mailer against a scripted relay: what is success, whose matter a refusal is, and what cannot be known."""

import socket
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, cast

import pytest

from edition_migration.adapters.mails.message import message_bytes
from edition_migration.adapters.smtp import Relay, SmtpMailer
from edition_migration.domain.errors import AddressRefused, EditionMigrationError, RelayUnavailable
from edition_migration.domain.refusals import Blame
from edition_migration.ports.mails import Envelope, MailContent, RelaySecurity
from tests.fixtures.smtp import HOST, Behavior, RelayCa, SmtpServer, running_smtp_server

ADA = "ada@guests.example.com"
CREATED = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
CONTENT = MailContent("Grüße, Ada", "Hello Ada,\n\n.starts with a dot\n.\n..\nž\n", "<p>Hello Ada</p>\n")
ENVELOPE = Envelope("mail-1", ADA, CREATED, CONTENT)


def relay(server: SmtpServer, **changes: Any) -> Relay:
    plain = Relay(HOST, server.port, "no-reply@relay.example.com", "mail.example.com", RelaySecurity.NONE, timeout=5)
    return replace(plain, **changes)


async def send(server: SmtpServer, envelope: Envelope = ENVELOPE, **changes: Any) -> int:
    return await SmtpMailer(relay(server, **changes)).send(envelope)


async def failure_of(server: SmtpServer, envelope: Envelope = ENVELOPE, **changes: Any) -> EditionMigrationError:
    with pytest.raises(EditionMigrationError) as caught:
        await send(server, envelope, **changes)
    return caught.value


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return cast(EmailMessage, part).get_content()


async def test_a_mail_arrives_with_both_parts_and_headers_of_its_row(smtp_server: SmtpServer) -> None:
    assert await send(smtp_server) == 250
    [received] = smtp_server.received
    message = received.message
    assert (received.sender, received.recipient) == ("no-reply@relay.example.com", ADA)
    assert message["From"] == "no-reply@relay.example.com"
    assert message["To"] == ADA
    assert message["Subject"] == "Grüße, Ada"
    assert message["Date"] == "Tue, 03 Mar 2026 16:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<mail-1@mail.example.com>"
    assert message.get_content_type() == "multipart/alternative"
    assert body_of(message, "plain").replace("\r\n", "\n") == CONTENT.text
    assert body_of(message, "html").replace("\r\n", "\n") == CONTENT.html


async def test_a_repeat_is_byte_identical(smtp_server: SmtpServer) -> None:
    await send(smtp_server)
    await send(smtp_server)
    first, second = smtp_server.received
    assert first.raw == second.raw


async def test_another_row_has_another_message_id_and_boundary(smtp_server: SmtpServer) -> None:
    await send(smtp_server)
    await send(smtp_server, replace(ENVELOPE, mail_id="mail-2"))
    first, second = (received.message for received in smtp_server.received)
    assert first["Message-ID"] != second["Message-ID"]
    assert first.get_boundary() != second.get_boundary()


@pytest.mark.parametrize(
    ("code", "status", "blame"),
    [
        (550, "", Blame.LIKELY_ADDRESS), (551, "", Blame.LIKELY_ADDRESS), (553, "", Blame.LIKELY_ADDRESS),
        (501, "", Blame.LIKELY_ADDRESS), (552, "", Blame.UNCLEAR), (554, "", Blame.UNCLEAR),
        (550, "5.1.1", Blame.ADDRESS), (554, "5.1.2", Blame.ADDRESS), (556, "5.1.10", Blame.ADDRESS),
        (550, "5.2.1", Blame.ADDRESS), (552, "5.2.2", Blame.ADDRESS),
        (553, "5.1.7", Blame.UNCLEAR), (550, "5.1.8", Blame.UNCLEAR),
        (550, "5.0.0", Blame.UNCLEAR), (552, "5.3.4", Blame.UNCLEAR), (550, "5.4.1", Blame.UNCLEAR),
        (554, "5.5.0", Blame.UNCLEAR), (550, "5.6.0", Blame.UNCLEAR),
        (554, "5.7.1", Blame.UNCLEAR), (550, "5.7.1", Blame.UNCLEAR),
        (550, "4.7.1", Blame.LIKELY_ADDRESS), (550, "5.1.1.1", Blame.LIKELY_ADDRESS),
    ],
)  # fmt: skip
async def test_a_recipient_refused_for_good_is_an_address_refused_as_surely_as_the_relay_says(
    smtp_server: SmtpServer, code: int, status: str, blame: Blame
) -> None:
    smtp_server.recipients[ADA] = Behavior({"RCPT": code}, status=status)
    failure = await failure_of(smtp_server)
    assert isinstance(failure, AddressRefused)
    assert (failure.reply_code, failure.blame) == (code, blame)
    assert smtp_server.received == []


@pytest.mark.parametrize("stage", ["DATA", "DOT"])
@pytest.mark.parametrize(("status", "blame"), [("", Blame.UNCLEAR), ("5.7.1", Blame.UNCLEAR), ("5.2.2", Blame.ADDRESS)])
async def test_a_message_refused_for_good_is_an_address_refused(
    smtp_server: SmtpServer, stage: str, status: str, blame: Blame
) -> None:
    smtp_server.always = Behavior({stage: 554}, status=status)
    failure = await failure_of(smtp_server)
    assert isinstance(failure, AddressRefused)
    assert (failure.reply_code, failure.blame) == (554, blame)
    assert smtp_server.received == []


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ("CONNECT", 421), ("CONNECT", 554), ("EHLO", 421), ("MAIL", 421), ("MAIL", 451), ("MAIL", 550),
        ("RCPT", 421), ("RCPT", 450), ("RCPT", 452), ("RCPT", 503), ("RCPT", 530),
        ("DATA", 421), ("DATA", 451), ("DOT", 421), ("DOT", 451), ("DOT", 452),
    ],
)  # fmt: skip
async def test_what_every_mail_would_meet_is_the_relays_matter(smtp_server: SmtpServer, stage: str, code: int) -> None:
    smtp_server.always = Behavior({stage: code})
    failure = await failure_of(smtp_server)
    assert isinstance(failure, RelayUnavailable)
    assert failure.outcome_unknown is False
    assert smtp_server.received == []


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_line_lost_before_the_final_dot_sent_nothing(smtp_server: SmtpServer, stage: str, is_cut: bool) -> None:
    smtp_server.always = Behavior(cut_at=stage) if is_cut else Behavior(hang_at=stage)
    failure = await failure_of(smtp_server, timeout=0.2)
    assert isinstance(failure, RelayUnavailable)
    assert failure.outcome_unknown is False
    assert smtp_server.received == []


@pytest.mark.parametrize("fault", [Behavior(cut_at="DOT"), Behavior(hang_at="DOT")])
async def test_a_line_lost_after_the_final_dot_cannot_be_known(smtp_server: SmtpServer, fault: Behavior) -> None:
    smtp_server.next = [fault]
    failure = await failure_of(smtp_server, accept_timeout=0.2)
    assert isinstance(failure, RelayUnavailable)
    assert failure.outcome_unknown is True
    assert await send(smtp_server) == 250
    lost, repeated = smtp_server.received
    assert (lost.is_answered, repeated.is_answered) == (False, True)
    assert lost.raw == repeated.raw


@pytest.mark.parametrize("quit_", [Behavior({"QUIT": 421}), Behavior(cut_at="QUIT"), Behavior(hang_at="QUIT")])
async def test_the_250_is_success_whatever_quit_says(smtp_server: SmtpServer, quit_: Behavior) -> None:
    smtp_server.always = quit_
    assert await send(smtp_server) == 250
    assert len(smtp_server.received) == 1


async def test_a_refused_connection_is_the_relays_matter(smtp_server: SmtpServer) -> None:
    with socket.socket() as unused:
        unused.bind((HOST, 0))  # bound but not listening: connecting is refused
        failure = await failure_of(smtp_server, port=unused.getsockname()[1])
    assert isinstance(failure, RelayUnavailable)
    assert str(failure) == "The relay could not be used (ConnectionRefusedError)"


async def test_a_relay_with_login_gets_name_and_password(smtp_server: SmtpServer) -> None:
    smtp_server.login = ("worker", "s3cret-of-the-relay")
    assert await send(smtp_server, username="worker", password="s3cret-of-the-relay") == 250
    assert smtp_server.received[0].login == ("worker", "s3cret-of-the-relay")


async def test_a_wrong_password_is_the_relays_matter_and_is_not_shown(smtp_server: SmtpServer) -> None:
    smtp_server.login = ("worker", "s3cret-of-the-relay")
    failure = await failure_of(smtp_server, username="worker", password="wr0ng")
    assert isinstance(failure, RelayUnavailable)
    assert str(failure) == "The relay answered 535"


async def test_a_relay_without_login_is_no_place_for_a_password(smtp_server: SmtpServer) -> None:
    failure = await failure_of(smtp_server, username="worker", password="s3cret-of-the-relay")
    assert isinstance(failure, RelayUnavailable)
    assert "AUTH" not in smtp_server.commands


def test_the_settings_of_the_relay_do_not_show_the_password(smtp_server: SmtpServer) -> None:
    text = repr(relay(smtp_server, username="worker", password="s3cret-of-the-relay"))
    assert "s3cret" not in text
    assert "worker" not in text


@pytest.mark.parametrize("security", [RelaySecurity.STARTTLS, RelaySecurity.TLS])
async def test_a_mail_travels_encrypted(relay_ca: RelayCa, security: RelaySecurity) -> None:
    implicit = security is RelaySecurity.TLS
    async with running_smtp_server(relay_ca.server_context, implicit_tls=implicit) as server:
        server.login = ("worker", "s3cret-of-the-relay")
        encrypted = relay(server, security=security, ca_file=relay_ca.ca_file)
        mailer = SmtpMailer(replace(encrypted, username="worker", password="s3cret-of-the-relay"))
        assert await mailer.send(ENVELOPE) == 250
        assert server.received[0].is_encrypted is True
        assert ("STARTTLS" in server.commands) is not implicit


@pytest.mark.parametrize("security", [RelaySecurity.STARTTLS, RelaySecurity.TLS])
async def test_a_relay_of_an_unknown_authority_gets_no_mail(relay_ca: RelayCa, security: RelaySecurity) -> None:
    implicit = security is RelaySecurity.TLS
    async with running_smtp_server(relay_ca.server_context, implicit_tls=implicit) as server:
        failure = await failure_of(server, security=security)
        assert str(failure) == "The relay could not be used (SSLCertVerificationError)"
        assert server.received == []


async def test_a_relay_that_offers_no_starttls_gets_no_mail(smtp_server: SmtpServer) -> None:
    failure = await failure_of(smtp_server, security=RelaySecurity.STARTTLS)
    assert isinstance(failure, RelayUnavailable)
    assert "MAIL" not in smtp_server.commands


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("code", [451, 550])
async def test_no_error_repeats_the_address(smtp_server: SmtpServer, stage: str, code: int) -> None:
    smtp_server.always = Behavior({stage: code})
    failure = await failure_of(smtp_server)
    shown = "".join(traceback.format_exception(failure))
    assert ADA not in shown
    assert failure.__cause__ is None
    assert failure.__context__ is None


@pytest.mark.parametrize(
    "recipient",
    ["", "ada", "@example.com", "ada@", "ada@example.com, eve@example.com", "Ada <ada@example.com>",
     "ada@example.com\r\nBcc: eve@example.com", "ada\0@example.com",
     "ada@example.com> NOTIFY=NEVER", '"a b"@example.com'],
)  # fmt: skip
async def test_what_is_no_single_mailbox_never_reaches_the_wire(smtp_server: SmtpServer, recipient: str) -> None:
    failure = await failure_of(smtp_server, replace(ENVELOPE, recipient=recipient))
    assert isinstance(failure, AddressRefused)
    assert failure.reply_code == 553
    assert smtp_server.commands == []


def test_a_subject_cannot_add_a_header() -> None:
    hostile = replace(ENVELOPE, content=replace(CONTENT, subject="Hello\r\nBcc: eve@example.com"))
    with pytest.raises(ValueError, match="may not contain"):
        message_bytes(hostile, "no-reply@relay.example.com", "mail.example.com")


async def test_an_international_address_needs_a_relay_that_takes_it(smtp_server: SmtpServer) -> None:
    envelope = replace(ENVELOPE, recipient="jörg@guests.example.com")
    assert await send(smtp_server, envelope) == 250
    assert smtp_server.received[0].recipient == "jörg@guests.example.com"
    assert smtp_server.received[0].message["To"] == "jörg@guests.example.com"
    smtp_server.extensions = []
    failure = await failure_of(smtp_server, envelope)
    assert isinstance(failure, AddressRefused)
    assert failure.reply_code == 553
