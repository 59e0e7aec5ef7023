"""What `doctor` looks at on the way to people: the relay, the sender of the mails, the page that their links open."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from edition_migration.domain.diagnosis import Finding, Probe, Subject, fails, ok, warning
from edition_migration.ports.relay_check import RelayCheck
from edition_migration.ports.web_check import PageAnswer, Silence, WebCheck

LOCAL_NAME = "localhost"
_START = "start it: python -m edition_migration"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == LOCAL_NAME or host.endswith(f".{LOCAL_NAME}")


@dataclass(frozen=True, slots=True)
class RelayProbes:
    """`host` and `port` are the relay's, `sender` is the address in From."""

    relay: RelayCheck
    host: str
    port: int
    sender: str
    message_domain: str

    @property
    def all(self) -> tuple[Probe, ...]:
        return Probe(Subject.RELAY, self._relay), Probe(Subject.SENDER, self._sender)

    async def _relay(self) -> Sequence[Finding]:
        it = await self.relay.converse()
        how = [
            "encrypted" if it.is_encrypted else "not encrypted",
            "logged in" if it.is_logged_in else "without login",
            f"takes {'all' if it.is_international else 'ASCII'} addresses",
        ]
        text = f"{self.host}:{self.port} answers: {', '.join(how)}"
        if it.is_encrypted or is_loopback(self.host):
            return [ok(Subject.RELAY, text)]
        mend = "set EDITION_MIGRATION_SMTP_SECURITY to starttls or tls: mails with links can be read on their way"
        return [warning(Subject.RELAY, text, mend)]

    async def _sender(self) -> Sequence[Finding]:
        domain = self.sender.rpartition("@")[2]
        if is_loopback(domain):
            text = f"mails come from {self.sender}, whom no other machine takes for true"
            return [warning(Subject.SENDER, text, "set EDITION_MIGRATION_SMTP_SENDER")]
        if is_loopback(self.message_domain):
            text = f"Message-IDs end with {self.message_domain}, which filters dislike"
            return [warning(Subject.SENDER, text, "set EDITION_MIGRATION_SMTP_MESSAGE_DOMAIN to a domain of yours")]
        return [ok(Subject.SENDER, f"mails come from {self.sender}")]


@dataclass(frozen=True, slots=True)
class WebProbes:
    """`link_base` is how every link in mails begins."""

    web: WebCheck
    link_base: str

    @property
    def all(self) -> tuple[Probe, ...]:
        return Probe(Subject.LINK_BASE, self._link_base), Probe(Subject.WEB, self._web)

    @property
    def _is_local(self) -> bool:
        return is_loopback(urlsplit(self.link_base).hostname or "")

    async def _link_base(self) -> Sequence[Finding]:
        parts, subject = urlsplit(self.link_base), Subject.LINK_BASE
        mend = "set EDITION_MIGRATION_LINK_BASE to scheme and host alone"
        if parts.query or parts.fragment:
            return [fails(subject, f"{self.link_base} ends with a query or fragment: no link opens", mend)]
        if parts.path.strip("/"):
            return [
                fails(subject, f"{self.link_base} has a path; the page expects to be at the root of its host", mend)
            ]
        if self._is_local:
            mend = "set EDITION_MIGRATION_LINK_BASE to the public https address before anybody else gets mail"
            return [warning(subject, f"links lead to this machine only: {self.link_base}", mend)]
        if parts.scheme != "https":
            mend = "let a proxy speak TLS before the web process, and begin the address with https"
            return [fails(subject, f"passwords would travel in the clear: {self.link_base}", mend)]
        return [ok(subject, f"links begin with {self.link_base}")]

    async def _web(self) -> Sequence[Finding]:
        match await self.web.get(f"{self.link_base.rstrip('/')}/readyz"):
            case Silence.UNTRUSTED:
                mend = "mend the certificate (its chain, its name, its date): browsers will warn too"
                return [fails(Subject.WEB, f"the certificate of {self.link_base} is not trusted", mend)]
            case Silence.UNREACHABLE:
                return [self._unreachable()]
            case PageAnswer() as answer:
                return [self._answered(answer)]

    def _unreachable(self) -> Finding:
        text = f"nobody answers at {self.link_base}"
        if self._is_local:
            return fails(Subject.WEB, text, _START)
        return warning(
            Subject.WEB, f"{text}, seen from here", f"{_START}; or look at {self.link_base}/readyz from outside"
        )

    def _answered(self, answer: PageAnswer) -> Finding:
        state = _status_in(answer.body)
        if (answer.status, state) == (200, "ready"):
            return ok(Subject.WEB, f"the web process answers at {self.link_base} and is ready")
        if (answer.status, state) == (503, "not_ready"):
            return fails(Subject.WEB, "the web process answers, but cannot use its database", "see `store` above")
        text = f"something else answers at {self.link_base} (status {answer.status})"
        return fails(Subject.WEB, text, "let that address lead to the web process")


def _status_in(body: str) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("status", "")) if isinstance(document, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
