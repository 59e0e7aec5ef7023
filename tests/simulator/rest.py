"""How a run ends: the faults are over, and the service must come to rest by itself. Used by `simulation`.

First without help and within an hour, so that a wake-up that was lost is seen and no deadline, command or
reconciliation hides it. Then users follow their links. One seed in eight goes on for days, with everybody's help.
"""

from datetime import timedelta
from functools import partial

from edition_migration.domain.commands import CommandKind
from edition_migration.domain.reconciliation import DifferenceKind
from tests.simulator.actors import choose_newest, newest_link, select_some
from tests.simulator.administration import change_mail_times, for_all, resume_all
from tests.simulator.executions import Broken
from tests.simulator.invariants import AT_ALL_TIMES
from tests.simulator.invariants_at_rest import AT_REST
from tests.simulator.provisioning import send, send_again
from tests.simulator.schedule import Schedule
from tests.simulator.world import ORG, World

PROMPTLY = timedelta(hours=1)
"""More than any back-off and time-out: what is left then, nobody will do before a deadline comes."""
HORIZON = timedelta(days=9)
"""Longer than the 72 hours and then any deadline of these organizations."""
LONG_ONE_IN = 8
"""Seeds: to wait for days is half of what a run costs."""
LAST_DEEDS = (
    partial(for_all, kind=CommandKind.ACTIVATE),
    partial(for_all, kind=CommandKind.ACTIVATE),
    partial(for_all, kind=CommandKind.RETRY),
    change_mail_times,
    lambda _: None,
)
"""What is done where nobody else is at work: nothing else wakes whom it is to wake."""


class Rest:
    """The end of one run, after its schedule."""

    def __init__(self, world: World, schedule: Schedule) -> None:
        self._world = world
        self._random = world.random
        self._schedule = schedule
        self._willing = [user_id for user_id in world.user_ids if world.random.random() < 0.7]
        self._followed: set[str] = set()
        self._are_links_followed = False

    async def come(self) -> None:
        """Raises Broken where the service does not come to rest, or comes to a wrong one."""
        self._world.note("the faults are over")
        self._world.faults.end()
        await self._drain(PROMPTLY)
        if self._world.is_for_reconciliation:
            await self._mend_what_was_ended()
        self._check()
        self._random.choice(LAST_DEEDS)(self._world)
        self._are_links_followed = True
        await self._drain(PROMPTLY)
        if self._world.seed % LONG_ONE_IN == 0:
            await self._go_on_for_days()
        self._check()

    async def _go_on_for_days(self) -> None:
        resume_all(self._world)
        await self.run_dry()
        if self._random.random() < 0.6:
            select_some(self._world)
        await self._drain(HORIZON)
        if named := await self._reconcile(is_dry=True):
            raise Broken(f"I10 the reconciliation names {named}")
        await self._feed_again()

    async def _mend_what_was_ended(self) -> None:
        await self._reconcile(is_dry=False)
        await self.run_dry()
        for _ in range(2):  # whose address was refused as well is retried for that first, and then seen to be missing
            for_all(self._world, CommandKind.RETRY)
            await self._drain(PROMPTLY)

    def _check(self) -> None:
        self._world.check((*AT_ALL_TIMES, *AT_REST))

    async def _drain(self, horizon: timedelta) -> None:
        """Without faults until nothing is left to do before `horizon`; at times nobody looks for a day and more."""
        world = self._world
        until = world.clock.now() + horizon
        while True:
            await self.run_dry()
            if self._follow_links():
                continue
            due = world.temporal.next_due()
            if due is None or due > until:
                return
            outage = timedelta(hours=self._random.choice([0, 30, 70])) if horizon > PROMPTLY else timedelta()
            world.clock.move(max(due - world.clock.now(), outage))
            world.note("time passes")
            world.temporal.tick()

    def _follow_links(self) -> bool:
        """Who is willing does what his newest mail asks of him, once; whether there was one."""
        links = {user_id: newest_link(self._world, user_id) for user_id in self._willing if self._are_links_followed}
        new = {user_id: link for user_id, link in links.items() if link and link not in self._followed}
        for user_id, link in new.items():
            self._followed.add(link)
            choose_newest(self._world, user_id)
        return bool(new)

    async def run_dry(self) -> None:
        """All that can happen now, the sweep included, until it finds nothing."""
        world = self._world
        while True:
            await self._schedule.settle()
            if can := self._schedule.could_happen():
                self._random.choice(can)()
                continue
            while world.to_send:
                send_again(world)
                await self._schedule.settle()
            if self._schedule.could_happen():
                continue
            if not await self._sweep_found_something():
                return

    async def _sweep_found_something(self) -> bool:
        """A sweep that could find nothing is left out: it would be half of all that a run does."""
        world = self._world
        run = world.temporal.latest(f"organization/{ORG}")
        if run is not None and run.is_running and not world.ground.has_doorbells():
            return False
        sweep = world.begin("the sweep", self._schedule.look())
        await self._schedule.settle()
        while not sweep.is_over:
            self._schedule.go_on()
            await self._schedule.settle()
        if sweep.error is not None:
            raise Broken(f"the sweep fails: {sweep.error!r}")
        return bool(sweep.result or self._schedule.could_happen())

    async def _reconcile(self, *, is_dry: bool) -> list[object]:
        """What the daily reconciliation names; without faults, so at once."""

        async def look() -> list[object]:
            run = self._world.services.reconciliation.run(None, is_dry=is_dry)
            named = [difference async for outcome in run for difference in outcome.differences]
            return [it for it in named if it.kind is not DifferenceKind.JOURNAL_NOT_SEALED]  # each day's own work

        work = self._world.begin("the reconciliation", look())
        await self._schedule.settle()
        while not work.is_over:
            self._schedule.go_on()
            await self._schedule.settle()
        if work.error is not None:
            raise Broken(f"the reconciliation fails: {work.error!r}")
        return work.result

    async def _feed_again(self) -> None:
        """I12: the same events once more change nothing."""
        world = self._world
        before = world.ground.everything()
        for event in list(world.documents):
            send(world, event)
        await self.run_dry()
        if (after := world.ground.everything()) != before:
            changed = [name for name in before if before[name] != after[name]]
            raise Broken(f"I12 events that were received before change {changed}")
