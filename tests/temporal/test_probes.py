"""What doctor says of a real Temporal server: good, and broken in each way that it names."""

import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from edition_migration.adapters.clock import SystemClock
from edition_migration.application.diagnosis import diagnose
from edition_migration.domain.diagnosis import Finding, Subject, Verdict, fails, ok, warning
from edition_migration.domain.errors import StoreUnavailable
from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE
from edition_migration.ports.clock import Clock
from edition_migration.temporal.client import connect
from edition_migration.temporal.preparation import prepare
from edition_migration.temporal.probes import TemporalProbes
from edition_migration.temporal.schedules import ensure_schedules
from tests.doubles import MovableClock
from workflows.reconciliation import Reconciliation

DAY = timedelta(days=1)


@activity.defn
async def nothing() -> None:
    """What a worker needs to have something to take."""


async def found(client: Client, subject: Subject, *, undo: timedelta | None = DAY, clock: Clock | None = None) -> Any:
    """The findings of the probe of this subject."""

    async def the_client() -> Client:
        return client

    async def longest_undo() -> timedelta:
        if undo is None:
            raise StoreUnavailable("nobody answers")
        return undo

    probes = TemporalProbes(connect=the_client, longest_undo=longest_undo, clock=clock or SystemClock()).all
    return (await diagnose([probe for probe in probes if probe.subject is subject])).findings


async def one(client: Client, subject: Subject, **given: Any) -> Finding:
    [finding] = await found(client, subject, **given)
    return finding


def in_namespace(client: Client, name: str) -> Client:
    return Client(**{**client.config(), "namespace": name})


@pytest_asyncio.fixture(scope="module")
async def elsewhere(temporal_env: WorkflowEnvironment) -> Client:
    """A client of a namespace of these tests' own. One for all: a server takes seconds to work in a new one."""
    client = in_namespace(temporal_env.client, f"bare-{uuid4().hex}")
    request = RegisterNamespaceRequest(namespace=client.namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=3))
    await client.workflow_service.register_namespace(request)
    return client


async def test_a_server_says_its_version_and_address(temporal_env: WorkflowEnvironment) -> None:
    address = temporal_env.client.service_client.config.target_host
    finding = await one(temporal_env.client, Subject.TEMPORAL)
    assert finding == ok(Subject.TEMPORAL, f"Temporal 1.32.0 answers at {address}")


async def test_an_old_server_is_a_warning(temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edition_migration.temporal.probes.OLDEST_SERVER", (1, 33))
    finding = await one(temporal_env.client, Subject.TEMPORAL)
    mend = "use 1.33 or newer: before it one organization's mails can hold up others'"
    assert (finding.verdict, finding.mend) == (Verdict.WARNING, mend)


async def test_without_a_server_one_line_fails_and_the_others_know_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environ = {"TEMPORAL_ADDRESS": address}
    client = await connect(identity="doctor", lazy=True, environ=environ)
    text = f"no Temporal service answers at {address}"
    mend = "start it, or set TEMPORAL_ADDRESS in the environment; .env is not read for it"
    assert await one(client, Subject.TEMPORAL) == fails(Subject.TEMPORAL, text, mend)
    behind = (Subject.NAMESPACE, Subject.RETENTION, Subject.SEARCH_ATTRIBUTES, Subject.SCHEDULE, Subject.WORKERS)
    for subject in (*behind, Subject.CLOCK):
        assert await one(client, subject) == warning(subject, f"not known: {text}")


async def test_a_namespace_that_is_not_there_is_named_with_its_making(temporal_env: WorkflowEnvironment) -> None:
    client = in_namespace(temporal_env.client, "nobody-made-this")
    mend = "set TEMPORAL_NAMESPACE to the one that is meant, or run `starter.py setup --create-namespace`"
    missing = fails(Subject.NAMESPACE, "there is no namespace nobody-made-this", mend)
    assert await one(client, Subject.NAMESPACE) == missing
    text = "not known: namespace nobody-made-this cannot be looked at (NOT_FOUND)"
    for subject in (Subject.RETENTION, Subject.SEARCH_ATTRIBUTES, Subject.SCHEDULE, Subject.WORKERS, Subject.CLOCK):
        assert await one(client, subject) == warning(subject, text)


async def test_a_namespace_that_is_there_says_so(temporal_env: WorkflowEnvironment) -> None:
    finding = await one(temporal_env.client, Subject.NAMESPACE)
    assert finding == ok(Subject.NAMESPACE, "namespace default is there")


async def test_a_retention_as_long_as_undo_is_well(elsewhere: Client) -> None:
    text = "ended workflows are kept 3d, undo is possible for 3d"
    assert await one(elsewhere, Subject.RETENTION, undo=timedelta(days=3)) == ok(Subject.RETENTION, text)


async def test_a_shorter_retention_is_said_with_what_it_means(elsewhere: Client) -> None:
    cloud = f"tcld namespace retention set --namespace {elsewhere.namespace} --retention-days 30"
    assert await one(elsewhere, Subject.RETENTION, undo=timedelta(days=30)) == warning(
        Subject.RETENTION,
        "ended workflows are kept 3d, undo is possible for 30d: "
        "it works all the same, only the history is gone from the UI by then",
        f"keep them longer: temporal operator namespace update --namespace {elsewhere.namespace} --retention 30d, or "
        f"on Temporal Cloud {cloud}",
    )


async def test_a_retention_is_shown_also_where_the_store_cannot_tell_how_long_undo_is(elsewhere: Client) -> None:
    text = "ended workflows are kept 3d; how long undo is possible is not known: the store cannot tell"
    assert await one(elsewhere, Subject.RETENTION, undo=None) == warning(Subject.RETENTION, text)


async def test_search_attributes_that_are_missing_or_of_another_type_are_named(elsewhere: Client) -> None:
    client = elsewhere
    names = "MigrationOrg, MigrationState, MigrationStep, MigrationWave, MigrationDeadline, MigrationAttention"
    text = f"not registered: {names}; no workflow can start"
    missing = fails(Subject.SEARCH_ATTRIBUTES, text, "run `starter.py setup`")
    assert await one(client, Subject.SEARCH_ATTRIBUTES) == missing
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    attributes = dict.fromkeys(names.split(", "), keyword)
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=attributes)
    )
    assert await one(client, Subject.SEARCH_ATTRIBUTES) == fails(
        Subject.SEARCH_ATTRIBUTES,
        "MigrationDeadline is Keyword in place of Datetime; no workflow can start",
        "remove them (temporal operator search-attribute remove), or on Temporal Cloud, which removes none, rename "
        "them (tcld namespace search-attributes rename); then run `starter.py setup`",
    )


async def test_after_setup_search_attributes_and_schedules_are_there(temporal_env: WorkflowEnvironment) -> None:
    client = temporal_env.client
    await prepare(client)
    assert await one(client, Subject.SEARCH_ATTRIBUTES) == ok(
        Subject.SEARCH_ATTRIBUTES, "all 6 are registered with their types"
    )
    assert await found(client, Subject.SCHEDULE) == (
        ok(Subject.SCHEDULE, "schedule reconciliation runs daily"),
        ok(Subject.SCHEDULE, "schedule purge runs daily"),
    )


async def test_a_schedule_that_is_missing_or_paused_is_a_warning(elsewhere: Client) -> None:
    mend = "run `starter.py setup`"
    no_look = "there is no schedule reconciliation: nobody looks for differences every day"
    no_purge = "there is no schedule purge: what nobody needs any more stays, and the database grows"
    assert await found(elsewhere, Subject.SCHEDULE) == (
        warning(Subject.SCHEDULE, no_look, mend),
        warning(Subject.SCHEDULE, no_purge, mend),
    )
    await ensure_schedules(elsewhere)
    handles = [elsewhere.get_schedule_handle(name) for name in ("reconciliation", "purge")]
    try:
        for handle in handles:
            await handle.pause()
        assert await found(elsewhere, Subject.SCHEDULE) == tuple(
            warning(
                Subject.SCHEDULE,
                f"schedule {handle.id} is paused",
                f"temporal schedule toggle --unpause --schedule-id {handle.id}",
            )
            for handle in handles
        )
    finally:
        for handle in handles:
            await handle.delete()


async def test_queues_without_a_worker_are_named_and_with_workers_these_are_counted(elsewhere: Client) -> None:
    start = "start one: python worker.py"
    assert await found(elsewhere, Subject.WORKERS) == (
        fails(Subject.WORKERS, "no worker takes from queue migration: no migration moves", start),
        fails(Subject.WORKERS, "no worker takes from queue mail: no mail leaves", start),
    )
    migrating = Worker(elsewhere, task_queue=MIGRATION_QUEUE, workflows=[Reconciliation], activities=[nothing])
    mailing = Worker(elsewhere, task_queue=MAIL_QUEUE, activities=[nothing])
    async with migrating, mailing:
        findings: Sequence[Finding] = []
        while not findings or any(it.verdict is Verdict.FAILS for it in findings):
            findings = await found(elsewhere, Subject.WORKERS)  # the server sees a poller within some milliseconds
        assert findings == (
            ok(Subject.WORKERS, "queue migration: workers of the last 2 minutes: 1"),
            ok(Subject.WORKERS, "queue mail: workers of the last 2 minutes: 1"),
        )
        late = MovableClock(SystemClock().now() + timedelta(minutes=3))
        assert [it.verdict for it in await found(elsewhere, Subject.WORKERS, clock=late)] == [Verdict.FAILS] * 2


async def test_the_servers_clock_is_read_and_compared(temporal_env: WorkflowEnvironment) -> None:
    client = temporal_env.client
    assert await one(client, Subject.CLOCK) == ok(Subject.CLOCK, "Temporal's clock and this machine's agree")
    ahead = MovableClock(SystemClock().now() + timedelta(hours=1))
    finding = await one(client, Subject.CLOCK, clock=ahead)
    assert finding.verdict is Verdict.FAILS
    assert finding.text in {f"Temporal's clock is {n} s behind this machine's" for n in range(3590, 3601)}
