"""Starting workflows page by page while Temporal answers some calls only."""

import pytest

from edition_migration.application.enrollment import KEEP_AFTER, Enrollment
from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef
from edition_migration.domain.progress import Overview, PageInput
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.doubles import MovableClock

PAGE = PageInput(org_id="acme", as_of=NOW)


class Killing(Exception):
    """What stands for the end of the process."""


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


async def test_a_worker_that_is_killed_in_a_page_has_kept_whom_it_started(store: Store) -> None:
    """Else one that is killed more often than a page takes would start the same users for ever."""
    ids = [f"u{number:03}" for number in range(KEEP_AFTER + 5)]
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(it, email=f"{it}@acme.example") for it in ids])
        await uow.migrations.add([migration(it, started_at=None) for it in ids])
        await uow.commit()

    class Killed(HalfDeafGateway):
        async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
            if ref.user_id == ids[-1]:
                raise Killing
            await super().start_migration(ref, overview)

    with pytest.raises(Killing):
        await Enrollment(store=store, clock=MovableClock(), gateway=Killed()).start_page(PAGE)
    async with store.read() as uow:
        assert len(await uow.migrations.unstarted("acme", 1000)) == 5
