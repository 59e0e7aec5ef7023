"""Parked by a mail while something else happens too: nothing hides it, nobody is activated, no other mail waits."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.steps import Steps
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.errors import AddressRefused, RelayUnavailable
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.policies import FORBIDS_MIGRATION, PolicySet
from edition_migration.domain.progress import Done, MailInput, StepInput, Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.application.test_delivery import Relay, delivery
from tests.application.test_parking import asked, command, facts, reserved
from tests.builders import NOW, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.records import mail

ADA = MigrationRef(org_id="acme", user_id="u1")
FORBIDDEN = PolicySet(organization={FORBIDS_MIGRATION: False})


async def refused_before(store: Store, attention: Attention | None = Attention.UNDELIVERABLE) -> None:
    async with store.write() as uow:
        await uow.mails.queue([mail("m1", kind=MailKind.ACCOUNT_DEACTIVATED, state=MailState.BOUNCED)])
        await uow.migrations.set_attention(ADA, attention, NOW)
        await uow.commit()


async def first_mail(store: Store) -> tuple[str, MailState] | None:
    async with store.read() as uow:
        head = await uow.mails.next_of_migration(ADA)
    return (head.mail_id, head.state) if head else None


async def test_a_policy_that_parks_and_lets_go_does_not_hide_a_refused_mail(store: Store) -> None:
    steps = await reserved(store, state=S.SELECTED)
    await refused_before(store)
    async with store.write() as uow:
        await uow.policies.put("acme", FORBIDDEN)
        await uow.commit()
    await asked(steps, "send_instructions", timedelta())
    assert (await facts(store))[0].attention is Attention.POLICY
    async with store.write() as uow:
        await uow.policies.put("acme", PolicySet())
        await uow.commit()
    assert isinstance(await steps.send_instructions(StepInput(migration=ADA, as_of=NOW)), Done)
    assert (await facts(store))[0].attention is None
    assert await first_mail(store) == ("m1", MailState.QUEUED), "it is tried again, and parks him again"


async def test_retry_sends_a_refused_mail_whatever_is_shown(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED)
    await refused_before(store, Attention.POLICY)
    assert (await command(store, CommandKind.RETRY)).verdict == "done"
    assert await first_mail(store) == ("m1", MailState.QUEUED)


async def test_who_was_parked_after_he_was_told_is_not_activated(store: Store) -> None:
    steps = await reserved(store, state=S.INSTRUCTED, instructions_accepted_at=NOW)
    await refused_before(store)
    assert (await asked(steps, "activate", timedelta(hours=1))).until == NOW + timedelta(hours=72)
    await command(store, CommandKind.RETRY)
    assert isinstance(await steps.activate(StepInput(migration=ADA, as_of=NOW)), Done)


async def test_a_link_that_cannot_be_mailed_has_a_deadline_all_the_same(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        parked: dict[str, Any] = {"attention": Attention.COMPLAINT, "attention_at": NOW}
        await uow.migrations.add([migration(state=S.AWAITING_PASSWORD, **parked)])
        await uow.commit()
    steps = Steps(store=store, clock=MovableClock(), keys=LINK_KEYS)
    outcome = await steps.await_new_password(StepInput(migration=ADA, as_of=NOW))
    assert isinstance(outcome, Wait)
    assert outcome.until == NOW + timedelta(days=7), "the first moment to remind"
    assert outcome.overview.deadline == NOW + timedelta(days=14)


async def test_a_last_mail_that_is_unwanted_does_not_stop_the_organizations_postman(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.users.put([user(org_id="acme")])
        await uow.migrations.add([migration(state=S.MIGRATED, attention=Attention.COMPLAINT, attention_at=NOW)])
        await uow.mails.queue([mail("m1", kind=MailKind.WELCOME)])
        await uow.mails.hand_over([ADA])
        await uow.commit()
    relay = Relay()
    outcome = await delivery(store, relay).deliver(MailInput(org_id="acme", as_of=NOW))
    assert (outcome.result, relay.heard) == ("none", 0)
    async with store.read() as uow:
        assert await uow.mails.next_of_organization("acme") is None


async def test_behind_a_refused_mail_of_the_organization_the_next_one_follows(store: Store) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization())
        both: dict[str, Any] = {"user_id": None, "generation": None}
        await uow.mails.queue(
            [mail("m1", kind=MailKind.CAPACITY_SHORT, **both), mail("m2", kind=MailKind.PENDING_DIGEST, **both)]
        )
        await uow.commit()

    async def refuse() -> int:
        raise AddressRefused("no such user", reply_code=550)

    outcome = await delivery(store, Relay(refuse)).deliver(MailInput(org_id="acme", as_of=NOW))
    assert (outcome.result, outcome.mail_id) == ("refused", "m1")
    assert outcome.next is not None
    assert outcome.next.mail_id == "m2"


async def test_a_mail_that_may_have_arrived_stays_unknown_when_a_later_try_is_put_off(store: Store) -> None:
    """Else a link that may be in the former mailbox would live on after the address has changed."""
    await reserved(store, state=S.INSTRUCTED)
    async with store.write() as uow:
        await uow.mails.queue([mail("m1", kind=MailKind.INSTRUCTIONS)])
        await uow.commit()

    async def cut() -> int:
        raise RelayUnavailable("cut after the final dot", outcome_unknown=True)

    async def put_off() -> int:
        raise RelayUnavailable("451 later")

    post = delivery(store, Relay(cut, put_off))
    for _ in range(2):
        with pytest.raises(RelayUnavailable):
            await post.deliver(MailInput(org_id="acme", user_id="u1", generation=1, as_of=NOW))
    assert await first_mail(store) == ("m1", MailState.UNKNOWN)
