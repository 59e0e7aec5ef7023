"""Checks what a chaos run left behind: `python -m tests.chaos.check FOLDER` prints counts per invariant as JSON.

A program of its own: it reads the database, Temporal, the mail sink and the fault log, and trusts nobody's memory. The
rules are those of `tests.simulator.invariants`; what needs a real server (histories, logs, seals, the inbox fed again)
is here.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from edition_migration.adapters.clock import SystemClock
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.audit import Audit
from edition_migration.domain.mail import AT_MOST_ONCE, UNSENT, MailState
from edition_migration.domain.progress import Overview
from edition_migration.temporal.client import connect
from edition_migration.temporal.worker import WORKFLOWS, sandbox
from tests.chaos.confidential import in_database, in_histories, in_logs
from tests.chaos.notes import CHOSEN, EVENTS, FAULTS, SETTING, SINK, read_notes
from tests.chaos.pairing import never_known, surplus
from tests.chaos.people import posted
from tests.simulator.evidence import Evidence, ReceivedMail, WorkflowSeen
from tests.simulator.invariants import AT_ALL_TIMES
from tests.simulator.invariants_at_rest import AT_REST
from tests.simulator.view import Row, View, read_view

REST_LIMIT = 900.0
"""Seconds after the last fault until all is still: a mail may wait for its repeat for five minutes, and a run that was
stopped at its limit has still to bring its users to their end."""


class Check:
    def __init__(self, folder: Path, setting: dict[str, Any], store: SqlStore, client: Client) -> None:
        self.folder, self.setting, self.store, self.client = folder, setting, store, client
        self.broken: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}

    def note(self, invariant: str, checked: int, violations: list[str]) -> None:
        self.counts[invariant] = self.counts.get(invariant, 0) + checked
        if violations:
            self.broken.setdefault(invariant, []).extend(violations)

    async def run(self) -> dict[str, Any]:
        drained = await self._until_still()
        view = await self._view()
        histories = await self._histories(view)
        workflows = await self._workflows(histories)
        paired = self._rules(view, workflows)
        await self._seals(view)
        self._secrets(view, histories)
        await self._feed_again(view)
        await self._replay(histories)
        late = [] if drained is not None else [f"I15 not still after {REST_LIMIT:g} s"]
        self.note("I15 drained after the last fault", 1, late)
        return {
            "is_clean": not self.broken and not self.setting["people_failed"],
            "seconds_to_drain": drained,
            "surplus_mails_by_fault": paired,
            "checked_per_invariant": dict(sorted(self.counts.items())),
            "violations": {name: [len(it), *it[:5]] for name, it in self.broken.items()},
            "histories": {
                "count": len(histories),
                "most_events": max((len(it.events) for it in histories.values()), default=0),
            },
        }

    async def _view(self) -> View:
        async with self.store._engines.reader.connect() as connection:
            return await connection.run_sync(read_view)

    async def _until_still(self) -> float | None:
        """Seconds from the last fault until nothing waits to be done; None after the limit."""
        while (passed := time.time() - self.setting["last_fault_at"]) < REST_LIMIT:
            if not await self._running() and not _work_left(await self._view()):
                return round(passed, 1)
            await asyncio.sleep(2)
        return None

    async def _running(self) -> int:
        """Users' workflows that still run."""
        return (await self.client.count_workflows('WorkflowType="UserMigration" AND ExecutionStatus="Running"')).count

    async def _histories(self, view: View) -> dict[str, WorkflowHistory]:
        handles = [self.client.get_workflow_handle(it.id) async for it in self.client.list_workflows()]
        return {handle.id: await handle.fetch_history() for handle in handles}

    async def _workflows(self, histories: dict[str, WorkflowHistory]) -> dict[str, WorkflowSeen]:
        found: dict[str, WorkflowSeen] = {}
        async for it in self.client.list_workflows('WorkflowType="UserMigration"'):
            is_running = it.status is WorkflowExecutionStatus.RUNNING
            if it.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED):
                self.note("I10 no workflow failed", 0, [f"I10 {it.id} ended as {it.status}"])
            result = None
            if it.status is WorkflowExecutionStatus.COMPLETED:
                handle = self.client.get_workflow_handle(it.id, result_type=Overview)
                result = (await handle.result()).state
            events = histories[it.id].events
            size = sum(event.ByteSize() for event in events)
            news = sum(event.HasField("workflow_execution_signaled_event_attributes") for event in events)
            found[it.id] = WorkflowSeen(is_running, result, len(events), size, news)
        self.note("I10 no workflow failed", len(found), [])
        return found

    def _rules(self, view: View, workflows: dict[str, WorkflowSeen]) -> dict[str, int]:
        """The simulator's rules over this run's evidence; how many copies each kind of fault explains."""
        sink = read_notes(self.folder, SINK)
        mail_ids = {message_id_of(row["mail_id"]): row["mail_id"] for row in view["mails"]}
        faults = read_notes(self.folder, FAULTS)
        explained, by_kind, unexplained = surplus(sink, faults)
        accepted = {message_id_of(row["mail_id"]) for row in view["mails"] if row["state"] is MailState.ACCEPTED}
        quick = never_known(sink, faults, accepted)
        evidence = Evidence(
            view=view,
            mails=[_received(it, mail_ids) for it in sink],
            ambiguous=[mail_ids.get(it, it) for it in (*explained, *quick)],
            workflows=workflows,
            chosen=[(it["user_id"], "") for it in read_notes(self.folder, CHOSEN)],
            addresses={user_id: frozenset([email]) for user_id, email in self.setting["people"].items()},
            notification_emails=frozenset(f"it@{org_id}.example" for org_id in view.organizations),
            now=datetime.now(UTC),
        )
        for rule in (*AT_ALL_TIMES, *AT_REST):
            checked = len(sink) if rule.__name__.startswith(("i6", "i7")) else len(view["migrations"])
            self.note(rule.__name__, checked, rule(evidence))
        self.note("i6_surplus_is_explained", sum(by_kind.values()), [f"I6 {it} came twice" for it in unexplained])
        digests: dict[str, set[str]] = {}
        for it in sink:
            digests.setdefault(it["message_id"], set()).add(it["digest"])
        self.note(
            "i6_copies_are_identical", len(sink), [f"I6 {it} differs" for it, all_ in digests.items() if len(all_) > 1]
        )
        ended = Counter(str(row["state"]) for row in view["migrations"])
        self.note("i1_everybody_came_to_an_end", sum(ended.values()), [f"I1 {s}" for s in ended if s not in ENDS])
        missing = set(self.setting["people"]) - {row["user_id"] for row in view["migrations"]}
        self.note("i1_nobody_was_lost", len(self.setting["people"]), [f"I1 {it} has no migration" for it in missing])
        return by_kind

    async def _seals(self, view: View) -> None:
        chains = (await Audit(store=self.store, clock=SystemClock()).verify(None)).chains
        broken = [f"I9 chain of {it.org_id}: {it.broken} at {it.broken_at}" for it in chains if it.broken]
        broken += [f"I9 {it.org_id} has {it.unsealed} unsealed" for it in chains if it.unsealed]
        self.note("i9_chains_hold", len(view["seals"]), broken)

    def _secrets(self, view: View, histories: dict[str, WorkflowHistory]) -> None:
        links = {it["link"].rpartition("/")[2] for it in read_notes(self.folder, SINK) if it["link"]}
        logs = sorted(self.folder.glob("*.log"))
        self.note("i8_no_secret_in_histories", len(histories), in_histories(histories, links))
        self.note("i8_no_secret_in_logs", len(logs), in_logs(logs, links))
        self.note("i8_no_secret_in_the_database", len(view.tables), in_database(view.tables, links))

    async def _replay(self, histories: dict[str, WorkflowHistory]) -> None:
        replayer = Replayer(workflows=WORKFLOWS, workflow_runner=sandbox(), data_converter=pydantic_data_converter)
        ours = {id_: it for id_, it in histories.items() if id_.startswith(("migration/", "organization/", "wave/"))}
        broken: list[str] = []
        for id_, history in ours.items():
            outcome = await replayer.replay_workflow(history, raise_on_replay_failure=False)
            if outcome.replay_failure is not None:
                broken.append(f"I11 {id_}: {type(outcome.replay_failure).__name__}")
        self.note("i11_histories_replay", len(ours), broken)

    async def _feed_again(self, before: View) -> None:
        """All events once more: each is answered as a repeat, and no row changes."""
        documents = [it["document"] for it in read_notes(self.folder, EVENTS)]
        environ: dict[str, str] = self.setting["environ"]
        async with httpx2.AsyncClient(timeout=30) as client:
            answers = [await posted(client, environ["EDITION_MIGRATION_LINK_BASE"], it, environ) for it in documents]
        after = await self._view()
        watched = ("migrations", "mails", "ledger", "inbox", "journal", "users", "counters")
        broken = [f"I12 {table} changed" for table in watched if after[table] != before[table]]
        broken += [f"I12 a repeat was answered {it}" for it in answers if it != 200]
        self.note("i12_fed_again_changes_nothing", len(documents), broken)


ENDS = {"MIGRATED", "EXPIRED", "CANCELLED"}


def _work_left(view: View) -> bool:
    """Whether an event, a bell, an errand, a mail or the sealer waits."""
    waits = any(str(it["state"]) == "pending" for it in view["inbox"]) or any(_waits(it) for it in view["mails"])
    is_unsealed = len(view["journal"]) > len(view["seals"])
    return waits or is_unsealed or bool(view["doorbells"] or view["errands"])


def _waits(mail: Row) -> bool:
    """One that goes at most once is not sent again where nobody knows whether it was."""
    is_given_up = mail["kind"] in AT_MOST_ONCE and mail["state"] is MailState.UNKNOWN
    return mail["state"] in UNSENT and not is_given_up


def message_id_of(mail_id: str) -> str:
    return f"<{mail_id}@chaos.example>"


def _received(note: dict[str, Any], mail_ids: dict[str, str]) -> ReceivedMail:
    at = datetime.fromtimestamp(note["at"], UTC)
    return ReceivedMail(mail_ids.get(note["message_id"], note["message_id"]), note["recipient"], note["link"], at)


async def main(folder: Path) -> None:
    setting = json.loads((folder / SETTING).read_text())
    environ: dict[str, str] = setting["environ"]
    store = SqlStore(environ["EDITION_MIGRATION_DATABASE_URL"])
    client = await connect(identity="check", environ=environ)
    sys.stdout.write(json.dumps(await Check(folder, setting, store, client).run()))
    await store.dispose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
    sys.stdout.flush()
    os._exit(0)
