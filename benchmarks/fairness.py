"""How long a small organization waits behind a large one for the queue of mails, with and without the fairness key.

A real local server, the real options of `workflows/options.py`; only the relay is left out. The large organization's
mails wait in the queue before the first of the small one comes. `python -m benchmarks.fairness [rate] [large] [small]`.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from edition_migration.domain.mail import MailKind
from edition_migration.domain.names import MAIL_QUEUE
from edition_migration.domain.progress import NextMail
from edition_migration.temporal.local_server import start_local_server
from workflows.options import mail as mail_options

RATE, LARGE, SMALL = 100, 2000, 50
BATCH = 200
"""Mails of one workflow; a server lets a workflow have 2,000 activities pending."""


@dataclass(frozen=True)
class Batch:
    org_id: str
    mails: int
    queue: str
    is_fair: bool


@dataclass(frozen=True)
class Result:
    """Seconds from the small organization's first mail being queued to each one's last being delivered."""

    small: float
    large: float


class Relay:
    """Takes every mail at once and notes when."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}
        self.count = 0
        self.is_busy = asyncio.Event()

    @activity.defn
    async def deliver_mail(self, org_id: str) -> None:
        self.last[org_id] = time.perf_counter()
        self.count += 1
        if self.count >= BATCH:
            self.is_busy.set()


@workflow.defn
class Sender:
    @workflow.run
    async def run(self, batch: Batch) -> None:
        options: dict[str, Any] = dict(mail_options(batch.org_id, NextMail(kind=MailKind.INSTRUCTIONS)))
        options["task_queue"] = batch.queue
        if not batch.is_fair:
            options["priority"] = replace(options["priority"], fairness_key=None)
        await asyncio.gather(
            *(workflow.execute_activity_method(Relay.deliver_mail, batch.org_id, **options) for _ in range(batch.mails))
        )


async def measure(client: Client, rate: float, large: int, small: int, *, is_fair: bool) -> Result:
    relay, queue = Relay(), f"{MAIL_QUEUE}-{uuid4().hex[:8]}"
    senders = Worker(
        client, task_queue=f"{queue}-senders", workflows=[Sender], workflow_runner=UnsandboxedWorkflowRunner()
    )
    post = Worker(
        client,
        task_queue=queue,
        activities=[relay.deliver_mail],
        max_concurrent_activities=10,
        max_task_queue_activities_per_second=rate,
    )

    async def send(org_id: str, mails: int) -> list[Any]:
        batches = [Batch(org_id, min(BATCH, mails - begun), queue, is_fair) for begun in range(0, mails, BATCH)]
        return [
            await client.start_workflow(
                Sender.run, batch, id=f"{queue}-{uuid4().hex[:8]}", task_queue=f"{queue}-senders"
            )
            for batch in batches
        ]

    async with senders:
        handles = await send("large", large)
        await _until_queued(handles)
        async with post:
            await relay.is_busy.wait()
            began = time.perf_counter()
            handles += await send("small", small)
            await asyncio.gather(*(handle.result() for handle in handles))
    return Result(small=relay.last["small"] - began, large=relay.last["large"] - began)


async def _until_queued(handles: list[Any]) -> None:
    """Every workflow has put its mails into the queue."""
    for handle in handles:
        while not (await handle.describe()).raw_description.pending_activities:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.05)


async def main() -> None:
    given = [int(it) for it in sys.argv[1:4]]
    rate, large, small = (*given, *(RATE, LARGE, SMALL)[len(given) :])
    async with await start_local_server(search_attributes=[]) as server:
        print(f"{small} mails of a small organization behind {large} of a large one, {rate} a second:")
        for is_fair in (False, True):
            result = await measure(server.client, rate, large, small, is_fair=is_fair)
            words = "with" if is_fair else "without"
            print(f"{words} the fairness key: small done after {result.small:.1f} s, large after {result.large:.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
