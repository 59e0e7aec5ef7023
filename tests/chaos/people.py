"""Who uses the service during a chaos run: the provisioning system, an administrator, and the users. Each tries again.

Everything goes over HTTP or the use cases of the command line; nobody here looks into a workflow.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from standardwebhooks import Webhook

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.commands import Commands
from edition_migration.application.organization_facts import unknown_organization
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.commands import CommandKind, CommandRequest
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.states import TERMINAL
from edition_migration.domain.states import MigrationState as S
from tests.builders import user
from tests.chaos.notes import CHOSEN, EVENTS, SINK, Notes, Reading

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
PASSWORD = "correct horse battery staple"
DEADLINE = timedelta(seconds=60)
"""Of the organization whose users may expire."""
BETWEEN_WAVES = 20.0
"""Seconds between two waves of one organization."""
LOOK = 3.0
"""Seconds between two looks of the administrator."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Person:
    """`role` is what the user wants: to choose a password, to let it be, or the administrator cancels him."""

    user_id: str
    org_id: str
    role: str
    number: int

    @property
    def email(self) -> str:
        return f"{self.user_id}@{self.org_id}.example"

    @property
    def own_address(self) -> str:
        """The page limits requests by address; each user has one."""
        return f"127.0.{1 + self.number // 250}.{1 + self.number % 250}"


@dataclass
class People:
    folder: Path
    store: SqlStore
    environ: dict[str, str]
    persons: list[Person]
    seed: int
    doors: list[str]
    """Addresses of the web processes; each request goes to any of them."""
    wave: int = 100
    """The most users of one wave."""
    clock: SystemClock = field(default_factory=SystemClock)
    has_chosen: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._chosen, self._events = Notes(self.folder, CHOSEN), Notes(self.folder, EVENTS)
        self._random = random.Random(self.seed)  # noqa: S311 - a seed is to be repeated
        self._waves = 0
        keys = TokenKeys(keys={"k1": b"k" * 32}, current="k1")
        self._selection = Selection(store=self.store, clock=self.clock)
        self._commands = Commands(store=self.store, clock=self.clock, selection=self._selection, keys=keys)

    @property
    def org_ids(self) -> list[str]:
        return sorted({it.org_id for it in self.persons})

    async def provision(self) -> None:
        for org_id in self.org_ids:
            mine = [it for it in self.persons if it.org_id == org_id]
            await self._guests(org_id, mine)
            await self._post(
                self._event("org.service.provisioned", org_id, **_provisioned(org_id, len(mine) * 7 // 10))
            )

    async def _guests(self, org_id: str, mine: list[Person]) -> None:
        organization = unknown_organization(org_id)
        expires = any(it.role == "expire" for it in mine)
        deadline = DEADLINE if expires else timedelta(days=14)
        settings = organization.settings.model_copy(update={"deadline": deadline})
        users = [user(it.user_id, email=it.email, domain=f"{org_id}.example") for it in mine]

        async def put() -> None:
            async with self.store.write() as uow:
                await uow.organizations.put(replace(organization, settings=settings))
                await uow.users.put(users)
                await uow.commit()

        await _patiently(put)

    async def administrate(self) -> None:
        """Selects whoever is in review, in waves; has refused mails sent again; cancels; buys licenses half-way."""
        has_bought = False
        begun = dict.fromkeys(self.org_ids, 0.0)
        while True:
            await asyncio.sleep(LOOK)
            rows = await _patiently(self._rows)
            for org_id in self.org_ids:
                if time.monotonic() - begun[org_id] > BETWEEN_WAVES and await self._begin_wave(org_id, rows):
                    begun[org_id] = time.monotonic()
            await self._look_at_each(rows)
            if not has_bought and sum(row.state in TERMINAL for row in rows.values()) * 2 > len(self.persons):
                has_bought = True
                for org_id in self.org_ids:
                    more = {"licenses_purchased": len(self.persons)}
                    await self._post(self._event("org.licenses.changed", org_id, **more))

    async def _begin_wave(self, org_id: str, rows: dict[str, Any]) -> bool:
        ready = sorted(it for it, row in rows.items() if row.org_id == org_id and _may_be_selected(row))
        if ready:
            self._waves += 1
            await self._select(org_id, ready[: self.wave], f"wave-{self._waves}")
        return bool(ready)

    async def _look_at_each(self, rows: dict[str, Any]) -> None:
        for person in self.persons:
            row = rows.get(person.user_id)
            if row is None or row.state in TERMINAL:
                continue
            if person.role == "cancel" and self._random.random() < 0.05 * LOOK:
                await self._command(CommandKind.CANCEL, person)
            elif row.attention is Attention.UNDELIVERABLE:
                await self._command(CommandKind.RETRY, person)

    async def use_links(self) -> None:
        """Every user who wants to opens the newest link that he got, and chooses a password."""
        by_email = {it.email: it for it in self.persons}
        busy: dict[str, asyncio.Task[None]] = {}
        sink, links = Reading(self.folder, SINK), dict[str, str]()
        while True:
            await asyncio.sleep(0.5)
            links |= {it["recipient"]: it["link"] for it in sink.news() if it["link"]}
            for email, link in links.items():
                person = by_email[email]
                task = busy.get(email)
                wants_to = person.role == "choose" and email not in self.has_chosen and (task is None or task.done())
                if wants_to and len([it for it in busy.values() if not it.done()]) < 10:
                    busy[email] = asyncio.create_task(self._choose(person, link))

    async def are_done(self) -> bool:
        rows = await _patiently(self._rows)
        return len(rows) == len(self.persons) and all(row.state in TERMINAL for row in rows.values())

    async def progress(self) -> dict[str, int]:
        rows = await _patiently(self._rows)
        counts: dict[str, int] = {}
        for row in rows.values():
            counts[row.state] = counts.get(row.state, 0) + 1
        return dict(sorted(counts.items()))

    async def _rows(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with self.store.read() as uow:
            for org_id in self.org_ids:
                mine = [it.user_id for it in self.persons if it.org_id == org_id]
                found |= {row.user_id: row for row in await uow.migrations.latest_many(org_id, mine)}
        return found

    async def _select(self, org_id: str, user_ids: list[str], command_id: str) -> None:
        order = SelectionOrder(org_id=org_id, user_ids=user_ids, actor="admin", command_id=command_id)
        await _patiently(lambda: self._selection.select(order))

    async def _command(self, kind: CommandKind, person: Person) -> None:
        """The same one again, where the database was away: its id makes it the same."""
        request, key = CommandRequest(actor="admin"), f"{kind}-{person.user_id}"
        await _patiently(
            lambda: self._commands.apply_each(kind, person.org_id, [person.user_id], request=request, command_id=key)
        )

    async def _choose(self, person: Person, link: str) -> None:
        """Until the page confirms it, or has no form for this link any more."""
        transport = httpx2.AsyncHTTPTransport(local_address=person.own_address, verify=False)
        async with httpx2.AsyncClient(transport=transport, timeout=30) as browser:
            for _ in range(100):
                status = await self._submitted(browser, link)
                if status == 200:
                    self._chosen.add(user_id=person.user_id)
                    self.has_chosen.add(person.email)
                    return
                if status == 410:
                    return
                await asyncio.sleep(0.5)

    def _event(self, event_type: str, org_id: str, **data: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{event_type}-{org_id}-{self._random.getrandbits(64):x}",
            "source": "urn:provisioning:chaos",
            "type": event_type,
            "time": datetime.now(UTC).isoformat(),
            "data": {"org_id": org_id, **data},
        }

    async def _post(self, document: dict[str, Any]) -> None:
        """Until it is answered 202 or 200."""
        self._events.add(document=document)
        async with httpx2.AsyncClient(timeout=30) as client:
            while (await posted(client, self._door(), document, self.environ)) not in (200, 202):  # noqa: ASYNC110
                await asyncio.sleep(0.3)

    async def _submitted(self, browser: httpx2.AsyncClient, link: str) -> int:
        """The form may come from one web process and go to another."""
        try:
            page = await browser.get(self._door() + link)
            csrf = CSRF.search(page.text)
            if page.status_code != 200 or csrf is None:
                return page.status_code
            fields = {"csrf": csrf[1], "password": PASSWORD, "password_again": PASSWORD}
            origin = {"Origin": self.environ["EDITION_MIGRATION_LINK_BASE"]}
            return (await browser.post(self._door() + link, data=fields, headers=origin)).status_code
        except httpx2.TransportError:
            return 0

    def _door(self) -> str:
        return self._random.choice(self.doors)


async def posted(client: httpx2.AsyncClient, door: str, document: dict[str, Any], environ: dict[str, str]) -> int:
    """The status of one try at one web process, 0 where nobody answered."""
    body, at = json.dumps(document).encode(), datetime.now(UTC)
    signature = Webhook(environ["EDITION_MIGRATION_WEBHOOK_SECRETS"]).sign(document["id"], at, body.decode())
    headers = {
        "content-type": "application/cloudevents+json",
        "webhook-id": document["id"],
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    try:
        return (await client.post(f"{door}/v1/events", content=body, headers=headers)).status_code
    except httpx2.TransportError:
        return 0


async def _patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """What an administrator does who is told that the database is away: the same again."""
    while True:
        try:
            return await work()
        except StoreUnavailable:
            await asyncio.sleep(0.3)


def _may_be_selected(row: Migration) -> bool:
    return row.state is S.IN_REVIEW and not row.wave_id and not row.attention


def _provisioned(org_id: str, licenses: int) -> dict[str, Any]:
    return {
        "name": f"Cooperative {org_id}",
        "domains": [f"{org_id}.example"],
        "licenses_purchased": licenses,
        "storage_purchased_mb": 1_000_000,
        "client_download_url": "https://chaos.example/client",
        "administrators": [f"admin@{org_id}.example"],
        "notification_email": f"it@{org_id}.example",
    }
