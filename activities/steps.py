"""The six steps of one user's migration as activities; each is named as in `Step`. Called by `UserMigration`."""

from temporalio import activity

from activities.running import run
from edition_migration.application.steps import Steps
from edition_migration.domain.progress import Done, StepInput, Stop, Wait


class StepActivities:
    """One use case each. A repeat is safe: the row says whether the step has still to act."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    @activity.defn
    async def notify_deactivation(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.notify_deactivation(step))

    @activity.defn
    async def send_instructions(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.send_instructions(step))

    @activity.defn
    async def activate(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.activate(step))

    @activity.defn
    async def reset_password(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.reset_password(step))

    @activity.defn
    async def await_new_password(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.await_new_password(step))

    @activity.defn
    async def apply_policies(self, step: StepInput) -> Done | Wait | Stop:
        return await run(self._steps.apply_policies(step))
