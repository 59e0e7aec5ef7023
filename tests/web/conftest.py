"""The web application over the real store, spoken to in this process; Temporal is a bell that counts."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook
from starlette.types import ASGIApp

from edition_migration.application.intake import Intake
from edition_migration.application.sign_in import SignIn
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.ports.store import Store
from edition_migration.web.app import build_app
from edition_migration.web.services import WebLimits, WebServices, WebSettings
from tests.doubles import KeepingMeter, StillPace
from tests.links import Scene, scene

LINK_BASE = "https://guests.example"
OLD_SECRET = "whsec_b2xkIHNlY3JldCBvZiB0d2VudHktZm91ciBieXRlcw=="
NEW_SECRET = "whsec_bmV3IHNlY3JldCBvZiB0d2VudHktZm91ciBieXRlcw=="
EVENTS = "/v1/events"


@dataclass
class FakeBells:
    """`trouble` is raised, or `hangs` waited for, in place of ringing."""

    rung: int = 0
    trouble: Exception | None = None
    hangs: bool = False

    async def ring_due(self) -> int:
        self.rung += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        return 0


@dataclass
class StoreDoor:
    """The store's check, which a test may let fail."""

    store: Store
    is_down: bool = False

    async def check(self) -> None:
        if self.is_down:
            raise StoreUnavailable("the database does not answer")


@dataclass
class Web:
    scene: Scene
    services: WebServices
    bells: FakeBells
    door: StoreDoor
    pace: StillPace
    meter: KeepingMeter
    clients: list[httpx2.AsyncClient] = field(default_factory=list[httpx2.AsyncClient])

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.clients[0]

    def app(
        self, limits: WebLimits | None = None, link_base: str = LINK_BASE, trusted_proxies: tuple[str, ...] = ()
    ) -> ASGIApp:
        settings = WebSettings(
            link_base=link_base,
            csrf_secret="a secret of the forms",
            webhook_secrets=(NEW_SECRET, OLD_SECRET),
            trusted_proxies=trusted_proxies,
            limits=limits or GENEROUS,
        )
        return build_app(self.services, settings)

    def browser(
        self, limits: WebLimits | None = None, *, address: str = "203.0.113.7", trusted_proxies: tuple[str, ...] = ()
    ) -> httpx2.AsyncClient:
        """Another browser, on an application of its own."""
        app = self.app(limits, trusted_proxies=trusted_proxies)
        transport = httpx2.ASGITransport(app=app, client=(address, 1), raise_app_exceptions=False)
        self.clients.append(httpx2.AsyncClient(transport=transport, base_url=LINK_BASE))
        return self.clients[-1]


GENEROUS = WebLimits(
    sign_in_by_address="10000/minute",
    sign_in_by_account="10000/minute",
    page_by_address="10000/minute",
    choice_by_link="10000/minute",
    new_link_by_address="10000/minute",
)


def web_of(waiting: Scene) -> Web:
    """The application over the store of a scene."""
    store, bells, pace, meter = waiting.store, FakeBells(), StillPace(), KeepingMeter()
    door = StoreDoor(store)
    services = WebServices(
        credentials=waiting.credentials,
        sign_in=SignIn(store=store, clock=waiting.clock, hasher=waiting.hasher, pace=pace),
        intake=Intake(store=store, clock=waiting.clock),
        bells=bells,
        store=door,
        meter=meter,
    )
    return Web(waiting, services, bells, door, pace, meter)


@pytest.fixture
async def web(store: Store) -> AsyncIterator[Web]:
    web = web_of(await scene(store))
    web.browser()
    yield web
    for client in web.clients:
        await client.aclose()


def event(event_id: str = "e1", **data: Any) -> dict[str, Any]:
    """A good event of a known type."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/provisioning",
        "type": "org.licenses.changed",
        "time": "2026-11-22T12:00:00Z",
        "data": {"org_id": "acme", "licenses_purchased": 10, **data},
    }


def signed(body: bytes, *, secret: str = NEW_SECRET, at: datetime | None = None) -> dict[str, str]:
    """The headers of a sender who holds `secret`."""
    at = at or datetime.now(UTC)
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


async def send(client: httpx2.AsyncClient, document: object) -> httpx2.Response:
    body = json.dumps(document).encode()
    return await client.post(EVENTS, content=body, headers=signed(body))
