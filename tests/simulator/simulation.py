"""One seed from its first event to its rest: the schedule, the faults, the drain, and the invariants."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from edition_migration.domain.names import OrganizationRef
from edition_migration.domain.reconciliation import DifferenceKind
from tests.simulator.actors import choose_newest, select_some
from tests.simulator.administration import resume_all, retry_all
from tests.simulator.cast import next_act
from tests.simulator.executions import Activity, Broken, Run
from tests.simulator.faults import Rates
from tests.simulator.ground import Ground
from tests.simulator.invariants import AT_ALL_TIMES
from tests.simulator.invariants_at_rest import AT_REST
from tests.simulator.loop import StillLoop
from tests.simulator.opening import set_up
from tests.simulator.provisioning import send, send_again
from tests.simulator.stage import Work
from tests.simulator.world import ORG, World, prepared_world, soon

DEEDS = 8
"""What actors do in one run, at most."""
HORIZON = timedelta(days=9)
"""How long the drain waits for what is due: longer than the 72 hours and then any deadline of these organizations."""
MOST_STEPS = 12_000
"""No run of this size needs as many: a longer one does not come to rest."""


@dataclass(frozen=True)
class Outcome:
    """What became of one seed."""

    seed: int
    broken: str | None
    trace: list[str]
    faults: Counter[str]
    ends: Counter[str]
    surplus: int
    digest: str

    @property
    def is_green(self) -> bool:
        return self.broken is None


def simulate(seed: int, ground: Ground, loop: StillLoop, rates: Rates | None = None) -> Outcome:
    """Runs one seed. The same seed gives the same outcome, trace and digest included."""
    with prepared_world(seed, ground, loop, rates) as world:
        broken: str | None = None
        try:
            loop.run_until_complete(_Simulation(world).run())
        except Broken as error:
            broken = str(error)
        finally:
            loop.run_until_complete(_end_everything(world))
        return _outcome(world, broken)


def _outcome(world: World, broken: str | None) -> Outcome:
    view = world.ground.view()
    received = Counter(mail.mail_id for mail in world.sink.received)
    return Outcome(
        seed=world.seed,
        broken=broken,
        trace=world.trace,
        faults=world.faults.counts,
        ends=Counter(str(row["state"]) for row in view["migrations"]),
        surplus=sum(received.values()) - len(received),
        digest=hashlib.sha256("\n".join(world.trace).encode()).hexdigest(),
    )


async def _end_everything(world: World) -> None:
    """Leaves no task behind, whatever the run came to."""
    for work in list(world.stage.under_way):
        world.stage.kill(work)
    await world.stage.loop.settle()
    for run in list(world.temporal.running()):
        run.evict(world.clock.now())


class _Simulation:
    """The schedule of one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._deeds = world.random.randint(2, DEEDS)
        self._steps = 0
        self._is_sweeping = False
        self._plan: list[Callable[[World], None]] = []
        """What is done before the seed chooses."""

    async def run(self) -> None:
        await set_up(self._world)
        if self._random.random() < 0.5:
            self._plan.append(select_some)
        while self._deeds > 0:
            await self._step()
        self._world.note("the faults are over")
        self._world.faults.end()
        await self._run_dry()
        resume_all(self._world)
        await self._run_dry()
        if self._world.is_for_reconciliation:
            await self._reconcile(is_dry=False)
            await self._run_dry()
            retry_all(self._world)
            await self._run_dry()
        if self._random.random() < 0.5:
            select_some(self._world)
            await self._run_dry()
        for user_id in self._world.user_ids:
            if self._random.random() < 0.6:
                choose_newest(self._world, user_id)
        await self._drain()
        if named := await self._reconcile(is_dry=True):
            raise Broken(f"I10 the reconciliation names {named}")
        self._world.check((*AT_ALL_TIMES, *AT_REST))
        await self._feed_again()

    async def _step(self) -> None:
        """The next thing that happens: of what could, the seed says which."""
        world, random = self._world, self._random
        await self._settle()
        can = self._could_happen()
        if not can or random.random() < 0.06:
            self._act_or_wait(can)
            return
        if random.random() < 0.04:
            self._hit()
            return
        random.choice(can)()
        world.clock.move(soon(random))
        world.temporal.tick()

    async def _settle(self) -> None:
        await self._world.stage.loop.settle()
        if self._world.stage.broken is not None:
            raise self._world.stage.broken
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Broken("I10 the service does not come to rest")

    def _could_happen(self) -> list[Callable[[], None]]:
        world = self._world
        can: list[Callable[[], None]] = [self._go_on] * min(world.stage.waiting, 3)
        can += [lambda run=run: self._task(run) for run in world.temporal.running() if run.jobs and not _drains(run)]
        can += [lambda it=it: self._begin(it) for it in world.temporal.startable() if not _drains(it.run)]
        if can and self._random.random() < 0.8:  # the organization drains late: many rings are one drain then
            return can
        can += [lambda run=run: self._task(run) for run in world.temporal.running() if run.jobs and _drains(run)]
        can += [lambda it=it: self._begin(it) for it in world.temporal.startable() if _drains(it.run)]
        return can

    def _go_on(self) -> None:
        self._world.note(f"goes on: {self._world.stage.go_on()}")

    def _task(self, run: Run) -> None:
        self._world.note(f"workflow task: {run.identity.workflow_id}")
        self._world.temporal.task(run)

    def _begin(self, activity: Activity) -> None:
        self._world.note(f"begins: {self._world.temporal.begin(activity)}")

    def _act_or_wait(self, can: list[Callable[[], None]]) -> None:
        """Somebody acts, the sweep looks, or time passes: a moment, or until something is due."""
        world, random = self._world, self._random
        what = random.random()
        if what < 0.2:
            self._sweep()
        elif what < 0.7:
            self._deeds -= 1
            self._next_deed()(world)
            if random.random() < 0.1:
                world.check(AT_ALL_TIMES)
        else:
            self._leap(can)

    def _next_deed(self) -> Callable[[World], None]:
        is_enrolled = self._world.ground.is_anybody_enrolled()
        if self._plan and is_enrolled:
            return self._plan.pop()
        return next_act(self._world)

    def _leap(self, can: list[Callable[[], None]]) -> None:
        world, random = self._world, self._random
        due = world.temporal.next_due()
        by = timedelta(seconds=random.choice([1, 20, 100, 4000, 90_000]))
        if due is not None and (not can or random.random() < 0.5):
            by = max(due - world.clock.now(), timedelta())
        world.clock.move(by)
        world.note(f"time passes: {by}")
        world.temporal.tick()

    def _hit(self) -> None:
        """A worker dies, or stands still, in the middle of something; or a web process or command does."""
        world, random = self._world, self._random
        under_way = world.temporal.under_way()
        if under_way and random.random() < 0.7:
            activity = random.choice(under_way)
            assert activity.work is not None
            if random.random() < 0.6:
                world.note(f"killed: {activity.work.name}")
                world.temporal.kill(activity)
            else:
                world.note(f"frozen: {activity.work.name}")
                world.temporal.freeze(activity)
        elif world.stage.under_way:
            work = random.choice(world.stage.under_way)
            if not work.is_given_up and not any(it.work is work for it in under_way):
                world.note(f"killed: {work.name}")
                world.stage.kill(work)

    def _sweep(self) -> None:
        if self._is_sweeping:
            return
        self._is_sweeping = True

        def on_end(work: Work) -> None:
            self._is_sweeping = False

        self._world.begin("the sweep", self._look(), on_end)

    async def _look(self) -> int:
        """What `temporal.sweep` does each second, and each half minute."""
        bells = self._world.services.bells
        rung = await bells.ring_due()
        await bells.wake(self._world.clock.now())
        return rung

    async def _drain(self) -> None:
        """Without faults until nothing is left to do, and all deadlines have passed."""
        world = self._world
        until = world.clock.now() + HORIZON
        while True:
            await self._run_dry()
            due = world.temporal.next_due()
            if due is None or due > until:
                return
            world.clock.move(max(due - world.clock.now(), timedelta()))
            world.note("time passes")
            world.temporal.tick()

    async def _run_dry(self) -> None:
        """All that can happen now, the sweep included, until it finds nothing."""
        world = self._world
        while True:
            await self._settle()
            if can := self._could_happen():
                self._random.choice(can)()
                continue
            while world.to_send:
                send_again(world)
                await self._settle()
            if self._could_happen():
                continue
            if not await self._sweep_found_something():
                return

    async def _sweep_found_something(self) -> bool:
        """A sweep that could find nothing is left out: it would be half of all that a run does."""
        world = self._world
        run = world.temporal.latest(f"organization/{ORG}")
        if run is not None and run.is_running and not world.ground.has_doorbells():
            return False
        sweep = world.begin("the sweep", self._look())
        await self._settle()
        while not sweep.is_over:
            self._go_on()
            await self._settle()
        return bool(sweep.result or self._could_happen())

    async def _reconcile(self, *, is_dry: bool) -> list[object]:
        """What the daily reconciliation names; without faults, so at once."""

        async def look() -> list[object]:
            run = self._world.services.reconciliation.run(None, is_dry=is_dry)
            named = [difference async for outcome in run for difference in outcome.differences]
            return [it for it in named if it.kind is not DifferenceKind.JOURNAL_NOT_SEALED]  # each day's own work

        work = self._world.begin("the reconciliation", look())
        await self._settle()
        while not work.is_over:
            self._go_on()
            await self._settle()
        if work.error is not None:
            raise Broken(f"the reconciliation fails: {work.error!r}")
        return work.result

    async def _feed_again(self) -> None:
        """I12: the same events once more change nothing."""
        world = self._world
        before = world.ground.everything()
        for event in list(world.documents):
            send(world, event)
        await self._run_dry()
        if (after := world.ground.everything()) != before:
            changed = [name for name in before if before[name] != after[name]]
            raise Broken(f"I12 events that were received before change {changed}")


def _drains(run: Run) -> bool:
    return isinstance(run.identity.argument, OrganizationRef)
