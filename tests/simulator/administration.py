"""What administrators and operators do beside selecting: time, pauses, waves, addresses, undoing, ending workflows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from edition_migration.domain.commands import CommandKind, CommandRequest, UserRequest
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.waves import WaveCommand, WaveCommandKind, WaveRequest
from edition_migration.ports.store_events import SERVICE
from tests.simulator import sdk
from tests.simulator.actors import insist
from tests.simulator.executions import Run
from tests.simulator.opening import QUIET
from tests.simulator.world import DOMAIN, ORG, World
from workflows.migration_wave import MigrationWave


def pause(world: World) -> None:
    """The organization or the whole service holds still; the next of these goes on."""
    scope = world.random.choice([ORG, ORG, SERVICE])
    is_paused = any(row["ended_at"] is None and row["scope"] == scope for row in world.ground.view()["pauses"])
    if is_paused:
        insist(world, f"resume {scope}", lambda: world.services.pauses.resume(scope, "admin"))
    else:
        insist(world, f"pause {scope}", lambda: world.services.pauses.pause(scope, "admin"))


def resume_all(world: World) -> None:
    """Nothing stays paused: the service and the organization, and each wave."""
    for scope in (ORG, SERVICE):
        insist(world, f"resume {scope}", lambda scope=scope: world.services.pauses.resume(scope, "admin"))
    for wave_id in world.ground.wave_ids():
        _control(world, WaveCommandKind.RESUME, wave_id)


def for_all(world: World, kind: CommandKind) -> None:
    """One command for everybody, as `starter.py retry --parked` gives it."""

    async def deed() -> object:
        request = CommandRequest(actor="admin")
        return await world.services.commands.apply_each(
            kind, ORG, world.user_ids, request=request, command_id=f"{kind}-all-{world.number()}"
        )

    insist(world, f"{kind} for all", deed)


def control_wave(world: World) -> None:
    """One wave is paused, resumed or cancelled, on the command line or in the Temporal UI."""
    wave_ids = world.ground.wave_ids()
    if not wave_ids:
        return
    wave_id, kind = world.random.choice(wave_ids), world.random.choice(list(WaveCommandKind))
    run = world.temporal.latest(f"wave/{ORG}/{wave_id}")
    if run is not None and run.is_running and world.random.random() < 0.4:
        world.note(f"Update {kind} of {run.identity.workflow_id}")
        run.give(sdk.update(f"update-{world.number()}", kind, WaveRequest()))
        return
    _control(world, kind, wave_id)


def _control(world: World, kind: WaveCommandKind, wave_id: str) -> None:
    order = WaveCommand(
        kind=kind, org_id=ORG, wave_id=wave_id, actor="admin", command_id=f"wave-{kind}-{world.number()}"
    )
    insist(world, f"{kind} wave {wave_id[:6]}", lambda: world.services.wave_control.control(order))


def extend_deadline(world: World) -> None:
    user_id, command_id = world.random.choice(world.user_ids), f"extend-{world.number()}"
    request = CommandRequest(actor="admin", extension=timedelta(days=world.random.choice([1, 2])))

    async def deed() -> Any:
        return await world.services.commands.apply_each(
            CommandKind.EXTEND_DEADLINE, ORG, [user_id], request=request, command_id=command_id
        )

    insist(world, f"extend the deadline of {user_id}", deed)


def change_mail_times(world: World) -> None:
    """Other quiet hours or another pace, or none."""
    quiet_hours = world.random.choice([None, None, QUIET.model_dump()])
    settings = {"quietHours": quiet_hours, "mailsPerSecond": world.random.choice([None, None, 0.01])}
    file = {"id": ORG, "settings": settings}
    insist(world, f"org apply {settings}", lambda: world.services.organizations.apply(file))


def fix_address(world: World) -> None:
    """An administrator corrects an address; a dead one comes first."""
    dead = [user_id for user_id in world.user_ids if world.addresses[user_id] & world.sink.dead_addresses]
    user_id, number = world.random.choice(dead or world.user_ids), world.number()
    address = f"{user_id}.{number}@{DOMAIN}"
    world.addresses[user_id].add(address)

    async def deed() -> Any:
        return await world.services.commands.fix_address(
            ORG, user_id, address, actor="admin", command_id=f"fix-{number}"
        )

    insist(world, f"fix the address of {user_id}", deed)


def update_of_the_organization(world: World) -> None:
    """Undo and re-selection of whose own workflow has ended."""
    run = world.temporal.latest(f"organization/{ORG}")
    if run is None or not run.is_running:
        return
    name, user_id = world.random.choice(["undo", "select"]), world.random.choice(world.user_ids)
    world.note(f"Update {name} {user_id} of the organization")
    run.give(sdk.update(f"update-{world.number()}", name, UserRequest(user_id=user_id)))


def cancel_a_wave_natively(world: World) -> None:
    """An operator cancels a wave's workflow itself."""
    if run := _one(world, lambda it: it.identity.definition is MigrationWave):
        world.note(f"native cancel of {run.identity.workflow_id}")
        run.give(sdk.native_cancel())


def terminate_a_migration(world: World) -> None:
    """An operator ends a user's workflow; the daily reconciliation finds and starts it again."""
    if run := _one(world, lambda it: isinstance(it.identity.argument, MigrationRef)):
        world.is_for_reconciliation = True
        world.note(f"terminated: {run.identity.workflow_id}")
        world.temporal.terminate(run)


def _one(world: World, is_meant: Callable[[Run], bool]) -> Run | None:
    runs = [run for run in world.temporal.running() if is_meant(run)]
    return world.random.choice(runs) if runs else None
