"""Our figures and the SDK's on one page, by real HTTP; where no address is set there is no page."""

import asyncio
import socket
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.common import MetricMeter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.gate import SignInResult
from edition_migration.domain.mail import MailKind
from edition_migration.domain.metrics import (
    HTTP_REQUESTS,
    MAIL_OUTCOMES,
    MAILS,
    METRICS,
    OLDEST_DOORBELL,
    OPEN_MIGRATIONS,
    SIGN_INS,
    Process,
)
from edition_migration.temporal.client import connect
from edition_migration.temporal.metrics import MetricsAddress, SdkMeter
from tests.fixtures.metrics import page_of, series_of
from tests.fixtures.temporal_process import free_port

PATIENCE = 30.0


def here(port: int, host: str = "127.0.0.1") -> MetricsAddress:
    return MetricsAddress(host, port, "THE_SETTING")


async def meter_at(address: MetricsAddress | None, process: Process) -> SdkMeter:
    return SdkMeter(await connect(identity="test", lazy=True, metrics=address), process)


async def test_counters_are_there_from_the_beginning_and_gauges_once_they_are_shown() -> None:
    port = free_port()
    await meter_at(here(port), Process.WORKER)
    assert series_of(await page_of(port)) == {
        f'edition_migration_mails_total{{kind="{kind}",outcome="{outcome}"}}': 0
        for kind in MailKind
        for outcome in MAIL_OUTCOMES
    }


async def test_values_are_those_that_were_counted_and_shown_last() -> None:
    port = free_port()
    meter = await meter_at(here(port), Process.WORKER)
    for _ in range(3):
        meter.count(MAILS, kind=MailKind.WELCOME, outcome="accepted")
    meter.show(OLDEST_DOORBELL, 60)
    meter.show(OLDEST_DOORBELL, 2.5)
    meter.show(OPEN_MIGRATIONS, 1_000_000, state="BLOCKED")
    assert {name: value for name, value in series_of(await page_of(port)).items() if value} == {
        'edition_migration_mails_total{kind="welcome",outcome="accepted"}': 3,
        "edition_migration_oldest_doorbell_seconds": 2.5,
        'edition_migration_open_migrations{state="BLOCKED"}': 1_000_000,
    }


async def test_the_web_process_shows_its_own_only() -> None:
    port = free_port()
    meter = await meter_at(here(port), Process.WEB)
    meter.count(SIGN_INS, result="deactivated")
    meter.count(HTTP_REQUESTS, method="GET", route="/password/{token}", status="410")
    assert series_of(await page_of(port)) == {
        **{f'edition_migration_sign_ins_total{{result="{it}"}}': 0 for it in SignInResult},
        'edition_migration_sign_ins_total{result="deactivated"}': 1,
        'edition_migration_http_requests_total{method="GET",route="/password/{token}",status="410"}': 1,
    }


async def test_the_page_says_kind_and_meaning_of_each() -> None:
    port = free_port()
    await meter_at(here(port), Process.WORKER)
    lines = (await page_of(port)).splitlines()
    assert f"# HELP {MAILS.name} {MAILS.meaning}" in lines
    assert f"# TYPE {MAILS.name} counter" in lines


async def test_two_processes_have_a_page_each() -> None:
    one, other = free_port(), free_port()
    (await meter_at(here(one), Process.WORKER)).show(OLDEST_DOORBELL, 1)
    (await meter_at(here(other), Process.WORKER)).show(OLDEST_DOORBELL, 2)
    pages = [series_of(await page_of(port)) for port in (one, other)]
    assert [page["edition_migration_oldest_doorbell_seconds"] for page in pages] == [1, 2]


async def test_a_host_of_the_sixth_version_is_one_too() -> None:
    port = free_port()
    await meter_at(here(port, "::1"), Process.WEB)
    assert len(series_of(await page_of(port, "[::1]"))) == len(SignInResult)


async def test_without_an_address_counting_goes_nowhere() -> None:
    meter = await meter_at(None, Process.WORKER)
    meter.count(MAILS, kind=MailKind.WELCOME, outcome="accepted")
    meter.show(OLDEST_DOORBELL, 60)
    client = await connect(identity="test", lazy=True, metrics=None)
    runtime = client.service_client.config.runtime
    assert runtime is not None
    assert runtime.metric_meter is MetricMeter.noop


async def test_an_address_that_is_taken_is_a_configuration_error_that_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as error:
            await connect(identity="test", lazy=True, metrics=here(port))
    message = f"metrics cannot be served on 127.0.0.1:{port}: it is taken, or no address of this machine"
    assert (error.value.message, error.value.mend) == (message, "choose another THE_SETTING")


def test_names_and_labels_keep_to_the_conventions() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("edition_migration_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")


@workflow.defn
class Misfit:
    """Its code does not run, so its workflow tasks fail again and again."""

    @workflow.run
    async def run(self) -> None:
        raise ValueError("broken on purpose")


async def test_the_sdks_own_stand_on_the_same_page_in_seconds(temporal_env: WorkflowEnvironment) -> None:
    """Alarms rest on these names."""
    port, queue, workflow_id = free_port(), f"misfit-{uuid4()}", str(uuid4())
    address = temporal_env.client.service_client.config.target_host
    client = await connect(identity="test", environ={"TEMPORAL_ADDRESS": address}, metrics=here(port))
    worker = Worker(client, task_queue=queue, workflows=[Misfit], workflow_runner=UnsandboxedWorkflowRunner())
    async with worker, asyncio.timeout(PATIENCE):
        handle = await client.start_workflow(Misfit.run, id=workflow_id, task_queue=queue)
        while "temporal_workflow_task_execution_failed_total" not in (page := await page_of(port)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await handle.terminate()
    names = {series.partition("{")[0] for series in series_of(page, "temporal_")}
    assert {"temporal_request_latency_seconds_bucket", "temporal_worker_task_slots_available"} <= names
    assert workflow_id not in page
