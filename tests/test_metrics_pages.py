"""The pages of real processes over planted rows: exact figures, and nothing of a person on them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from temporalio.common import MetricMeter

from edition_migration.adapters.store.store import SqlStore
from edition_migration.bootstrap.foundation import metrics_address
from edition_migration.domain.mail import MailKind
from edition_migration.domain.metrics import Process
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import MigrationState as S
from edition_migration.temporal.client import connect
from tests.e2e.world import settings_of
from tests.fixtures.metrics import page_of, series_of
from tests.fixtures.records import mail, migration, organization, ref, user
from tests.fixtures.temporal_process import free_port, running_temporal
from tests.test_processes import PROCESSES, ROOT, SECRETS

PATIENCE = 60.0


@asynccontextmanager
async def running(name: str, folder: Path, **settings: object) -> AsyncIterator[None]:
    """One of our processes in a folder without `.env`; at the end it drains and exits 0."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("EDITION_MIGRATION_", "TEMPORAL_"))}
    ours = {f"EDITION_MIGRATION_{key.upper()}": str(value) for key, value in settings.items() if key.islower()}
    others = {key: str(value) for key, value in settings.items() if key.isupper()}
    environ = {**kept, **SECRETS, "PYTHONPATH": str(ROOT), "TEMPORAL_CONFIG_FILE": os.devnull, **ours, **others}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *PROCESSES[name], cwd=folder, env=environ, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answered(url: str) -> None:
    """Returns once the process answers there with 200."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)


async def plant(url: str) -> None:
    """Three whose workflows nobody rings: one in review with a mail of an hour ago, one who complained, one done."""
    store, now = SqlStore(url), datetime.now(UTC)
    began = {"started_at": now, "since": now}
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user("u-one", display_name="Ada Lovelace"), user("u-two"), user("u-three")])
        await uow.migrations.add(
            [
                migration("u-one", state=S.IN_REVIEW, **began),
                migration("u-two", state=S.AWAITING_PASSWORD, **began),
                migration("u-three", state=S.MIGRATED, **began),
            ]
        )
        await uow.migrations.set_attention(ref("u-two"), Attention.COMPLAINT, now)
        written = now - timedelta(hours=1)
        await uow.mails.queue([mail(user_id="u-one", kind=MailKind.ACCOUNT_DEACTIVATED, created_at=written)])
        await uow.commit()
    await store.dispose()


async def test_a_worker_shows_what_its_rows_say(sqlite_store_url: str, tmp_path: Path) -> None:
    await plant(sqlite_store_url)
    port, health = free_port(), free_port()
    settings = {"database_url": sqlite_store_url, "worker_metrics_port": port, "worker_health_port": health}
    async with (
        running_temporal(tmp_path) as (temporal, _),
        running("worker", tmp_path, TEMPORAL_ADDRESS=temporal.address, **settings),
    ):
        await answered(f"http://127.0.0.1:{health}/readyz")
        async with asyncio.timeout(PATIENCE):
            while "looked_up_timestamp" not in (page := await page_of(port)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    figures = {name: value for name, value in series_of(page).items() if value}
    looked_up = figures.pop("edition_migration_looked_up_timestamp_seconds")
    oldest_mail = figures.pop('edition_migration_oldest_mail_seconds{quiet_hours="leave"}')
    assert figures == {
        'edition_migration_open_migrations{state="IN_REVIEW"}': 1,
        'edition_migration_open_migrations{state="AWAITING_PASSWORD"}': 1,
        'edition_migration_parked_migrations{attention="complaint"}': 1,
    }
    assert 3600 < oldest_mail < 3600 + PATIENCE
    assert datetime.now(UTC).timestamp() - looked_up < PATIENCE
    assert "temporal_worker_task_slots_available" in page
    assert_nobody_is_on(page)


async def test_the_web_process_shows_what_it_was_asked(sqlite_store_url: str, tmp_path: Path) -> None:
    await plant(sqlite_store_url)
    port, web = free_port(), free_port()
    credentials = {"email": "u-one@acme.example", "password": "no password of his", "client_version": "6.1"}
    async with running("web", tmp_path, database_url=sqlite_store_url, web_port=web, web_metrics_port=port):
        await answered(f"http://127.0.0.1:{web}/readyz")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{web}") as client:
            await client.get("/password/a-link-of-u-one")
            await client.post("/v1/sign-in", json=credentials)
            await client.request("U-ONE", "/u-one@acme.example")
        page = await page_of(port)
    figures = {name: value for name, value in series_of(page).items() if value and '"/readyz"' not in name}
    assert figures == {
        'edition_migration_sign_ins_total{result="wrong_credentials"}': 1,
        'edition_migration_http_requests_total{method="GET",route="/password/{token}",status="410"}': 1,
        'edition_migration_http_requests_total{method="POST",route="/v1/sign-in",status="401"}': 1,
        'edition_migration_http_requests_total{method="(other)",route="(no route)",status="404"}': 1,
    }
    assert_nobody_is_on(page)


def assert_nobody_is_on(page: str) -> None:
    assert [word for word in ("acme", "u-one", "u-two", "u-three", "Ada", "@") if word.lower() in page.lower()] == []


@pytest.mark.parametrize("process", Process)
async def test_without_a_port_nothing_is_served(process: Process) -> None:
    address = metrics_address(settings_of(), process)
    client = await connect(identity="test", lazy=True, metrics=address)
    runtime = client.service_client.config.runtime
    assert address is None
    assert runtime is not None
    assert runtime.metric_meter is MetricMeter.noop
