"""Inbox, doorbells, errands, policies: kept, found in order, done once."""

from edition_migration.adapters.store.store import SqlStore
from edition_migration.domain.policies import PolicyAction, PolicyGroup, PolicySet, effective
from edition_migration.ports.store_events import Doorbell, Errand, InboxRow, InboxState, Received
from tests.fixtures.records import NOW, ORG, organization, ref, user


def _event(event_id: str, **fields: object) -> InboxRow:
    values = {"source": "hr", "type": "user.created", "org_id": ORG, "body": "{}", "digest": event_id * 32}
    return InboxRow(
        **{"inbox_id": 0, "event_id": event_id, "received_at": NOW, "state": InboxState.PENDING, **values, **fields}  # type: ignore[arg-type]
    )


async def test_event_is_new_then_repeated_then_different(store: SqlStore) -> None:
    async with store.write() as uow:
        assert await uow.inbox.receive(_event("e1")) is Received.NEW
        assert await uow.inbox.receive(_event("e1")) is Received.REPEATED
        assert await uow.inbox.receive(_event("e1", body="[]", digest="x" * 64)) is Received.DIFFERENT
        assert await uow.inbox.receive(_event("e1", source="crm")) is Received.NEW
        assert await uow.inbox.get("hr", "e1") == _event("e1", inbox_id=1)
        assert await uow.inbox.get("hr", "e2") is None


async def test_pending_events_come_oldest_first_and_settled_ones_no_more(store: SqlStore) -> None:
    async with store.write() as uow:
        for event_id in ("e1", "e2", "e3"):
            await uow.inbox.receive(_event(event_id))
        await uow.inbox.receive(_event("x1", org_id=None))
        await uow.inbox.receive(_event("x2", state=InboxState.UNKNOWN_TYPE))
        found: list[str] = []
        while row := await uow.inbox.next_pending(ORG):
            found.append(row.event_id)
            await uow.inbox.settle(row.inbox_id, InboxState.FAILED, "no such user")
        assert found == ["e1", "e2", "e3"]
        newest = await uow.inbox.listing(ORG, 2)
        assert [(it.event_id, it.state, it.reason) for it in newest] == [
            ("x2", InboxState.UNKNOWN_TYPE, None),
            ("e3", InboxState.FAILED, "no such user"),
        ]
        assert [it.event_id for it in await uow.inbox.listing(None, 2)] == ["x2", "x1"]


async def test_detection_counts_while_it_waits_and_after_it_was_applied(store: SqlStore) -> None:
    detected = _event("e1", type="user.detected", user_id="u1")
    async with store.write() as uow:
        await uow.inbox.receive(_event("e0", user_id="u1"))
        assert not await uow.inbox.has_pending_detection(ORG, "u1")
        await uow.inbox.receive(detected)
        assert await uow.inbox.has_pending_detection(ORG, "u1")
        assert not await uow.inbox.has_pending_detection(ORG, "u2")
        assert not await uow.inbox.has_pending_detection("other", "u1")
        await uow.inbox.settle(2, InboxState.APPLIED, None)
        assert await uow.inbox.has_pending_detection(ORG, "u1")
        await uow.inbox.settle(2, InboxState.FAILED, "reason")
        assert not await uow.inbox.has_pending_detection(ORG, "u1")


async def test_doorbells_come_oldest_first_and_numbers_are_never_used_again(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.doorbells.add_migrations([ref("u1"), ref("u2", generation=2)], NOW)
        await uow.doorbells.add_organization(ORG, NOW)
        bells = await uow.doorbells.oldest(10)
        assert bells == [
            Doorbell(1, ORG, "u1", 1, NOW),
            Doorbell(2, ORG, "u2", 2, NOW),
            Doorbell(3, ORG, None, None, NOW),
        ]
        assert [it.bell_id for it in await uow.doorbells.oldest(1)] == [1]
        await uow.doorbells.remove([1, 2, 3])
        await uow.doorbells.add_organization(ORG, NOW)
        assert [it.bell_id for it in await uow.doorbells.oldest(10)] == [4]


async def test_errands_are_worked_off_in_order(store: SqlStore) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.errands.add(ORG, "domain_removed", "acme.example", NOW)
        await uow.errands.add(ORG, "deprovisioned", "", NOW)
        first = Errand(1, ORG, "domain_removed", "acme.example", "", NOW)
        assert await uow.errands.next(ORG) == first
        await uow.errands.advance(1, "u7")
        assert await uow.errands.next(ORG) == Errand(1, ORG, "domain_removed", "acme.example", "u7", NOW)
        await uow.errands.finish(1)
        assert await uow.errands.next(ORG) == Errand(2, ORG, "deprovisioned", "", "", NOW)
        assert await uow.errands.next("other") is None


async def test_policies_come_back_as_they_were_and_replace_the_older(store: SqlStore) -> None:
    older = PolicySet(groups=(PolicyGroup(name="Gone", actions={PolicyAction.EXTERNAL_IM: False}),))
    policies = PolicySet(
        organization={PolicyAction.EXTERNAL_IM: False, PolicyAction.DESKTOP_SHARING: None},
        groups=(PolicyGroup(name="Sales", actions={PolicyAction.INTERNAL_VIDEO: True}), PolicyGroup(name="Any")),
    )
    async with store.write() as uow:
        await uow.organizations.put(organization())
        assert await uow.policies.get(ORG) == PolicySet()
        await uow.policies.put(ORG, older)
        await uow.policies.put(ORG, policies)
        assert await uow.policies.get(ORG) == policies


async def test_effective_policy_is_replaced_and_removed(store: SqlStore) -> None:
    decisions = effective(PolicySet(organization={PolicyAction.EXTERNAL_IM: False}), None)
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user()])
        assert await uow.policies.assignment("u1") is None
        await uow.policies.assign("u1", ORG, "Sales", 1, effective(PolicySet(), "Sales"))
        await uow.policies.assign("u1", ORG, None, 2, decisions)
        assert await uow.policies.assignment("u1") == (2, decisions)
        await uow.policies.remove_assignment("u1")
        assert await uow.policies.assignment("u1") is None
