"""What the web process needs from the rest: its use cases as Protocols, and its settings. Filled by bootstrap."""

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from edition_migration.application.credentials import Choice, PasswordForm
from edition_migration.application.intake import Receipt
from edition_migration.application.sign_in import OutdatedHash, SignInAnswer
from edition_migration.ports.metrics import Meter

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class PasswordChoice(Protocol):
    """`application/credentials.py`."""

    async def form(self, token: str) -> PasswordForm | None: ...
    async def choose(self, token: str, password: str) -> Choice: ...
    async def request_new_link(self, token: str) -> None: ...


class Gate(Protocol):
    """`application/sign_in.py`."""

    async def attempt(self, email: str, password: str, client_version: str | None) -> SignInAnswer: ...
    async def strengthen(self, outdated: OutdatedHash) -> None: ...


class EventIntake(Protocol):
    """`application/intake.py`. Raises InvalidInput, Conflict (same id, other body) and StoreUnavailable."""

    async def receive(self, document: object) -> Receipt: ...


class Bells(Protocol):
    """`application/rings.py`. Best effort: what is not rung here, the worker's sweep rings."""

    async def ring_due(self) -> int: ...


class Readiness(Protocol):
    """The store's own check. Raises StoreUnavailable."""

    async def check(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WebServices:
    credentials: PasswordChoice
    sign_in: Gate
    intake: EventIntake
    bells: Bells
    store: Readiness
    meter: Meter


@dataclass(frozen=True, slots=True)
class WebLimits:
    """How often one client address, account or link may ask, in the words of the limits library.

    Those without a value here are settings.
    """

    sign_in_by_address: str
    page_by_address: str
    sign_in_by_account: str = "10/minute"
    choice_by_link: str = "20/minute"
    new_link_by_address: str = "20/minute"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`link_base` is the public address of this service, the only source of links and of the page's own origin.

    `webhook_secrets` are all that senders may sign with now (`whsec_...`): the new one and, while it is being
    exchanged, the old one. `trusted_proxies` are IP addresses and networks.
    """

    link_base: str
    csrf_secret: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    limits: WebLimits
    trusted_proxies: tuple[str, ...] = ()

    @property
    def is_https(self) -> bool:
        return urlsplit(self.link_base).scheme == "https"

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser writes them into `Origin`: in lower case, a default port left out."""
        parts = urlsplit(self.link_base.lower())
        return f"{parts.scheme}://{parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ''))}"
