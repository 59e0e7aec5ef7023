"""What `doctor` looks at in Temporal: does it answer, and has its namespace all that our workflows rest on.

Looks only. Each probe asks for itself, so that one that may not see (an operator's right, a proxy) hides no other.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    GetSystemInfoRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from edition_migration.domain.diagnosis import Finding, Probe, Subject, fails, of_clock, ok, warning
from edition_migration.domain.errors import StoreUnavailable, TemporalUnavailable
from edition_migration.ports.clock import Clock
from edition_migration.temporal.asking import LIMIT, answering, reaching
from edition_migration.temporal.namespace import MISSING_MEND
from edition_migration.temporal.pollers import of_queues
from edition_migration.temporal.schedules import dailies
from edition_migration.temporal.search_attributes import (
    adding_mend,
    listed_types,
    search_attribute_keys,
    type_name,
    unknown_to_queries,
)
from edition_migration.temporal.server_clock import read_clock

OLDEST_SERVER = (1, 29)
"""The first whose task queues let organizations take turns (fairness)."""
DAY = timedelta(days=1)
SET_UP = "run `starter.py setup`"


@dataclass(frozen=True, slots=True)
class TemporalProbes:
    """`connect` gives the process's client, a lazy one. `longest_undo` asks the store."""

    connect: Callable[[], Awaitable[Client]]
    longest_undo: Callable[[], Awaitable[timedelta]]
    clock: Clock

    @property
    def all(self) -> tuple[Probe, ...]:
        return (
            Probe(Subject.TEMPORAL, self._server, is_entrance=True),
            Probe(Subject.NAMESPACE, self._namespace),
            Probe(Subject.RETENTION, self._retention),
            Probe(Subject.SEARCH_ATTRIBUTES, self._search_attributes),
            Probe(Subject.SCHEDULE, self._schedules),
            Probe(Subject.WORKERS, self._workers),
            Probe(Subject.CLOCK, self._clock),
        )

    async def _server(self) -> Sequence[Finding]:
        client = await self.connect()
        async with answering(client):
            info = await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=LIMIT)
        text = f"Temporal {info.server_version} answers at {client.service_client.config.target_host}"
        if _numbers(info.server_version) >= OLDEST_SERVER:
            return [ok(Subject.TEMPORAL, text)]
        mend = (
            f"use {'.'.join(map(str, OLDEST_SERVER))} or newer: before it one organization's mails can hold up others'"
        )
        return [warning(Subject.TEMPORAL, text, mend)]

    async def _namespace(self) -> Sequence[Finding]:
        client = await self.connect()
        try:
            await _describe(client)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return [fails(Subject.NAMESPACE, f"there is no namespace {client.namespace}", MISSING_MEND)]
            mend = "give this client a key that may use it, or set TEMPORAL_NAMESPACE"
            text = f"namespace {client.namespace} may not be looked at ({error.status.name})"
            return [fails(Subject.NAMESPACE, text, mend)]
        return [ok(Subject.NAMESPACE, f"namespace {client.namespace} is there")]

    async def _retention(self) -> Sequence[Finding]:
        client, described = await self._described()
        kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
        text = f"ended workflows are kept {_days(kept)}"
        try:
            undo = await self.longest_undo()
        except StoreUnavailable:
            return [
                warning(Subject.RETENTION, f"{text}; how long undo is possible is not known: the store cannot tell")
            ]
        text = f"{text}, undo is possible for {_days(undo)}"
        if kept >= undo:
            return [ok(Subject.RETENTION, text)]
        meaning = "it works all the same, only the history is gone from the UI by then"
        own = f"temporal operator namespace update --namespace {client.namespace} --retention {_days(undo)}"
        cloud = f"tcld namespace retention set --namespace {client.namespace} --retention-days {ceil(undo / DAY)}"
        mend = f"keep them longer: {own}, or on Temporal Cloud {cloud}"
        return [warning(Subject.RETENTION, f"{text}: {meaning}", mend)]

    async def _search_attributes(self) -> Sequence[Finding]:
        client, _ = await self._described()
        async with answering(client):
            there = await listed_types(client)
        if there is None:
            return await _of_queries(client)
        wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in search_attribute_keys()}
        missing = [name for name in wanted if name not in there]
        if missing:
            text = f"not registered: {', '.join(missing)}; no workflow can start"
            return [fails(Subject.SEARCH_ATTRIBUTES, text, SET_UP)]
        wrong = [
            f"{name} is {type_name(there[name])} in place of {type_name(it)}"
            for name, it in wanted.items()
            if it != there[name]
        ]
        if wrong:
            own = "remove them (temporal operator search-attribute remove)"
            cloud = "on Temporal Cloud, which removes none, rename them (tcld namespace search-attributes rename)"
            mend = f"{own}, or {cloud}; then {SET_UP}"
            return [fails(Subject.SEARCH_ATTRIBUTES, f"{'; '.join(wrong)}; no workflow can start", mend)]
        return [ok(Subject.SEARCH_ATTRIBUTES, f"all {len(wanted)} are registered with their types")]

    async def _schedules(self) -> Sequence[Finding]:
        client, _ = await self._described()
        return [await _of_schedule(client, it.schedule_id, it.loss) for it in dailies()]

    async def _workers(self) -> Sequence[Finding]:
        client, _ = await self._described()
        async with answering(client):
            return await of_queues(client, self.clock.now(), LIMIT)

    async def _clock(self) -> Sequence[Finding]:
        client, _ = await self._described()
        async with answering(client):
            return [of_clock("Temporal's clock", await read_clock(client, self.clock, LIMIT))]

    async def _described(self) -> tuple[Client, DescribeNamespaceResponse]:
        """The client and its namespace. Raises TemporalUnavailable where there is none, or it may not be seen."""
        client = await self.connect()
        try:
            return client, await _describe(client)
        except RPCError as error:
            text = f"namespace {client.namespace} cannot be looked at ({error.status.name})"
            raise TemporalUnavailable(text) from None


async def _describe(client: Client) -> DescribeNamespaceResponse:
    """Lets through the RPCError of a server that answers."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    async with reaching(client):
        return await client.workflow_service.describe_namespace(request, timeout=LIMIT)


async def _of_queries(client: Client) -> Sequence[Finding]:
    """Of search attributes that this client may not list, as it may be on Temporal Cloud."""
    keys = search_attribute_keys()
    async with answering(client):
        unknown = await unknown_to_queries(client, keys)
    if not unknown:
        return [ok(Subject.SEARCH_ATTRIBUTES, f"all {len(keys)} are known; their types may not be looked at")]
    text = f"not there, or of another type: {', '.join(key.name for key in unknown)}; no workflow can start"
    return [fails(Subject.SEARCH_ATTRIBUTES, text, adding_mend(client.namespace, unknown))]


async def _of_schedule(client: Client, schedule_id: str, loss: str) -> Finding:
    try:
        async with reaching(client):
            described = await client.get_schedule_handle(schedule_id).describe(rpc_timeout=LIMIT)
    except RPCError as error:
        text = f"there is no schedule {schedule_id}: {loss}"
        if error.status is not RPCStatusCode.NOT_FOUND:
            text = f"schedule {schedule_id} cannot be looked at ({error.status.name})"
        return warning(Subject.SCHEDULE, text, SET_UP)
    if described.schedule.state.paused:
        mend = f"temporal schedule toggle --unpause --schedule-id {schedule_id}"
        return warning(Subject.SCHEDULE, f"schedule {schedule_id} is paused", mend)
    return ok(Subject.SCHEDULE, f"schedule {schedule_id} runs daily")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _days(span: timedelta) -> str:
    hours = round(span.total_seconds() / 3600)
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
