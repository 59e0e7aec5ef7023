"""New code is rolled out: first the schema, then process by process, while the release before goes on working.

Real processes of both, on one queue and one database. What this shows is that both work on one schema that neither
knows, and that each goes on with workflows and rows of the other. That schema is made by the five statements of
`TOMORROW`, written by hand, and not by a revision of ours: nothing is released yet, so the code that is kept is of the
same revision as today's, and no revision has yet been applied under running older code. What each real revision does to
older code is judged by rules, without older code (`test_expand_only.py`). From the first release on, the second `setup`
here applies the revisions made since.
"""

from pathlib import Path

import httpx2
from temporalio.api.enums.v1 import EventType

from edition_migration.domain.states import MigrationState as S
from tests.cluster.program import Program
from tests.e2e.world import NEW_PASSWORD, World, submit
from tests.fixtures.postgres import execute
from tests.operations.office import Office, named
from tests.operations.processes import address_of, fleet
from tests.operations.release import ROOT, unpack

FIRST = tuple(f"a{number}" for number in range(2))
MIXED = tuple(f"b{number}" for number in range(6))
TOMORROW = (
    "CREATE TABLE notes (note_id bigint PRIMARY KEY, org_id text NOT NULL)",
    "ALTER TABLE users ADD COLUMN nickname text",
    "ALTER TABLE migrations ADD COLUMN looks integer NOT NULL DEFAULT 0",
    "ALTER TABLE mails ADD COLUMN weight integer CONSTRAINT ck_mails_weight CHECK (weight > 0)",
    "UPDATE alembic_version SET version_num = '9999'",
)


async def test_release_before_and_this_one_work_side_by_side(bare_office: Office, tmp_path: Path) -> None:
    office, before = bare_office, unpack(tmp_path / "before")
    async with office.at_rest() as world, fleet(office, tmp_path) as ours:
        await ours.run(before, "starter.py", "setup")
        old_worker = await ours.start("old-worker", before, "worker.py")
        old_web = await ours.start("old-web", before, "-m", "edition_migration")
        await office.guests(world, *FIRST)
        for name in FIRST:
            await office.select(world, name)

        await ours.run(ROOT, "starter.py", "setup")
        await execute(office.store_url, *TOMORROW)
        assert [await it.is_ready() for it in (old_worker, old_web)] == [True, True]
        new_worker = await ours.start("new-worker", ROOT, "worker.py")
        await office.guests(world, *MIXED)
        await world.select(*MIXED)
        for name in MIXED:
            await world.until(name, S.AWAITING_PASSWORD)
            await world.until_deadline(name)
        assert await workers_of(world, MIXED) == {old_worker.pid, new_worker.pid}

        assert "revision 9999" in await ours.run(before, "starter.py", "setup"), "as where the release is taken back"
        assert (await old_worker.end())[1] == 0
        await choose_passwords(world, old_web, FIRST[:1] + MIXED[:3])
        new_web = await ours.start("new-web", ROOT, "-m", "edition_migration")
        assert (await old_web.end())[1] == 0
        await choose_passwords(world, new_web, FIRST[1:] + MIXED[3:])
        assert await named(world, is_dry=True, is_restored=True) == set()
        assert (await world.capacity()).licenses_used == len(FIRST + MIXED)
        assert await failed_workflow_tasks(world) == 0, "each can go on with what the other has begun"


async def choose_passwords(world: World, web_process: Program, names: tuple[str, ...]) -> None:
    """On this web process; then each signs in, and comes to the end."""
    async with httpx2.AsyncClient(base_url=address_of(web_process.environ), timeout=30) as web:
        for name in names:
            email = f"{name}@acme.example"
            assert (await submit(web, world.link_of(email), NEW_PASSWORD)).status_code == 200
            sign_in = {"email": email, "password": NEW_PASSWORD, "client_version": "6.1"}
            assert (await web.post("/v1/sign-in", json=sign_in)).json()["result"] == "signed_in"
    for name in names:
        await world.until(name, S.MIGRATED)
        await world.ended(name)


async def workers_of(world: World, names: tuple[str, ...]) -> set[int]:
    """The processes that have done steps of these users."""
    found: set[int] = set()
    for name in names:
        events = (await world.handle(name).fetch_history()).events
        started = (it.activity_task_started_event_attributes.identity for it in events)
        found |= {int(it.split("-")[1].split("@")[0]) for it in started if it}
    return found


async def failed_workflow_tasks(world: World) -> int:
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    histories = [await handle.fetch_history() for handle in await world.workflows()]
    return sum(event.event_type == failed for history in histories for event in history.events)
