"""What the use cases leave behind never contradicts itself: reconciliation has nothing to name, whatever happens.

Plays the machine of `test_transition_model` and looks at every migration after each act as reconciliation would.
"""

import asyncio
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.differences import DifferenceKind
from edition_migration.domain.reconciliation import contradictions
from edition_migration.domain.states import MigrationState as S
from tests.application.test_transition_model import take_tours
from tests.application.transition_machine import Migrations
from tests.application.transition_model import Service
from tests.builders import NOW
from tests.fixtures import records

SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=2,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=(Phase.generate,),
)


class JournaledService(Service):
    """Its people were enrolled as the service enrolls them: the journal knows."""

    async def prepare(self, org_id: str, user_ids: Any, *, is_single_sign_on: bool) -> None:
        await super().prepare(org_id, user_ids, is_single_sign_on=is_single_sign_on)
        async with self.store.write() as uow:
            enrolled = {"org_id": org_id, "source": None, "target": S.BLOCKED, "at": NOW}
            await uow.journal.add([records.entry("enroll", it, **enrolled) for it in user_ids])
            await uow.commit()


class SoundMigrations(Migrations):
    async def look_at(self, uow: Any, user_id: str, person: Any) -> None:
        """Mails wait here until the machine delivers them; so they are held, as it were."""
        await super().look_at(uow, user_id, person)
        now = self.service.clock.now()
        for facts in await uow.evidence.of_rows(self.org_id, "", 0, 100):
            found = set(contradictions(facts, now, is_held=True)) - {DifferenceKind.WORKFLOW_NOT_STARTED}
            assert found == set(), f"{facts.row.state}: {found}"


def test_whatever_happens_nothing_contradicts_itself(sqlite_store_url: str) -> None:
    loop = asyncio.new_event_loop()
    service = JournaledService(SqlStore(sqlite_store_url))
    parts = {"loop": loop, "service": service, "seen": set[tuple[str, str]](), "runs": count(1)}
    machine = type("SoundMigrations", (SoundMigrations,), parts)
    take_tours(machine)
    run_state_machine_as_test(machine, settings=SETTINGS)
    loop.run_until_complete(service.store.dispose())
    loop.close()
