"""Processes as they are run, over mutual TLS: the command that sets up, and a worker that takes from its queues."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from uuid import uuid4

import trustme
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE
from tests.chaos.play import environment
from tests.temporal.tls_door import pem_file, tls_door

ROOT = Path(__file__).parents[2]
SERVER_NAME = "temporal.acme.example"
PATIENCE = 120.0
"""Of a busy machine, on which a process takes a while to load its code."""


async def test_setup_and_worker_run_over_mutual_tls(temporal_env: WorkflowEnvironment, tmp_path: Path) -> None:
    authority, namespace = trustme.CA(), f"tls-{uuid4().hex}"
    ours = authority.issue_cert("worker.acme.example", common_name="edition-migration")
    target = temporal_env.client.service_client.config.target_host
    async with tls_door(target, authority.issue_cert(SERVER_NAME), authority) as door, asyncio.timeout(PATIENCE):
        environ = {
            **environment(f"sqlite+aiosqlite:///{tmp_path}/store.db", door.address, smtp_port=1, web_port=1),
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "TEMPORAL_NAMESPACE": namespace,
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": pem_file(tmp_path, "ca.pem", authority.cert_pem),
            "TEMPORAL_TLS_SERVER_NAME": SERVER_NAME,
            "TEMPORAL_TLS_CLIENT_CERT_PATH": pem_file(tmp_path, "ours.pem", *ours.cert_chain_pems),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": pem_file(tmp_path, "ours.key", ours.private_key_pem),
        }
        setup = await started(environ, "starter.py", "setup", "--create-namespace")
        said, _ = await setup.communicate()
        assert f"Temporal: namespace {namespace} is there.\n" in said.decode()
        assert setup.returncode == 0
        worker = await started(environ, "worker.py")
        try:
            client = Client(**{**temporal_env.client.config(), "namespace": namespace})
            for queue in (MIGRATION_QUEUE, MAIL_QUEUE):
                await until_taken_from(client, queue, f"worker-{worker.pid}@")
            worker.send_signal(signal.SIGTERM)
            assert await worker.wait() == 0
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    assert set(door.subjects) == {"edition-migration"}


async def started(environ: dict[str, str], *command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environ, stdout=PIPE, stderr=DEVNULL
    )


async def until_taken_from(client: Client, queue: str, identity: str) -> None:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    while True:
        try:
            pollers = (await client.workflow_service.describe_task_queue(request)).pollers
        except RPCError:  # a server takes some seconds to know a new namespace everywhere
            pollers = []
        if any(it.identity.startswith(identity) for it in pollers):
            return
        await asyncio.sleep(0.1)
