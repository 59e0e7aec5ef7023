"""Rows of the failure matrix about our own processes: a worker that freezes and wakes, a web process killed in a POST.

That a worker is killed in any step is shown by tests/e2e/test_crashes.py.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from standardwebhooks import Webhook
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.mail import MailKind
from edition_migration.domain.states import MigrationState as S
from tests.e2e.crash_play import EVERY, PATIENCE, Aftermath, Scenario, Stage, crash_stage
from tests.e2e.crashing_worker import FREEZE
from tests.e2e.scenes import STORY
from tests.e2e.world import settings_of, until
from tests.fixtures.smtp import running_smtp_server

BEFORE_ITS_WRITE = "worker.USER.in_activate.before_write"
BEFORE_ITS_MAIL = "worker.USER.mail_reset_password_sending.after_commit"
FROZEN_AT = (BEFORE_ITS_WRITE, BEFORE_ITS_MAIL)


@pytest_asyncio.fixture(scope="module")
async def stage(
    sqlite_template: Path, temporal_env: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Four workers, of which two freeze, and a web process."""
    folder = tmp_path_factory.mktemp("processes")
    file = shutil.copyfile(sqlite_template, folder / "store.db")
    async with (
        running_smtp_server() as smtp,
        crash_stage(f"sqlite+aiosqlite:///{file}", temporal_env.client, smtp, folder, workers=4) as stage,
    ):
        yield stage


@pytest_asyncio.fixture(scope="module")
async def thawed(stage: Stage) -> dict[str, Aftermath]:
    """What is left by place, when the one who froze there has woken and nobody waits for it any more."""
    async with asyncio.TaskGroup() as group:
        plays = {it: group.create_task(freeze_and_wake(stage, it)) for it in FROZEN_AT}
    return {place: play.result() for place, play in plays.items()}


async def freeze_and_wake(stage: Stage, place: str) -> Aftermath:
    scenario = Scenario([])
    armed = stage.armed / scenario.own(place)
    armed.write_text(FREEZE)
    playing = asyncio.create_task(stage.play(scenario))
    frozen = armed.with_name(armed.name + ".frozen")

    async def is_frozen() -> bool:
        return frozen.exists() and bool(frozen.read_text())

    async def is_done_by_another() -> bool:
        async with stage.store.read() as uow:
            journal = await uow.journal.of_user(scenario.org_id, scenario.user_id)
            mails = await uow.mails.of_migration(scenario.ref)
        if place == BEFORE_ITS_WRITE:
            return "activate" in [entry.action for entry in journal]
        return [it.state for it in mails if it.kind is MailKind.RESET_PASSWORD] == ["accepted"]

    await until(is_frozen, lambda: f"nobody froze at {place}", PATIENCE, every=EVERY)
    await until(is_done_by_another, lambda: f"nobody took over at {place}", PATIENCE, every=EVERY)
    os.kill(int(frozen.read_text()), signal.SIGCONT)
    return await playing


@pytest.mark.parametrize("place", FROZEN_AT)
def test_worker_frozen_past_its_timeouts_wakes_and_changes_nothing(thawed: dict[str, Aftermath], place: str) -> None:
    left = thawed[place]
    assert [(it.action, it.target) for it in left.journal] == STORY
    assert left.row.state is S.MIGRATED
    assert left.counters == left.sums
    assert (left.counters.licenses_reserved, left.counters.licenses_used) == (0, 1)
    assert [it.state for it in left.mails] == ["accepted"] * 4
    assert [len(copies) for copies in left.copies.values()] == [1] * 4, "it sends no mail that another has sent"


@pytest.mark.parametrize(("where", "last"), [("before_commit", 202), ("after_commit", 200)])
async def test_web_killed_in_the_middle_of_an_events_post_takes_it_in_once(stage: Stage, where: str, last: int) -> None:
    """The sender, who heard nothing, sends it again."""
    org_id = f"o{uuid4().hex[:10]}"
    (stage.armed / f"web.{org_id}.receive.{where}").touch()
    answers = await send_until_answered(stage, licenses_changed(org_id))
    assert (answers[0], answers[-1]) == (None, last)

    async def is_applied() -> bool:
        async with stage.store.read() as uow:
            return [it.state for it in await uow.inbox.listing(org_id, 10)] == ["applied"]

    await until(is_applied, lambda: "the event was not applied once", PATIENCE, every=EVERY)


async def send_until_answered(stage: Stage, document: dict[str, Any]) -> list[int | None]:
    """The status of each try, None where the line broke or nobody listened."""
    answers: list[int | None] = []
    while not answers or answers[-1] is None:
        try:
            body = json.dumps(document).encode()
            answer = await stage.web.post("/v1/events", content=body, headers=signed(document["id"], body))
            answers.append(answer.status_code)
        except httpx2.TransportError:
            answers.append(None)
            await asyncio.sleep(0.1)
    return answers


def signed(event_id: str, body: bytes) -> dict[str, str]:
    at = datetime.now(UTC)
    secret, *_ = settings_of().webhook_secret_list
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
    }


def licenses_changed(org_id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "urn:provisioning:test",
        "type": "org.licenses.changed",
        "time": datetime.now(UTC).isoformat(),
        "data": {"org_id": org_id, "licenses_purchased": 7},
    }
