"""Workers of a deployment and workers of none, as the environment says; on the real server."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE, MigrationRef
from edition_migration.domain.progress import Wait
from edition_migration.temporal.build_id import build_id
from edition_migration.temporal.deployment import deployment_of
from edition_migration.temporal.gateway import TemporalWorkflowGateway
from edition_migration.temporal.worker import WorkerOptions, build_workers
from tests.workflows.script import PATIENCE, Script, activities_of, mail, overview, sent, wait
from tests.workflows.script import S as State

TaskQueue = tuple[str, int]
POLLED: dict[str, set[TaskQueue]] = {
    MIGRATION_QUEUE: {
        (MIGRATION_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
        (MIGRATION_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    },
    MAIL_QUEUE: {(MAIL_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)},
}
"""A version becomes current only once it takes from each that the current one takes from."""


@pytest.mark.parametrize("environ", [{}, {"TEMPORAL_DEPLOYMENT_NAME": ""}])
def test_without_a_name_a_worker_is_of_no_deployment(environ: dict[str, str]) -> None:
    assert deployment_of(environ) is None


def test_name_and_build_id_are_the_environments_and_what_runs_goes_on_with_the_newest() -> None:
    deployment = deployment_of({"TEMPORAL_DEPLOYMENT_NAME": "acme/worker", "TEMPORAL_WORKER_BUILD_ID": "v2-ddb6"})
    assert deployment is not None
    assert (deployment.version.deployment_name, deployment.version.build_id) == ("acme/worker", "v2-ddb6")
    assert deployment.use_worker_versioning
    assert deployment.default_versioning_behavior is VersioningBehavior.AUTO_UPGRADE


def test_a_name_alone_takes_the_build_id_of_our_sources() -> None:
    deployment = deployment_of({"TEMPORAL_DEPLOYMENT_NAME": "acme/worker"})
    assert deployment is not None
    assert deployment.version.build_id == build_id()


def test_a_build_id_alone_is_refused_for_it_would_do_nothing() -> None:
    with pytest.raises(ConfigurationError) as refused:
        deployment_of({"TEMPORAL_WORKER_BUILD_ID": "v2"})
    assert refused.value.message == "TEMPORAL_WORKER_BUILD_ID is set without TEMPORAL_DEPLOYMENT_NAME"


@pytest.mark.parametrize("queue", [MIGRATION_QUEUE, MAIL_QUEUE])
async def test_a_process_for_one_queue_takes_from_no_other(temporal_env: WorkflowEnvironment, queue: str) -> None:
    options = WorkerOptions(mails_per_second=1, queues=(queue,))
    async with AsyncExitStack() as stack:  # one that never ran would stay registered
        workers = build_workers(temporal_env.client, activities_of(Script()), options)
        for worker in workers:
            await stack.enter_async_context(worker)
    assert [worker.task_queue for worker in workers] == [queue]


async def test_a_versioned_migration_goes_on_with_the_version_that_became_current_and_its_mails_with_theirs(
    temporal_env: WorkflowEnvironment,
) -> None:
    """Each queue has a deployment of its own, as on Kubernetes; only that of migrations gets a new version."""
    client = temporal_env.client
    name, user = f"test-{uuid4().hex[:8]}", uuid4().hex
    workers, mail_workers = f"{name}/worker", f"{name}/mail-worker"
    script = Script("org-deployed")
    mails = [mail("m1")]

    async def waiting(_: Any) -> Wait:
        return wait(State.BLOCKED, "select", mail=mails.pop() if mails else None)

    script.will("notify_deactivation", *[waiting] * 1000)
    script.will("deliver", sent("m1"), sent("m2"))
    ref = MigrationRef(org_id="org-deployed", user_id=user)
    async with AsyncExitStack() as stack:
        await _serve(stack, client, script, workers, "v1", MIGRATION_QUEUE)
        await _serve(stack, client, script, mail_workers, "v1", MAIL_QUEUE)
        await TemporalWorkflowGateway(client).start_migration(ref, overview(State.BLOCKED))
        handle = client.get_workflow_handle(ref.workflow_id)
        try:
            assert await _version_of(handle) == "v1"
            await script.until_asked("deliver")
            await _serve(stack, client, script, workers, "v2", MIGRATION_QUEUE)
            async with asyncio.timeout(PATIENCE):
                while await _version_of(handle) != "v2":
                    await handle.signal("ring")  # the queue hears of a new version a moment later
                    await asyncio.sleep(0.05)
            mails.append(mail("m2"))
            await handle.signal("ring")
            await script.until_asked("deliver", times=2)
        finally:
            await handle.terminate("the test is over")
            for deployment in (workers, mail_workers):
                await _make_current(client, deployment, "")
            script.open_gates()


async def _serve(
    stack: AsyncExitStack, client: Client, script: Script, deployment: str, build: str, queue: str
) -> None:
    """A worker of this queue, until the stack ends; its version is current once all its pollers are known."""
    options = WorkerOptions(
        mails_per_second=1000,
        queues=(queue,),
        deployment=deployment_of({"TEMPORAL_DEPLOYMENT_NAME": deployment, "TEMPORAL_WORKER_BUILD_ID": build}),
    )
    for worker in build_workers(client, activities_of(script), options):
        await stack.enter_async_context(worker)
    async with asyncio.timeout(PATIENCE):
        while await _polled(client, deployment, build) != POLLED[queue]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await _make_current(client, deployment, build)


async def _make_current(client: Client, deployment: str, build: str) -> None:
    """No build makes unversioned workers current."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(namespace=client.namespace, deployment_name=deployment, build_id=build)
    )


async def _polled(client: Client, name: str, build: str) -> set[TaskQueue]:
    """The queues by name and type that the server knows the version to take from."""
    version = WorkerDeploymentVersion(deployment_name=name, build_id=build)
    request = DescribeWorkerDeploymentVersionRequest(namespace=client.namespace, deployment_version=version)
    try:
        answer = await client.workflow_service.describe_worker_deployment_version(request)
    except RPCError:
        return set()  # it has not polled yet
    return {(queue.name, queue.type) for queue in answer.version_task_queues}


async def _version_of(handle: WorkflowHandle[Any, Any]) -> str:
    """The build id that ran the last workflow task; waits for the first."""
    async with asyncio.timeout(PATIENCE):
        while True:
            info = (await handle.describe()).raw_description.workflow_execution_info
            if build := info.versioning_info.deployment_version.build_id:
                return build
            await asyncio.sleep(0.05)
