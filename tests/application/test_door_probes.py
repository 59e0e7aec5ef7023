"""What doctor says of relay, sender, link base and page: good, and broken in each way that it names."""

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edition_migration.adapters.smtp import Relay
from edition_migration.adapters.smtp_check import SmtpCheck
from edition_migration.adapters.web_check import HttpCheck
from edition_migration.application.diagnosis import diagnose
from edition_migration.application.door_probes import RelayProbes, WebProbes, is_loopback
from edition_migration.domain.diagnosis import Finding, Probe, Subject, fails, ok, warning
from edition_migration.ports.mails import RelaySecurity
from tests.fixtures.smtp import HOST, Behavior, RelayCa, SmtpServer, running_smtp_server


async def one(probes: tuple[Probe, ...], subject: Subject) -> Finding:
    [finding] = (await diagnose([probe for probe in probes if probe.subject is subject])).findings
    return finding


def relay_probes(server: SmtpServer, sender: str = "post@acme.example", **changes: Any) -> RelayProbes:
    plain = Relay(HOST, server.port, sender, "acme.example", RelaySecurity.NONE)
    given = replace(plain, **changes)
    return RelayProbes(SmtpCheck(given), given.host, given.port, given.sender, given.message_domain)


async def relay_finding(server: SmtpServer, **changes: Any) -> Finding:
    return await one(relay_probes(server, **changes).all, Subject.RELAY)


async def test_a_conversation_sends_no_mail_and_takes_its_leave(smtp_server: SmtpServer) -> None:
    text = f"{HOST}:{smtp_server.port} answers: not encrypted, without login, takes all addresses"
    assert await relay_finding(smtp_server) == ok(Subject.RELAY, text)
    assert smtp_server.commands == ["EHLO", "NOOP", "QUIT"]
    assert smtp_server.received == []


@pytest.mark.parametrize("security", [RelaySecurity.STARTTLS, RelaySecurity.TLS])
async def test_encryption_and_login_are_tried_as_set(relay_ca: RelayCa, security: RelaySecurity) -> None:
    is_implicit = security is RelaySecurity.TLS
    async with running_smtp_server(relay_ca.server_context, implicit_tls=is_implicit) as server:
        server.login, server.extensions = ("acme", "s3cret"), []
        given = {"security": security, "ca_file": relay_ca.ca_file, "username": "acme", "password": "s3cret"}
        text = f"{HOST}:{server.port} answers: encrypted, logged in, takes ASCII addresses"
        assert await relay_finding(server, **given) == ok(Subject.RELAY, text)
        assert server.commands[-3:] == ["AUTH", "NOOP", "QUIT"]


async def test_a_refused_login_is_named_without_the_password(smtp_server: SmtpServer) -> None:
    smtp_server.login = ("acme", "other")
    mend = "check EDITION_MIGRATION_SMTP_USERNAME and _PASSWORD"
    refused = fails(Subject.RELAY, "the relay takes no login (it answered 535)", mend)
    assert await relay_finding(smtp_server, username="acme", password="s3cret") == refused
    assert "MAIL" not in smtp_server.commands


async def test_a_login_that_the_relay_does_not_offer_is_named(smtp_server: SmtpServer) -> None:
    finding = await relay_finding(smtp_server, username="acme", password="s3cret")
    assert finding.text == "the relay takes no login (SMTPException)"


async def test_a_relay_without_starttls_is_named(smtp_server: SmtpServer) -> None:
    mend = "set EDITION_MIGRATION_SMTP_SECURITY to tls (port 465), or to none within one machine"
    missing = fails(Subject.RELAY, "the relay offers no STARTTLS", mend)
    assert await relay_finding(smtp_server, security=RelaySecurity.STARTTLS) == missing


@pytest.mark.parametrize("security", [RelaySecurity.STARTTLS, RelaySecurity.TLS])
async def test_a_certificate_of_an_unknown_authority_is_named(relay_ca: RelayCa, security: RelaySecurity) -> None:
    is_implicit = security is RelaySecurity.TLS
    async with running_smtp_server(relay_ca.server_context, implicit_tls=is_implicit) as server:
        mend = "name the relay's authority in EDITION_MIGRATION_SMTP_CA_FILE, and the host as its certificate does"
        untrusted = fails(Subject.RELAY, "the relay's certificate is not trusted", mend)
        assert await relay_finding(server, security=security) == untrusted


@pytest.mark.parametrize(
    ("behavior", "text"),
    [
        (Behavior(codes={"CONNECT": 554}), "{place} cannot be used (it answered 554)"),
        (Behavior(codes={"EHLO": 421}), "{place} cannot be used (it answered 421)"),
        (Behavior(cut_at="CONNECT"), "{place} cannot be used (SMTPServerDisconnected)"),
        (Behavior(codes={"NOOP": 502}), "the relay does not answer NOOP (it answered 502)"),
    ],
)
async def test_the_stage_at_which_the_relay_fails_is_named(
    smtp_server: SmtpServer, behavior: Behavior, text: str
) -> None:
    smtp_server.always, place = behavior, f"{HOST}:{smtp_server.port}"
    finding = await relay_finding(smtp_server)
    assert (finding.verdict, finding.text) == ("fails", text.format(place=place))


async def test_a_relay_that_is_silent_is_given_up(smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edition_migration.adapters.smtp_check.STAGE_LIMIT", 0.05)
    smtp_server.always = Behavior(hang_at="EHLO")
    finding = await relay_finding(smtp_server)
    assert (finding.verdict, finding.text) == (
        "fails",
        f"{HOST}:{smtp_server.port} cannot be used (TimeoutError)",
    )


async def test_a_relay_that_is_not_there_is_named() -> None:
    server = SmtpServer()
    server.port = 1
    mend = "check EDITION_MIGRATION_SMTP_HOST and _PORT"
    assert await relay_finding(server) == fails(
        Subject.RELAY, f"{HOST}:1 cannot be used (ConnectionRefusedError)", mend
    )


@pytest.mark.parametrize(
    ("sender", "domain", "finding"),
    [
        ("post@acme.example", "acme.example", ok(Subject.SENDER, "mails come from post@acme.example")),
        (
            "no-reply@localhost",
            "acme.example",
            warning(
                Subject.SENDER,
                "mails come from no-reply@localhost, whom no other machine takes for true",
                "set EDITION_MIGRATION_SMTP_SENDER",
            ),
        ),
        (
            "post@acme.example",
            "localhost",
            warning(
                Subject.SENDER,
                "Message-IDs end with localhost, which filters dislike",
                "set EDITION_MIGRATION_SMTP_MESSAGE_DOMAIN to a domain of yours",
            ),
        ),
    ],
)
async def test_a_sender_of_this_machine_only_is_seen(sender: str, domain: str, finding: Finding) -> None:
    probes = relay_probes(SmtpServer(), sender=sender, message_domain=domain)
    assert await one(probes.all, Subject.SENDER) == finding


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("mail.localhost", True),
        ("10.0.0.1", False),
        ("a.example", False),
    ],
)
def test_this_machine_is_known_by_name_and_address(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


@pytest.mark.parametrize(
    ("base", "verdict", "text"),
    [
        ("https://move.acme.example", "ok", "links begin with https://move.acme.example"),
        ("https://move.acme.example/", "ok", "links begin with https://move.acme.example/"),
        ("http://127.0.0.1:8080", "warning", "links lead to this machine only: http://127.0.0.1:8080"),
        ("http://move.acme.example", "fails", "passwords would travel in the clear: http://move.acme.example"),
        (
            "https://acme.example/move",
            "fails",
            "https://acme.example/move has a path; the page expects to be at the root of its host",
        ),
        ("https://acme.example?a=1", "fails", "https://acme.example?a=1 ends with a query or fragment: no link opens"),
    ],
)
async def test_a_link_base_that_opens_no_page_is_seen(base: str, verdict: str, text: str) -> None:
    finding = await one(WebProbes(HttpCheck(), base).all, Subject.LINK_BASE)
    assert (finding.verdict, finding.text) == (verdict, text)
    assert bool(finding.mend) is (verdict != "ok")


@contextlib.contextmanager
def page(status: int, body: Any, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A web server that answers /readyz so, and everything else with 404; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            return

    server = http.server.HTTPServer((HOST, 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "verdict", "text"),
    [
        (200, {"status": "ready"}, "ok", "the web process answers at {base} and is ready"),
        (503, {"status": "not_ready"}, "fails", "the web process answers, but cannot use its database"),
        (200, {"status": "fine"}, "fails", "something else answers at {base} (status 200)"),
        (301, {}, "fails", "something else answers at {base} (status 301)"),
        (502, "bad gateway", "fails", "something else answers at {base} (status 502)"),
    ],
)
async def test_what_answers_at_the_link_base_is_told_apart(status: int, body: Any, verdict: str, text: str) -> None:
    with page(status, body) as base:
        finding = await one(WebProbes(HttpCheck(), base).all, Subject.WEB)
        assert (finding.verdict, finding.text) == (verdict, text.format(base=base))


async def test_a_page_whose_certificate_is_not_trusted_is_named(relay_ca: RelayCa) -> None:
    with page(200, {"status": "ready"}, relay_ca.server_context) as base:
        mend = "mend the certificate (its chain, its name, its date): browsers will warn too"
        untrusted = fails(Subject.WEB, f"the certificate of {base} is not trusted", mend)
        assert await one(WebProbes(HttpCheck(), base).all, Subject.WEB) == untrusted


async def test_a_page_that_nobody_serves_fails_here_and_is_only_unknown_elsewhere() -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        base = f"http://{HOST}:{probe.getsockname()[1]}"
    start = "start it: python -m edition_migration"
    local = await one(WebProbes(HttpCheck(), base).all, Subject.WEB)
    assert local == fails(Subject.WEB, f"nobody answers at {base}", start)
    public = "https://move.invalid"
    assert await one(WebProbes(HttpCheck(), public).all, Subject.WEB) == warning(
        Subject.WEB,
        f"nobody answers at {public}, seen from here",
        f"{start}; or look at {public}/readyz from outside",
    )
