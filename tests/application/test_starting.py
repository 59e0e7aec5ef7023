"""Starting workflows page by page while Temporal answers some calls only."""

import pytest

from edition_migration.application.enrollment import Enrollment
from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview, PageInput
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import MovableClock

PAGE = PageInput(org_id="acme", as_of=NOW)


class HalfDeafGateway:
    """Answers for all but the users named."""

    def __init__(self, *deaf_for: str) -> None:
        self.deaf_for = set(deaf_for)
        self.started: list[str] = []

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        if ref.user_id in self.deaf_for:
            raise TemporalUnavailable("the Temporal service does not answer in time")
        self.started.append(ref.user_id)

    async def start_wave(self, ref: WaveRef) -> None:
        raise AssertionError("there is no wave")

    async def ring_migration(self, ref: MigrationRef) -> bool:
        raise AssertionError("nobody is rung")

    async def ring_organization(self, ref: OrganizationRef) -> None:
        raise AssertionError("nobody is rung")


async def test_who_was_started_is_not_started_again_although_others_failed(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(name) for name in ("a", "b", "c")])
        await uow.migrations.add([migration(name, started_at=None) for name in ("a", "b", "c")])
        await uow.commit()
    gateway = HalfDeafGateway("b")
    enrollment = Enrollment(store=store, clock=MovableClock(), gateway=gateway)
    with pytest.raises(TemporalUnavailable):
        await enrollment.start_page(PAGE)
    assert sorted(gateway.started) == ["a", "c"]
    gateway.deaf_for.clear()
    outcome = await enrollment.start_page(PAGE)
    assert (outcome.count, sorted(gateway.started)) == (1, ["a", "b", "c"])
