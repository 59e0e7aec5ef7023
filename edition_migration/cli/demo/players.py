"""The people of the demo: they read their mails in the mailbox, open the real page, and sign in at the real gate.

Everything goes over HTTP, as it would from a browser and from the client.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from standardwebhooks import Webhook

from edition_migration.cli.demo.failure import DemoFailed, until
from edition_migration.cli.demo.web import Answer, exchange

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
_ACTION = re.compile(r'<form method="post" action="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mailbox's REST interface. `link_base` is how a link to the password page begins."""

    url: str
    link_base: str

    async def messages(self, address: str) -> list[int]:
        """The ids of the messages to this address, oldest first."""
        answer = await exchange("GET", f"{self.url}/messages/")
        found: list[dict[str, Any]] = answer.json()["messages"]
        return sorted(it["id"] for it in found if address in _recipients(it))

    async def counts(self) -> Mapping[str, int]:
        """How many messages each address has."""
        answer = await exchange("GET", f"{self.url}/messages/")
        counts: dict[str, int] = {}
        for message in answer.json()["messages"]:
            for address in _recipients(message):
                counts[address] = counts.get(address, 0) + 1
        return counts

    async def links(self, address: str) -> list[str]:
        """The links to the password page that this address was sent, oldest first."""
        pattern = re.compile(re.escape(f"{self.link_base}/password/") + r"[A-Za-z0-9_.~-]+")
        found: list[str] = []
        for message in await self.messages(address):
            text = (await exchange("GET", f"{self.url}/messages/{message}.plain")).text
            found += pattern.findall(text)[:1]
        return found

    async def link(self, address: str, number: int = 1) -> str:
        """The link of this number, as soon as it is there."""

        async def look() -> str | None:
            links = await self.links(address)
            return links[number - 1] if len(links) >= number else None

        return await until(f"link {number} to the password page reaches {address}", look)


def _recipients(message: Mapping[str, Any]) -> list[str]:
    return [address.strip("<>").lower() for address in message["recipients"]["to"]]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the page as a browser keeps it: where it goes, its signature, and the cookie beside it."""

    status: int
    action: str
    csrf: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Opens links and sends forms, without JavaScript."""

    async def open(self, link: str) -> Form:
        """Opening a link spends nothing: 200 with the form, 410 with the way to a new link."""
        return _form(link, await exchange("GET", link))

    async def choose(self, link: str, password: str) -> int:
        """Opens the page, sends the password twice; the answer's status: 200 chosen, 422 refused, 410 unusable."""
        form = await self.open(link)
        return form.status if form.status != 200 else await self._send(form, password=password, password_again=password)

    async def ask_for_new_link(self, link: str) -> int:
        """Presses the button of the page that a dead link shows."""
        return await self._send(await self.open(link))

    async def _send(self, form: Form, **fields: str) -> int:
        body = urlencode({"csrf": form.csrf, **fields}).encode()
        return (await exchange("POST", form.action, body=body, headers={**_FORM, "Cookie": form.cookie})).status


def _form(link: str, answer: Answer) -> Form:
    csrf, action = _CSRF.search(answer.text), _ACTION.search(answer.text)
    if csrf is None or action is None:
        raise DemoFailed(f"the password page shows no form (status {answer.status})")
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    return Form(answer.status, urljoin(link, html.unescape(action[1]) or link), html.unescape(csrf[1]), cookie)


@dataclass(frozen=True, slots=True)
class Client:
    """The product's client, as far as it signs in. `url` is the web process."""

    url: str

    async def sign_in(self, email: str, password: str, version: str | None) -> str:
        """The gate's answer in its own word."""
        given = {"email": email, "password": password, "client_version": version}
        answer = await exchange(
            "POST",
            f"{self.url}/v1/sign-in",
            body=json.dumps(given).encode(),
            headers={"Content-Type": "application/json"},
        )
        result = answer.json().get("result")
        if result is None:
            raise DemoFailed(f"the gate answered {answer.status} to a sign-in")
        return str(result)


@dataclass(frozen=True, slots=True)
class ProvisioningSystem:
    """Signs events as Standard Webhooks say, and sends them."""

    url: str
    secret: str

    async def send(self, event: bytes, *, is_forged: bool = False) -> int:
        """The status: 202 new, 200 repeated, 401 for a signature over something else."""
        message_id, now = str(json.loads(event)["id"]), datetime.now(UTC)
        signed = event + b" " if is_forged else event
        headers = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, now, signed.decode()),
        }
        return (await exchange("POST", f"{self.url}/v1/events", body=event, headers=headers)).status
