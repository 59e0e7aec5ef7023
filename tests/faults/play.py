"""What the fault tests over a whole service share: signed events, and what a finished migration looks like."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
from standardwebhooks import Webhook

from edition_migration.domain.mail import MailState
from edition_migration.domain.states import MigrationState as S
from tests.e2e.scenes import STORY
from tests.e2e.world import World, until


async def post_event(world: World, document: dict[str, Any]) -> httpx2.Response:
    """As the provisioning system does."""
    body = json.dumps(document).encode()
    secret, *_ = world.base.settings.webhook_secret_list
    at = datetime.now(UTC)
    headers = {
        "content-type": "application/cloudevents+json",
        "webhook-id": document["id"],
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(document["id"], at, body.decode()),
    }
    return await world.web.post("/v1/events", content=body, headers=headers)


async def migrate(world: World, user_id: str) -> None:
    """From the list of guests pending migration to the goal; whoever is answered an error tries again."""
    await world.until(user_id, S.AWAITING_PASSWORD)
    email = f"{user_id}@acme.example"
    await world.until_mailed(email, 3)

    async def is_chosen() -> bool:
        await world.choose_password(email)
        row = await world.row(user_id)
        return row is not None and row.state in (S.PASSWORD_SET, S.MIGRATED)

    await until(is_chosen, lambda: f"{user_id} could not choose a password", every=0.2)
    await world.until(user_id, S.MIGRATED)
    await world.ended(user_id)


async def assert_migrated_once(world: World, user_id: str, *, surplus_mails: int = 0) -> None:
    """Every effect is there, and there once; a surplus mail is a copy, byte by byte."""
    journal = await world.journal(user_id)
    assert [(it.action, it.target) for it in journal] == STORY
    received = world.mails_to(f"{user_id}@acme.example")
    copies: dict[str, set[bytes]] = {}
    for mail in received:
        copies.setdefault(str(mail.message["Message-ID"]), set()).add(mail.raw)
    assert [len(it) for it in copies.values()] == [1] * 4
    assert len(received) == 4 + surplus_mails
    async with world.store.read() as uow:
        row = await uow.migrations.latest(world.org_id, user_id)
        assert row is not None
        mails = await uow.mails.of_migration(row.ref)
        tokens = await uow.tokens.of_migration(row.ref)
    assert [it.state for it in mails] == [MailState.ACCEPTED] * 4
    assert [it.state for it in tokens] == ["used"]
