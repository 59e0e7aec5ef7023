"""One seed from its first event to its rest: the opening, the schedule with its faults, and how it comes to rest."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from tests.simulator.actors import select_everybody
from tests.simulator.executions import Broken
from tests.simulator.faults import Rates
from tests.simulator.ground import Ground
from tests.simulator.loop import StillLoop
from tests.simulator.opening import set_up
from tests.simulator.rest import Rest
from tests.simulator.schedule import Schedule
from tests.simulator.world import World, prepared_world

SELECTED, ENROLLED = 1, 2
"""Two seeds in three begin their faults and deeds later: users are selected and wait, or are there to be selected.

Else few of them would meet the late steps, or two things at once.
"""


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
            loop.run_until_complete(_play(world))
        except Broken as error:
            broken = str(error)
        finally:
            loop.run_until_complete(_end_everything(world))
        return _outcome(world, broken)


async def _play(world: World) -> None:
    await set_up(world)
    schedule = Schedule(world)
    rest = Rest(world, schedule)
    beginning = world.seed % 3
    if beginning in (SELECTED, ENROLLED):
        with world.faults.held_back():
            await rest.run_dry()
            if beginning == SELECTED:
                select_everybody(world)
                await rest.run_dry()
    await schedule.play(haste=0.25 if beginning == ENROLLED else 0.06)
    await rest.come()


def _outcome(world: World, broken: str | None) -> Outcome:
    received = Counter(mail.mail_id for mail in world.sink.received)
    return Outcome(
        seed=world.seed,
        broken=broken,
        trace=world.trace,
        faults=world.faults.counts,
        ends=Counter(world.ground.migration_states()),
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
