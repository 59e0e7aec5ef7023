"""`org apply`: what a file changes, what enters as an event, and that twice changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.organizations import SOURCE, Organizations
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.organization import ServiceStatus
from edition_migration.domain.organization_changes import Change
from edition_migration.domain.policies import PolicyAction
from edition_migration.domain.progress import PageInput
from edition_migration.ports.store import Store
from tests import builders
from tests.doubles import MovableClock

FULL: dict[str, Any] = {
    "id": "acme",
    "name": "Acme Cooperative",
    "domains": ["acme.example", "ACME-Europe.example"],
    "administrators": ["Admin@acme.example"],
    "notificationEmail": "it@acme.example",
    "clientDownloadUrl": "https://acme.example/client",
    "licensesPurchased": 20,
    "storagePurchasedMb": 4000,
    "helpUrl": "https://acme.example/help",
    "policies": {"organization": {"external_im": "off"}, "groups": {"Finance": {"desktop_sharing": False}}},
    "settings": {"linkLifetime": "3d", "password": {"minimumLength": 16}},
}


class Desk:
    """Applies files, and the events that they send."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = MovableClock()
        intake = Intake(store=store, clock=self.clock)
        self.organizations = Organizations(store=store, clock=self.clock, intake=intake)
        self.events = Events(store=store, clock=self.clock)

    async def apply(self, **changes: Any) -> dict[str, tuple[Any, Any]]:
        """Applies FULL with changes (None leaves out); what changed, by path."""
        self.clock.move(timedelta(seconds=1))
        document = {name: value for name, value in {**FULL, **changes}.items() if value is not None}
        return by_path(await self.organizations.apply(document))

    async def work(self) -> None:
        while (await self.events.apply_next(PageInput(org_id="acme", as_of=self.clock.now()))).more:
            pass

    async def event_types(self) -> list[str]:
        """Oldest first."""
        async with self.store.read() as uow:
            rows = await uow.inbox.listing("acme", 100)
        assert {row.source for row in rows} == {SOURCE}
        return [row.type for row in sorted(rows, key=lambda row: row.inbox_id)]


def by_path(changes: tuple[Change, ...]) -> dict[str, tuple[Any, Any]]:
    return {f"{it.path} {it.after}" if it.path == "domains" else it.path: (it.before, it.after) for it in changes}


@pytest.fixture
def desk(store: SqlStore) -> Desk:
    return Desk(store)


async def problems_of(desk: Desk, **changes: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        await desk.apply(**changes)
    async with desk.store.read() as uow:
        assert await uow.organizations.list_ids() == []
        assert list(await uow.inbox.listing(None, 10)) == []
    return [str(problem) for problem in refusal.value.problems]


async def test_a_new_organization_is_provisioned_by_one_event_after_its_policies(desk: Desk) -> None:
    await desk.apply()
    assert await desk.event_types() == ["org.policy.changed", "org.service.provisioned"]
    await desk.work()
    async with desk.store.read() as uow:
        row = await uow.organizations.get("acme")
        domains = await uow.domains.of_organization("acme")
        capacity = await uow.capacity.get("acme")
        policies = await uow.policies.get("acme")
    assert row is not None
    assert (row.status, row.name, row.administrators) == (
        ServiceStatus.PROVISIONED,
        "Acme Cooperative",
        ("admin@acme.example",),
    )
    assert (row.notification_email, row.client_download_url) == ("it@acme.example", "https://acme.example/client")
    assert row.settings.link_lifetime == timedelta(days=3)
    assert row.settings.password.minimum_length == 16
    assert row.settings.help_url == "https://acme.example/help"
    assert [domain.name for domain in domains] == ["acme-europe.example", "acme.example"]
    assert (capacity.licenses_purchased, capacity.storage_purchased_mb) == (20, 4000)
    assert policies.organization == {PolicyAction.EXTERNAL_IM: False}
    assert policies.groups[0].actions == {PolicyAction.DESKTOP_SHARING: False}


async def test_all_changes_of_a_first_file_are_named(desk: Desk) -> None:
    assert await desk.apply() == {
        "id": (None, "acme"),
        "name": (None, "Acme Cooperative"),
        "administrators": (None, ["admin@acme.example"]),
        "notificationEmail": (None, "it@acme.example"),
        "clientDownloadUrl": (None, "https://acme.example/client"),
        "licensesPurchased": (0, 20),
        "storagePurchasedMb": (0, 4000),
        "domains acme-europe.example": (None, "acme-europe.example"),
        "domains acme.example": (None, "acme.example"),
        "policies.groups.Finance": (None, "a group"),
        "policies.groups.Finance.desktop_sharing": (None, "off"),
        "policies.organization.external_im": (None, "off"),
        "helpUrl": ("", "https://acme.example/help"),
        "settings.linkLifetime": ("P7D", "P3D"),
        "settings.password.minimumLength": (15, 16),
    }


async def test_the_same_file_twice_changes_nothing_before_and_after_its_events_are_applied(desk: Desk) -> None:
    await desk.apply()
    assert await desk.apply() == {}
    await desk.work()
    assert await desk.apply() == {}
    assert len(await desk.event_types()) == 2


async def test_a_plan_changes_nothing(desk: Desk) -> None:
    assert len(await desk.organizations.plan(FULL)) == 15
    async with desk.store.read() as uow:
        assert await uow.organizations.list_ids() == []
        assert list(await uow.inbox.listing(None, 10)) == []


async def test_later_only_the_differences_enter(desk: Desk) -> None:
    await desk.apply()
    await desk.work()
    changes = await desk.apply(
        domains=["acme.example", "acme-asia.example"],
        licensesPurchased=25,
        singleSignOn=True,
        policies={"organization": {"external_im": True}},
        settings={"deadline": "10d"},
    )
    assert changes == {
        "licensesPurchased": (20, 25),
        "singleSignOn": (False, True),
        "domains acme-asia.example": (None, "acme-asia.example"),
        "domains None": ("acme-europe.example", None),
        "policies.groups.Finance": ("a group", None),
        "policies.groups.Finance.desktop_sharing": ("off", None),
        "policies.organization.external_im": ("off", "on"),
        "settings.deadline": ("P14D", "P10D"),
    }
    assert (await desk.event_types())[2:] == [
        "org.policy.changed",
        "org.licenses.changed",
        "org.sso.changed",
        "org.domain.added",
        "org.domain.removed",
    ]
    await desk.work()
    async with desk.store.read() as uow:
        row = await uow.organizations.get("acme")
        assert [domain.name for domain in await uow.domains.of_organization("acme")] == [
            "acme-asia.example",
            "acme.example",
        ]
    assert row is not None
    assert row.is_single_sign_on
    assert row.settings.deadline == timedelta(days=10)
    assert row.settings.link_lifetime == timedelta(days=3)


async def test_a_removed_domain_is_marked_as_taking_something_away(desk: Desk) -> None:
    await desk.apply()
    await desk.work()
    planned = await desk.organizations.plan({"id": "acme", "domains": ["acme.example"]})
    assert [(it.path, it.before, it.removes) for it in planned] == [("domains", "acme-europe.example", True)]


async def test_a_file_may_go_back_and_forth(desk: Desk) -> None:
    for licenses in (20, 30, 20, 30):
        await desk.apply(licensesPurchased=licenses)
        await desk.work()
        async with desk.store.read() as uow:
            assert (await uow.capacity.get("acme")).licenses_purchased == licenses


async def test_a_file_says_again_what_another_sender_changed_in_between(desk: Desk) -> None:
    await desk.apply(domains=None)
    await desk.work()
    async with desk.store.write() as uow:
        await uow.capacity.set_purchased("acme", licenses=50, storage_mb=None)
        await uow.commit()
    assert await desk.apply(domains=None) == {"licensesPurchased": (50, 20)}
    await desk.work()
    async with desk.store.read() as uow:
        assert (await uow.capacity.get("acme")).licenses_purchased == 20


async def test_the_last_of_several_files_wins_although_none_was_applied_in_between(desk: Desk) -> None:
    await desk.apply()
    await desk.work()
    for licenses in (30, 40, 30):
        await desk.apply(licensesPurchased=licenses)
    await desk.work()
    async with desk.store.read() as uow:
        assert (await uow.capacity.get("acme")).licenses_purchased == 30


async def test_a_new_name_after_provisioning_keeps_the_domains(desk: Desk) -> None:
    await desk.apply()
    await desk.work()
    assert by_path(await desk.organizations.apply({"id": "acme", "name": "Acme Ltd"})) == {
        "name": ("Acme Cooperative", "Acme Ltd")
    }
    await desk.work()
    async with desk.store.read() as uow:
        row = await uow.organizations.get("acme")
        assert len(await uow.domains.of_organization("acme")) == 2
    assert row is not None
    assert row.name == "Acme Ltd"


async def test_a_file_without_domains_provisions_nothing_and_keeps_what_it_says(desk: Desk) -> None:
    await desk.apply(domains=None)
    assert await desk.event_types() == ["org.policy.changed", "org.licenses.changed"]
    await desk.work()
    async with desk.store.read() as uow:
        row = await uow.organizations.get("acme")
    assert row is not None
    assert (row.status, row.name, row.administrators) == (
        ServiceStatus.KNOWN,
        "Acme Cooperative",
        ("admin@acme.example",),
    )
    assert await desk.apply(domains=None) == {}


async def test_domains_without_all_that_provisioning_needs_are_refused(desk: Desk) -> None:
    mend = "is missing; give it, or leave the domains out until the service is provisioned"
    assert await problems_of(desk, name=None, notificationEmail=None, policies=None) == [
        f"name: {mend}",
        f"notificationEmail: {mend}",
    ]


async def test_every_fault_is_named_at_once_with_its_path_and_mend(desk: Desk) -> None:
    problems = await problems_of(
        desk,
        nmae="x",
        domains=["gmail.com", "no domain"],
        administrators=[],
        licensesPurchased=-1,
        policies={"groups": {"Finance": {"desktop_sharing": "maybe", "desktop_sharring": True}}},
        settings={"deadline": "soon", "selecton": "automatic", "password": {"minimumLength": 3}, "zone": "Mars/Base"},
    )
    assert problems == [
        "domains[0]: is a public mail domain; use a domain that the organization owns",
        "domains[1]: holds a space or a control character; give a domain name like example.com",
        "administrators: is an empty list; name one at least, or leave it out",
        "licensesPurchased: is less than 0; give 0 or more",
        "policies.groups.Finance: has an unknown action; use these only: " + ", ".join(PolicyAction),
        "policies.groups.Finance.desktop_sharing: is neither on nor off; write on or off",
        "settings.deadline: is no duration; write it like 7d, 12h or 30m",
        "settings.password.minimumLength: is less than 8; give 8 or more",
        "settings.zone: is no known time zone; give an IANA name like Europe/Berlin",
        'settings.selecton: is not known here; write "selection", or remove it',
        'nmae: is not known here; write "name", or remove it',
    ]


async def test_what_can_be_taken_away_says_how(desk: Desk) -> None:
    assert await problems_of(desk, settings={"quietHours": False, "mailsPerSecond": "off", "deadline": False}) == [
        "settings.deadline: has no unit; write it like 7d, 12h or 30m",
        "settings.quietHours: is no object; give an object with named fields, or null for none",
        "settings.mailsPerSecond: is no number; write it like 5 or 2.5, or null for none",
    ]


async def test_quiet_hours_that_are_no_times_are_refused(desk: Desk) -> None:
    assert await problems_of(desk, settings={"quietHours": {"begins": "25:00", "ends": "8"}}) == [
        "settings.quietHours.begins: is no time of day; write it like 08:00",
        "settings.quietHours.ends: is no time of day; write it like 08:00",
    ]


async def test_a_file_of_an_id_that_nobody_had_heard_of_says_so_once(desk: Desk) -> None:
    (change,) = await desk.organizations.plan({"id": "acmee"})
    assert (change.path, change.before, change.after, change.is_of_a_new_one) == ("id", None, "acmee", True)
    assert await desk.organizations.apply({"id": "acmee"}) == (change,)
    assert await desk.organizations.apply({"id": "acmee"}) == ()


@pytest.mark.parametrize("document", [None, [], [{"id": "acme"}], "acme", 3])
async def test_what_holds_no_keys_lacks_its_id(desk: Desk, document: object) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await desk.organizations.plan(document)
    why = "id: is missing, since the file is empty, a list or a plain text; begin with a line like id: acme"
    assert [str(it) for it in refusal.value.problems] == [why]


@pytest.mark.parametrize("settings", [{"activation": "delayed"}, {"activation": "delayed", "activationDelay": "0d"}])
async def test_delayed_by_nothing_is_refused(desk: Desk, settings: dict[str, str]) -> None:
    why = "is no delay, but settings.activation is delayed; give one like 2d, or change the other"
    assert await problems_of(desk, settings=settings) == [f"settings.activationDelay: {why}"]


async def test_the_delay_of_an_activation_that_is_delayed_is_not_taken_away(desk: Desk) -> None:
    await desk.apply(settings={"activationDelay": "2d"})
    assert (await desk.apply(settings={"activation": "delayed"}))["settings.activation"][1] == "delayed"
    with pytest.raises(InvalidInput) as refusal:
        await desk.apply(settings={"activationDelay": "0d"})
    assert [it.path for it in refusal.value.problems] == ["settings.activationDelay"]


async def test_no_id_is_refused(desk: Desk) -> None:
    assert (await problems_of(desk, id=None))[0] == "id: is missing; give it"


async def test_the_help_url_stands_at_the_top(desk: Desk) -> None:
    assert await problems_of(desk, settings={"helpUrl": "https://acme.example"}) == [
        "settings: holds helpUrl, which stands at the top of the file; move it there"
    ]


async def test_a_domain_of_another_owner_is_refused_before_anything_is_written(desk: Desk) -> None:
    async with desk.store.write() as uow:
        await uow.organizations.put(builders.organization(org_id="globex"))
        await uow.domains.put(builders.domain(name="acme-europe.example", org_id="globex"))
        await uow.commit()
    with pytest.raises(InvalidInput) as refusal:
        await desk.apply()
    assert [str(problem) for problem in refusal.value.problems] == [
        "domains[1]: belongs to another organization; remove it there first, or leave it out"
    ]
    async with desk.store.read() as uow:
        assert await uow.organizations.list_ids() == ["globex"]
        assert list(await uow.inbox.listing(None, 10)) == []
