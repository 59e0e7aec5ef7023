"""Provisioning events delivered ten times in any order, drained in between: the same facts, accounts and counters.

What a run is measured against is the run of the same events once each in the order of their stamps. Journals may
differ.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.capacity import Capacity
from edition_migration.application.enrollment import Enrollment
from edition_migration.application.errands import Errands
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.steps import Steps
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.errors import Conflict
from edition_migration.domain.names import MigrationRef, WaveRef
from edition_migration.domain.progress import Overview, PageInput, StepInput
from edition_migration.domain.states import AccountStatus, MigrationState
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store_events import InboxState, Received
from tests.builders import NOW
from tests.doubles import MovableClock
from tests.stores import empty_store, store_at

ORG = "acme"
SETTLED = {InboxState.APPLIED, InboxState.SUPERSEDED}
PAGE = PageInput(org_id=ORG, as_of=NOW)
TIMES, SEEDS = 10, 3
USERS = tuple(f"u{number}" for number in range(1, 11))
OTHERS = ("u11", "u12", "u13")
BETA = "beta"


class Starts:
    """A gateway that remembers whom it started."""

    def __init__(self) -> None:
        self.started: list[MigrationRef] = []

    async def start_migration(self, ref: MigrationRef, overview: Overview) -> None:
        self.started.append(ref)

    async def start_wave(self, ref: WaveRef) -> None:
        raise AssertionError("nobody was selected")

    async def ring_migration(self, ref: MigrationRef) -> bool:
        return True

    async def ring_organization(self, ref: object) -> None: ...


class Service:
    """The organization's drain without Temporal, in the workflow's order."""

    def __init__(self, store: SqlStore) -> None:
        clock = MovableClock()
        self.store = store
        self.gateway = Starts()
        self._intake = Intake(store=store, clock=clock)
        self._events = Events(store=store, clock=clock)
        keys = TokenKeys(keys={"k1": b"k" * 32}, current="k1")
        self._errands = Errands(store=store, clock=clock, keys=keys)
        gateway = cast(WorkflowGateway, self.gateway)  # it starts migrations, and is asked for nothing else
        self._enrollment = Enrollment(store=store, clock=clock, gateway=gateway)
        self._capacity = Capacity(store=store, clock=clock)
        self._steps = Steps(store=store, clock=clock, keys=keys)

    async def receive(self, event: dict[str, Any]) -> Received:
        return (await self._intake.receive(event)).outcome

    async def drain(self) -> None:
        """Each organization whose doorbell was hung, until none is: one may free what the other waits for."""
        while org_ids := await self._rung():
            for org_id in org_ids:
                await self._drain(PageInput(org_id=org_id, as_of=NOW))

    async def _rung(self) -> list[str]:
        async with self.store.write() as uow:
            bells = await uow.doorbells.oldest(1000)
            await uow.doorbells.remove([bell.bell_id for bell in bells])
            await uow.commit()
        return sorted({bell.org_id for bell in bells if bell.user_id is None})

    async def _drain(self, page: PageInput) -> None:
        await self._all_errands(page)
        while (await self._events.apply_next(page)).more:
            await self._all_errands(page)
        while (await self._enrollment.block_page(page)).more:
            pass
        while (await self._enrollment.start_page(page)).more:
            pass
        await self._capacity.grant_page(page)
        for ref in self.gateway.started:
            await self._steps.notify_deactivation(StepInput(migration=ref, as_of=NOW))
        self.gateway.started.clear()

    async def _all_errands(self, page: PageInput) -> None:
        while (await self._errands.page(page)).more:
            pass

    async def facts(self) -> dict[str, Any]:
        """All that must not depend on the order, after checking that ledger and counters agree and no event failed."""
        async with self.store.read() as uow:
            rows = await uow.inbox.listing(ORG, 1000)
            assert {row.state for row in rows} <= SETTLED
            organization = await uow.organizations.get(ORG)
            assert organization is not None
            counters = await uow.capacity.get(ORG)
            assert counters == await uow.ledger.sums(ORG)
            newest = await uow.migrations.latest_many(ORG, USERS + OTHERS)
            at_beta = await uow.migrations.latest_many(BETA, USERS + OTHERS)
            assert {row.state for row in await uow.inbox.listing(BETA, 1000)} <= SETTLED
            return {
                # How often policies changed, and when the first digest is due, is the service's own history.
                "organization": replace(organization, policy_revision=0, digest_due_at=None),
                "domains": await uow.domains.of_organization(ORG, claimed_only=False),
                "policies": await uow.policies.get(ORG),
                "counters": counters,
                "pending": sorted(row.user_id for row in newest if row.is_open),
                "pending at beta": sorted(row.user_id for row in at_beta if row.is_open),
                "domains of beta": await uow.domains.of_organization(BETA, claimed_only=False),
                **{it.user_id: replace(it, updated_at=None) for it in await uow.users.get_many(USERS + OTHERS)},
            }


def event(minute: int, kind: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-{minute}-{kind}-{data.get('user_id', '')}",
        "source": "urn:provisioning:test",
        "type": kind,
        "time": (NOW + timedelta(minutes=minute)).isoformat(),
        "data": {"org_id": ORG, **data},
    }


def provisioned(minute: int, **changes: Any) -> dict[str, Any]:
    data = {
        "name": "Acme Cooperative",
        "domains": ["acme.example"],
        "licenses_purchased": 5,
        "storage_purchased_mb": 1000,
        "client_download_url": "https://acme.example/client",
        "administrators": ["admin@acme.example"],
        "notification_email": "it@acme.example",
    }
    return event(minute, "org.service.provisioned", **{**data, **changes})


def created(minute: int, user_id: str, domain: str = "acme.example", **data: Any) -> dict[str, Any]:
    email = data.pop("email", f"{user_id}@{domain}")
    return event(minute, "user.created", user_id=user_id, email=email, **{"client_version": "5.1", **data})


def updated(minute: int, user_id: str, **data: Any) -> dict[str, Any]:
    return event(minute, "user.updated", user_id=user_id, **data)


def moved(minute: int, user_id: str, email: str) -> dict[str, Any]:
    return event(minute, "user.email_changed", user_id=user_id, email=email)


COMMON = [
    provisioned(10),
    event(11, "org.domain.added", domain="b.example"),
    event(20, "org.domain.removed", domain="b.example"),
    event(30, "org.domain.added", domain="b.example"),
    event(13, "org.licenses.changed", licenses_purchased=8),
    event(27, "org.licenses.changed", licenses_purchased=3, storage_purchased_mb=900),
    event(14, "org.sso.changed", is_single_sign_on=True),
    event(15, "org.policy.changed", policies={"organization": {"end_to_end_encryption": True}, "groups": []}),
    event(24, "org.policy.changed", policies={"organization": {"external_im": False}, "groups": []}),
    # one of each fate
    created(1, "u1"),
    updated(12, "u1", client_version="4.2", storage_used_mb=70),
    created(2, "u2"),
    updated(16, "u2", status="inactive", inactive_reason="left_company"),
    updated(25, "u2", status="active"),
    created(3, "u3", "b.example", storage_used_mb=5),
    created(4, "u4", storage_used_mb=9),
    event(22, "user.deleted", user_id="u4"),
    created(5, "u5"),
    moved(18, "u5", "u5@elsewhere.example"),
    moved(28, "u5", "u5.back@acme.example"),
    created(6, "u6", edition="business", storage_used_mb=50),
    updated(26, "u6", storage_used_mb=80),
    created(7, "u7", storage_used_mb=3),
    updated(21, "u7", edition="business"),
    created(8, "u8", edition="business", storage_used_mb=11),
    updated(23, "u8", edition="guest"),
    created(9, "u9", "b.example", edition="business", storage_used_mb=13),
    created(9, "u10", email="admin@acme.example"),
    updated(19, "u10", client_version="7.0"),
]
SETS: dict[str, list[dict[str, Any]]] = {
    "stays": COMMON,
    "domain gone at last": [*COMMON, event(32, "org.domain.removed", domain="b.example")],
    "service gone": [*COMMON, event(40, "org.deprovisioned")],
    "service gone and back": [
        *COMMON,
        event(17, "org.deprovisioned"),
        provisioned(35, administrators=["boss@acme.example"], licenses_purchased=4),
    ],
    "user gone, left and moved away": [
        *COMMON,
        event(33, "user.deleted", user_id="u6"),
        updated(34, "u2", status="inactive", inactive_reason="left_company"),
        moved(36, "u5", "u5@b.example"),
        updated(37, "u1", client_version="6.1"),
        updated(38, "u7", edition="guest"),
    ],
}


BETAS = provisioned(15, org_id=BETA, name="Beta", domains=["beta.example", "b.example"], licenses_purchased=2)
SETS["addresses change hands"] = [
    *COMMON,
    moved(18, "u1", "u1.new@acme.example"),
    created(20, "u11", email="u1@acme.example"),  # waits for the rename
    created(23, "u12", email="u4@acme.example"),  # waits for the deletion
    moved(26, "u12", "u12@b.example"),
    created(29, "u13", email="u4@acme.example"),
]
SETS["a domain changes hands"] = [
    *[it for it in COMMON if it["data"].get("domain") != "b.example"],
    event(11, "org.domain.added", domain="b.example"),
    event(20, "org.domain.removed", domain="b.example"),
    BETAS,  # waits for the removal
    created(8, "u13", "beta.example"),
    moved(31, "u5", "u5@beta.example"),
]


@asynccontextmanager
async def fresh_service(template: Path) -> AsyncGenerator[Service]:
    async with store_at(empty_store(template)) as store:
        yield Service(store)


async def in_order(template: Path, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The facts after each event once, by stamp, drained after each."""
    async with fresh_service(template) as service:
        for it in sorted(events, key=lambda it: (it["time"], it["id"])):
            assert await service.receive(it) is Received.NEW
            await service.drain()
        return await service.facts()


async def shuffled(template: Path, events: Sequence[dict[str, Any]], seed: int) -> dict[str, Any]:
    """The facts after each event ten times in an order of this seed, drained at moments of this seed."""
    chance = random.Random(seed)  # noqa: S311 - an order that can be repeated
    deliveries = [it for it in events for _ in range(TIMES)]
    chance.shuffle(deliveries)
    seen = set[str]()
    async with fresh_service(template) as service:
        for it in deliveries:
            expected = Received.REPEATED if it["id"] in seen else Received.NEW
            assert await service.receive(it) is expected
            seen.add(it["id"])
            if chance.random() < 0.1:
                await service.drain()
        await service.drain()
        return await service.facts()


@pytest.mark.parametrize("name", SETS)
async def test_any_order_ten_times_ends_in_the_facts_of_the_sorted_run(sqlite_template: Path, name: str) -> None:
    expected = await in_order(sqlite_template, SETS[name])
    for seed in range(SEEDS):
        found = await shuffled(sqlite_template, SETS[name], seed)
        for fact, value in expected.items():
            assert found[fact] == value, f"{fact} with seed {seed}"
        assert found.keys() == expected.keys()


async def test_the_sorted_run_itself_ends_as_a_person_would_say(sqlite_template: Path) -> None:
    facts = await in_order(sqlite_template, SETS["stays"])
    assert facts["pending"] == ["u1", "u2", "u3", "u5", "u8"]
    assert facts["counters"].licenses_purchased == 3
    assert facts["counters"].licenses_used == 3  # u6, u7 and u9 had the Business Edition already
    assert facts["counters"].storage_used_mb == 80 + 3 + 13
    assert facts["u1"].account_status is AccountStatus.INACTIVE
    assert facts["u6"].account_status is AccountStatus.ACTIVE
    assert facts["u4"].is_deleted
    assert facts["u10"].account_status is AccountStatus.ACTIVE
    assert facts["organization"].is_single_sign_on


async def test_another_event_of_the_same_id_is_refused_and_changes_nothing(sqlite_template: Path) -> None:
    async with fresh_service(sqlite_template) as service:
        first = created(1, "u1")
        assert await service.receive(first) is Received.NEW
        with pytest.raises(Conflict) as caught:
            await service.receive({**first, "data": {**first["data"], "display_name": "Somebody else"}})
        assert caught.value.code == "conflict"
        assert "u1@acme.example" not in str(caught.value)
        assert await service.receive(first) is Received.REPEATED
        await service.drain()
        async with service.store.read() as uow:
            user = await uow.users.get("u1")
            assert user is not None
            assert user.display_name == ""
            assert len(await uow.inbox.listing(ORG, 10)) == 1


async def test_events_before_the_provisioning_set_facts_only(sqlite_template: Path) -> None:
    async with fresh_service(sqlite_template) as service:
        for it in COMMON[1:]:
            await service.receive(it)
        await service.drain()
        facts = await service.facts()
        assert facts["pending"] == []
        assert facts["u1"].client_version == "4.2"
        assert {(facts[it].is_deleted, facts[it].account_status) for it in USERS} == {
            (False, AccountStatus.ACTIVE),
            (True, AccountStatus.INACTIVE),
        }
        assert [(it.name, it.is_claimed, it.block_at) for it in facts["domains"]] == [("b.example", True, None)]
        assert facts["counters"].licenses_purchased == 3
        async with service.store.read() as uow:
            assert [await uow.migrations.latest(ORG, it) for it in USERS] == [None] * len(USERS)
            assert await uow.mails.counts(ORG) == {}
        await service.receive(COMMON[0])
        await service.drain()
        async with service.store.read() as uow:
            row = await uow.migrations.latest(ORG, "u1")
        assert row is not None
        assert row.state is MigrationState.IN_REVIEW
