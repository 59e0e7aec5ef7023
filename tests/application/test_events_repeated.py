"""A try whose answer was lost: what the event left behind is not forgotten. Both databases."""

from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.store import Store
from tests.builders import NOW, organization
from tests.doubles import LINK_KEYS, MovableClock

PAGE = PageInput(org_id="acme", as_of=NOW)
DOMAIN_ADDED = {
    "specversion": "1.0",
    "id": "e1",
    "source": "urn:provisioning:test",
    "type": "org.domain.added",
    "time": NOW.isoformat(),
    "data": {"org_id": "acme", "domain": "acme.example"},
}


async def test_repeat_that_finds_no_event_tells_of_the_errand_that_the_first_try_left(store: Store) -> None:
    clock = MovableClock()
    events, errands = Events(store=store, clock=clock), Errands(store=store, clock=clock, keys=LINK_KEYS)
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.commit()
    await Intake(store=store, clock=clock).receive(DOMAIN_ADDED)

    assert await events.apply_next(PAGE) == PageOutcome(more=True, count=1)
    assert await events.apply_next(PAGE) == PageOutcome(more=False, count=1)

    while (await errands.page(PAGE)).more:
        pass
    assert await events.apply_next(PAGE) == PageOutcome(more=False)
