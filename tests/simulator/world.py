"""One small service under simulation: the real use cases and workflows over ports of our own, and one seed for all."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

from edition_migration.application.credentials import Credentials
from edition_migration.application.sign_in import SignIn
from edition_migration.bootstrap.cli import build_cli_services
from edition_migration.bootstrap.foundation import Foundation, link_keys
from edition_migration.bootstrap.worker import build_activities
from edition_migration.cli.services import CliServices
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.states import MigrationState
from edition_migration.settings import Settings
from edition_migration.temporal.worker import migration_activities
from tests.doubles import CountingHasher, KeepingMeter, StillPace
from tests.e2e.world import settings_of
from tests.simulator import sdk
from tests.simulator.evidence import Evidence, Invariant, WorkflowSeen
from tests.simulator.executions import Broken, Run, RunState
from tests.simulator.faults import Faults, Rates
from tests.simulator.ground import Ground
from tests.simulator.loop import StillLoop
from tests.simulator.ports import FaultyStore, MailSink, PlainRenderer, VirtualClock, VirtualPace
from tests.simulator.stage import Stage, Work
from tests.simulator.temporal import Temporal
from tests.simulator.view import Row

ORG = "acme"
DOMAIN = "acme.example"
OTHER_DOMAIN = "elsewhere.example"
OFFICE = "it@acme.example"


@dataclass
class World:
    """What one run is made of, and what its actors remember of it."""

    seed: int
    random: Random
    ground: Ground
    clock: VirtualClock
    stage: Stage
    faults: Faults
    temporal: Temporal
    sink: MailSink
    services: CliServices
    credentials: Credentials
    sign_in: SignIn
    trace: list[str] = field(default_factory=list)
    user_ids: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    """Every event that was ever sent."""
    to_send: list[dict[str, Any]] = field(default_factory=list)
    """Events that the sender has not got through yet."""
    addresses: dict[str, set[str]] = field(default_factory=dict)
    chosen: list[tuple[str, str]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    """Mails that the relay had taken and called undeliverable afterwards, once for each time."""
    contacts: list[Row] = field(default_factory=list)
    is_for_reconciliation: bool = False
    """Somebody ended a workflow, which only the daily reconciliation can find."""
    numbers: int = 0

    @property
    def is_small(self) -> bool:
        """Two seeds in three: fewer users and deeds, so that more seeds are played in the same time."""
        return self.seed // 3 % 3 != 0

    def note(self, what: str) -> None:
        """One line of the trace that a failure prints."""
        self.trace.append(f"{self.clock.at.isoformat()} {what}")

    def number(self) -> int:
        """The next of the run's own numbers, for ids and sequences."""
        self.numbers += 1
        return self.numbers

    def begin(self, name: str, coroutine: Any, on_end: Callable[[Work], None] | None = None) -> Work:
        self.note(f"begins: {name}")
        return self.stage.begin(name, coroutine, on_end)

    def evidence(self) -> Evidence:
        return Evidence(
            view=self.ground.view(),
            mails=self.sink.received,
            ambiguous=self.faults.ambiguous,
            returned=self.returned,
            workflows={name: _seen(runs) for name, runs in self.temporal.runs.items()},
            chosen=self.chosen,
            addresses={user_id: frozenset(them) for user_id, them in self.addresses.items()},
            notification_emails=frozenset({OFFICE}),
            contacts=self.contacts,
            now=self.clock.now(),
        )

    def check(self, invariants: tuple[Invariant, ...]) -> None:
        """Raises Broken with every violation."""
        evidence = self.evidence()
        if violations := [line for invariant in invariants for line in invariant(evidence)]:
            raise Broken("\n".join(violations))


@cache
def _settings() -> Settings:
    return settings_of(mails_per_second=1000.0)


@contextmanager
def prepared_world(seed: int, ground: Ground, loop: StillLoop, rates: Rates | None = None) -> Generator[World]:
    """A service in which nothing has happened yet; ids come from the seed while it is open."""
    ground.empty()
    random = Random(seed)  # noqa: S311 - a simulation wants to be repeated
    clock = VirtualClock()
    stage, faults = Stage(random, loop), Faults(random, rates or Rates())
    store = FaultyStore(ground.store, stage, faults)
    temporal = Temporal(random, clock, stage, faults)
    sink = MailSink(stage, faults, clock, ground.mail_state)
    base = Foundation(settings=_settings(), store=store, clock=clock, gateway=temporal, mailer=sink)
    _bind(temporal, base, clock)
    keys = link_keys(base.settings)
    hasher = CountingHasher()
    with patch("edition_migration.domain.names.uuid4", lambda: UUID(int=random.getrandbits(128), version=4)):
        yield World(
            seed=seed,
            random=random,
            ground=ground,
            clock=clock,
            stage=stage,
            faults=faults,
            temporal=temporal,
            sink=sink,
            services=build_cli_services(base),
            credentials=Credentials(store=store, clock=clock, hasher=hasher, strength=lambda *_: 4, keys=keys),
            sign_in=SignIn(store=store, clock=clock, hasher=hasher, pace=StillPace()),
        )


def _bind(temporal: Temporal, base: Foundation, clock: VirtualClock) -> None:
    with (
        patch("edition_migration.bootstrap.worker.TemplateRenderer", PlainRenderer),
        patch("edition_migration.bootstrap.worker.SystemPace", lambda: VirtualPace(clock)),
    ):
        activities = build_activities(base, KeepingMeter())
    temporal.bind([*migration_activities(activities), activities.mails.deliver_mail])


def _seen(runs: list[Run]) -> WorkflowSeen:
    latest = runs[-1]
    result: MigrationState | None = None
    is_migration = isinstance(latest.identity.argument, MigrationRef)
    if (
        is_migration
        and latest.state is RunState.COMPLETED
        and latest.result is not None
        and latest.result.data != b"null"
    ):
        value: Any = sdk.PAYLOADS.from_payload(latest.result)
        result = MigrationState(value["state"])
    return WorkflowSeen(latest.is_running, result, latest.events, latest.bytes, latest.news)


def soon(random: Random) -> timedelta:
    """A moment: what a transaction or a message takes."""
    return timedelta(milliseconds=random.randint(1, 400))
