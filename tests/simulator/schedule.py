"""What happens next while the faults last: of all that could, the seed says which. Used by `simulation` and `rest`."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from edition_migration.domain.names import OrganizationRef
from tests.simulator.actors import select_some
from tests.simulator.cast import next_act
from tests.simulator.executions import Activity, Broken, Run
from tests.simulator.invariants import AT_ALL_TIMES
from tests.simulator.stage import Work
from tests.simulator.world import World, soon

DEEDS = 8
"""What actors do in one run, at most; in a small one half of it."""
MOST_STEPS = 12_000
"""No run of this size needs as many: a longer one does not come to rest."""


class Schedule:
    """Steps of one run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._deeds = world.random.randint(2, DEEDS // 2 if world.is_small else DEEDS)
        self._steps = 0
        self._is_sweeping = False
        self._plan: list[Callable[[World], None]] = [select_some] if world.random.random() < 0.6 else []
        """What is done before the seed chooses."""

    async def play(self, haste: float) -> None:
        """Until the deeds of this run are done; `haste` is how often somebody acts while others are at work."""
        while self._deeds > 0:
            await self._step(haste)

    async def _step(self, haste: float) -> None:
        """The next thing that happens: of what could, the seed says which."""
        world, random = self._world, self._random
        await self.settle()
        can = self.could_happen()
        if not can or random.random() < haste:
            self._act_or_wait(can)
            return
        if random.random() < 0.04:
            self._hit()
            return
        random.choice(can)()
        world.clock.move(soon(random))
        world.temporal.tick()

    async def settle(self) -> None:
        await self._world.stage.loop.settle()
        if self._world.stage.broken is not None:
            raise self._world.stage.broken
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Broken("I10 the service does not come to rest")

    def could_happen(self) -> list[Callable[[], None]]:
        waiting = self._world.stage.waiting
        running = list(self._world.temporal.running())
        can: list[Callable[[], None]] = [self.go_on] * min(waiting, 3)
        can += self._next_of([run for run in running if not _drains(run)])
        if can and self._random.random() < 0.8:  # the organization drains late: many rings are one drain then
            return can
        return can + self._next_of([run for run in running if _drains(run)])

    def _next_of(self, runs: Sequence[Run]) -> list[Callable[[], None]]:
        """The workflow tasks of these runs that have news, and their activities that are due."""
        now = self._world.clock.now()
        can: list[Callable[[], None]] = [partial(self._task, run) for run in runs if run.jobs]
        return can + [partial(self._begin, it) for run in runs for it in run.startable(now)]

    def go_on(self) -> None:
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

        self._world.begin("the sweep", self.look(), on_end)

    async def look(self) -> int:
        """What `temporal.sweep` does each second, and each half minute."""
        bells = self._world.services.bells
        rung = await bells.ring_due()
        await bells.wake(self._world.clock.now())
        return rung


def _drains(run: Run) -> bool:
    return isinstance(run.identity.argument, OrganizationRef)
