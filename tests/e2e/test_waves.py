"""Waves on the real server: a pilot, its resume, the report with its file; cancelled natively; paused and told late."""

from temporalio.client import WorkflowExecutionStatus

from edition_migration.application.wave_control import WaveControl
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.names import WaveRef
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveCommand, WaveCommandKind
from tests.e2e.world import World, guest, until


async def _reviewed(world: World, *user_ids: str) -> None:
    await world.guests(*(guest(user_id) for user_id in user_ids))
    await world.provision(licenses=10)
    for user_id in user_ids:
        await world.until(user_id, S.IN_REVIEW)


async def _control(world: World, wave_id: str, kind: WaveCommandKind) -> None:
    command = WaveCommand(kind=kind, org_id=world.org_id, wave_id=wave_id, actor="admin", command_id=f"{kind}")
    await WaveControl(store=world.store, clock=world.clock).control(command)
    await world.bells.ring_due()


async def test_a_pilot_goes_first_the_rest_when_resumed_and_the_end_is_reported_with_its_file(world: World) -> None:
    await _reviewed(world, "u1", "u2", "u3")
    wave_id = (await world.select("u3", "u1", "u2", pilot=1)).wave_id
    assert wave_id is not None
    await world.until("u3", S.AWAITING_PASSWORD)
    row = await world.row("u1")
    assert row is not None
    assert row.state is S.IN_REVIEW
    await _control(world, wave_id, WaveCommandKind.RESUME)
    await world.until("u1", S.AWAITING_PASSWORD)
    await world.until("u2", S.AWAITING_PASSWORD)
    for user_id in ("u1", "u2", "u3"):
        await world.command(CommandKind.CANCEL, user_id)

    async def reported() -> bool:
        return "Your selection is finished: 0 of 3 users migrated" in world.subjects_to("it@acme.example")

    await until(reported, lambda: str(world.subjects_to("it@acme.example")))
    report = next(it for it in world.mails_to("it@acme.example") if "selection" in str(it.message["Subject"]))
    [file] = list(report.message.iter_attachments())
    assert file.get_filename() == f"wave-{wave_id}.csv"
    lines = str(file.get_content()).lstrip("\ufeff").splitlines()
    assert [line.split(",")[:4] for line in lines] == [
        ["userId", "email", "status", "reason"],
        ["u3", "u3@acme.example", "CANCELLED", "administrator"],
        ["u1", "u1@acme.example", "CANCELLED", "administrator"],
        ["u2", "u2@acme.example", "CANCELLED", "administrator"],
    ]


async def test_native_cancel_of_a_wave_gives_back_whom_it_has_not_instructed(world: World) -> None:
    await _reviewed(world, "u1", "u2")
    wave_id = (await world.select("u1", "u2", pilot=1)).wave_id
    assert wave_id is not None
    await world.until("u1", S.AWAITING_PASSWORD)
    ref = WaveRef(org_id=world.org_id, wave_id=wave_id)
    handle = world.skipper.client.get_workflow_handle(ref.workflow_id)
    await handle.cancel()
    await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED

    async def given_back() -> bool:
        row = await world.row("u2")
        return row is not None and row.wave_id is None

    await until(given_back, lambda: "u2 is still in the wave")
    assert (await world.row("u2")) is not None
    entry = (await world.journal("u2"))[-1]
    assert (entry.action, entry.actor, entry.target) == ("deselect", "temporal", S.IN_REVIEW)
    await world.until("u1", S.AWAITING_PASSWORD)
    assert (await world.capacity()).licenses_reserved == 0
