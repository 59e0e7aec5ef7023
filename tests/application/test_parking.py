"""Parked, held and waiting by hand: what stops one user, what he keeps meanwhile, and what lets him go on."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.commands import Commands
from edition_migration.application.selection import Selection
from edition_migration.application.steps import Steps
from edition_migration.domain.commands import Command, CommandAnswer, CommandKind, CommandRequest
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.migration import Attention, Migration, TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.policies import FORBIDS_MIGRATION, PolicySet
from edition_migration.domain.progress import Done, StepInput, Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, domain, migration, organization, user
from tests.doubles import LINK_KEYS, MovableClock
from tests.fixtures.records import mail

ADA = MigrationRef(org_id="acme", user_id="u1")
BOB = MigrationRef(org_id="acme", user_id="u2")
THREE_DAYS = timedelta(hours=72)
FORBIDDEN = PolicySet(organization={FORBIDS_MIGRATION: False})


async def reserved(store: Store, **row: Any) -> Steps:
    """Ada with the only license reserved; Bob waits for it."""
    async with store.write() as uow:
        await uow.organizations.put(organization())
        await uow.domains.put(domain())
        await uow.capacity.set_purchased("acme", licenses=1, storage_mb=1000)
        await uow.users.put([user(org_id="acme"), user("u2", org_id="acme")])
        await uow.migrations.add([migration(**row), migration("u2", state=S.WAITING_CAPACITY)])
        await uow.tickets.cut("acme", [(ADA, 100), (BOB, 100)])
        await uow.capacity.take("acme", 1, 100)
        await uow.tickets.set_granted("acme", [1], NOW)
        await uow.ledger.reserve("acme", [(ADA, 100)])
        await uow.commit()
    return Steps(store=store, clock=MovableClock(), keys=LINK_KEYS)


def commands(store: Store) -> Commands:
    clock = MovableClock()
    return Commands(store=store, clock=clock, selection=Selection(store=store, clock=clock), keys=LINK_KEYS)


async def command(store: Store, kind: CommandKind, **request: Any) -> CommandAnswer:
    given = CommandRequest(actor="admin", **request)
    return await commands(store).apply(Command(kind=kind, migration=ADA, command_id=f"{kind}-1", request=given))


async def asked(steps: Steps, step: str, after: timedelta) -> Wait:
    outcome = await getattr(steps, step)(StepInput(migration=ADA, as_of=NOW + after))
    assert isinstance(outcome, Wait), outcome
    return outcome


async def facts(store: Store) -> tuple[Migration, TicketState, int, list[str]]:
    """Ada's row, her newest ticket's state, how many licenses are reserved, and what was journaled."""
    async with store.read() as uow:
        row, ticket = await uow.migrations.get(ADA), await uow.tickets.of(ADA)
        counters, journal = await uow.capacity.get("acme"), await uow.journal.of_user("acme", "u1")
    assert row is not None
    assert ticket is not None
    return row, ticket.state, counters.licenses_reserved, [entry.action for entry in journal]


async def test_who_waits_by_hand_keeps_his_reservation_for_72_hours(store: Store) -> None:
    steps = await reserved(
        store, state=S.INSTRUCTED, activation=Activation.BY_HAND, instructions_accepted_at=NOW + timedelta(hours=1)
    )
    end = timedelta(hours=73)
    assert (await asked(steps, "activate", timedelta(hours=2))).until == NOW + end
    assert (await facts(store))[1:3] == (TicketState.GRANTED, 1)
    assert (await asked(steps, "activate", end)).until is None
    row, ticket, licenses, actions = await facts(store)
    assert (row.state, ticket, licenses, actions) == (S.INSTRUCTED, TicketState.CLOSED, 0, ["reservation_ended"])
    assert (await asked(steps, "activate", end)).until is None
    assert (await facts(store))[3] == ["reservation_ended"]


async def test_activated_after_his_reservation_ended_he_stands_behind_who_came_meanwhile(store: Store) -> None:
    steps = await reserved(store, state=S.INSTRUCTED, activation=Activation.BY_HAND, instructions_accepted_at=NOW)
    await asked(steps, "activate", THREE_DAYS)
    assert (await command(store, CommandKind.ACTIVATE)).verdict == "done"
    assert (await asked(steps, "activate", THREE_DAYS)).why == "waiting for a license"
    row, ticket, licenses, _ = await facts(store)
    assert (row.state, ticket, licenses) == (S.INSTRUCTED, TicketState.WAITING, 1)
    async with store.read() as uow:
        bob = await uow.tickets.of(BOB)
    assert bob is not None
    assert bob.state is TicketState.GRANTED


async def test_who_is_parked_keeps_his_reservation_for_72_hours(store: Store) -> None:
    steps = await reserved(store, state=S.INSTRUCTED, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    assert (await asked(steps, "activate", timedelta())).until == NOW + THREE_DAYS
    await asked(steps, "activate", THREE_DAYS)
    assert (await facts(store))[1:3] == (TicketState.CLOSED, 0)


@pytest.mark.parametrize("why", [Attention.UNDELIVERABLE, Attention.POLICY, Attention.COMPLAINT])
async def test_who_is_parked_in_a_wave_whose_time_has_not_come_keeps_it_no_longer(store: Store, why: Attention) -> None:
    steps = await reserved(store, state=S.IN_REVIEW, attention=why, attention_at=NOW + timedelta(hours=1))
    assert (await asked(steps, "send_instructions", THREE_DAYS)).until == NOW + timedelta(hours=73)
    assert (await facts(store))[1:3] == (TicketState.GRANTED, 1)
    assert (await asked(steps, "send_instructions", timedelta(hours=73))).until is None
    assert (await facts(store))[1:] == (TicketState.CLOSED, 0, ["reservation_ended"])


async def test_a_pause_takes_nothing_from_the_72_hours(store: Store) -> None:
    steps = await reserved(store, state=S.INSTRUCTED, activation=Activation.BY_HAND, instructions_accepted_at=NOW)
    async with store.write() as uow:
        await uow.pauses.begin("acme", NOW + timedelta(hours=10), "admin")
        await uow.pauses.end("acme", NOW + timedelta(hours=80), "admin")
        await uow.commit()
    assert (await asked(steps, "activate", timedelta(hours=80))).until == NOW + timedelta(hours=142)
    assert (await facts(store))[1] is TicketState.GRANTED
    await asked(steps, "activate", timedelta(hours=142))
    assert (await facts(store))[1] is TicketState.CLOSED


@pytest.mark.parametrize(("state", "step"), [(S.SELECTED, "send_instructions"), (S.INSTRUCTED, "activate")])
async def test_whom_the_policy_forbids_is_parked_and_goes_on_once_it_allows_him(
    store: Store, state: S, step: str
) -> None:
    steps = await reserved(store, state=state, instructions_accepted_at=NOW)
    async with store.write() as uow:
        await uow.policies.put("acme", FORBIDDEN)
        await uow.commit()
    assert (await asked(steps, step, timedelta())).why == "until the policy allows the user"
    row = (await facts(store))[0]
    assert (row.state, row.attention) == (state, Attention.POLICY)
    async with store.write() as uow:
        await uow.policies.put("acme", PolicySet())
        await uow.commit()
    outcome = await getattr(steps, step)(StepInput(migration=ADA, as_of=NOW))
    row = (await facts(store))[0]
    assert (outcome.kind, row.attention) == ("done", None)


async def test_a_policy_that_forbids_a_user_who_chose_his_password_keeps_him_and_his_license(store: Store) -> None:
    steps = await reserved(store, state=S.PASSWORD_SET)
    async with store.write() as uow:
        await uow.ledger.use(ADA)
        await uow.policies.put("acme", FORBIDDEN)
        await uow.commit()
    assert (await asked(steps, "apply_policies", timedelta(days=30))).until is None
    async with store.read() as uow:
        assert (await uow.capacity.get("acme")).licenses_used == 1


@pytest.mark.parametrize(
    ("state", "step"),
    [(S.SELECTED, "send_instructions"), (S.INSTRUCTED, "activate"), (S.ACTIVATED, "reset_password")],
)
async def test_while_it_is_paused_steps_two_to_four_wait(store: Store, state: S, step: str) -> None:
    steps = await reserved(store, state=state, instructions_accepted_at=NOW)
    async with store.write() as uow:
        await uow.pauses.begin("acme", NOW, "admin")
        await uow.commit()
    assert (await asked(steps, step, timedelta(days=9))).why == "paused"
    row, _, licenses, actions = await facts(store)
    assert (row.state, licenses, actions) == (state, 1, [])


async def test_a_password_set_elsewhere_before_the_fourth_step_needs_no_link(store: Store) -> None:
    steps = await reserved(store, state=S.ACTIVATED, password_set_at=NOW)
    outcome = await steps.reset_password(StepInput(migration=ADA, as_of=NOW))
    row = (await facts(store))[0]
    async with store.read() as uow:
        tokens, mails = await uow.tokens.of_migration(ADA), await uow.mails.of_migration(ADA)
    assert (outcome.kind, row.state, tokens, mails) == ("done", S.PASSWORD_SET, [], [])


async def refused_mail(store: Store) -> None:
    async with store.write() as uow:
        await uow.mails.queue([mail(kind=MailKind.INSTRUCTIONS, state=MailState.BOUNCED)])
        await uow.commit()


async def test_retry_sends_the_refused_mail_again(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    await refused_mail(store)
    assert (await command(store, CommandKind.RETRY)).verdict == "done"
    async with store.read() as uow:
        head = await uow.mails.next_of_migration(ADA)
        bells = await uow.doorbells.oldest(10)
    assert head is not None
    assert (head.kind, head.state) == (MailKind.INSTRUCTIONS, MailState.QUEUED)
    assert ADA in {bell.migration for bell in bells}
    assert (await facts(store))[0].attention is None


async def test_retry_starts_a_missing_workflow_again(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED, attention=Attention.WORKFLOW_MISSING, attention_at=NOW)
    assert (await command(store, CommandKind.RETRY)).verdict == "done"
    async with store.read() as uow:
        assert [row.user_id for row in await uow.migrations.unstarted("acme", 10)] == ["u1"]


async def test_where_nothing_stops_him_there_is_nothing_to_retry(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED)
    answer = await command(store, CommandKind.RETRY)
    assert (answer.verdict, answer.reason) == ("refused", "nothing_to_retry")


async def test_a_mended_address_gets_the_refused_mail_and_the_journal_does_not_name_it(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    await refused_mail(store)
    fix = commands(store).fix_address
    for _ in range(2):
        answer = await fix("acme", "u1", "Ada@ACME.example", actor="admin", command_id="c1")
        assert answer.verdict == "done"
    async with store.read() as uow:
        ada, head = await uow.users.get("u1"), await uow.mails.next_of_migration(ADA)
        journal = await uow.journal.of_user("acme", "u1")
    assert ada is not None
    assert head is not None
    assert (ada.email, head.state) == ("ada@acme.example", MailState.QUEUED)
    assert [(entry.action, entry.detail) for entry in journal] == [("fix_address", {})]


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("ada@other.example", "other_domain"),
        ("u2@acme.example", "address_taken"),
        ("ada.lovelace@acme.example", "same_address"),
    ],
)
async def test_an_address_that_cannot_be_hers_is_refused(store: Store, email: str, reason: str) -> None:
    await reserved(store, state=S.INSTRUCTED, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    answer = await commands(store).fix_address("acme", "u1", email, actor="admin", command_id="c1")
    assert (answer.verdict, answer.reason) == ("refused", reason)
    assert (await facts(store))[0].attention is Attention.UNDELIVERABLE


async def test_what_is_no_address_is_refused(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED)
    with pytest.raises(InvalidInput):
        await commands(store).fix_address("acme", "u1", "no address", actor="admin", command_id="c1")


async def test_another_address_and_a_resend_are_no_answer_to_a_complaint(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED, attention=Attention.COMPLAINT, attention_at=NOW)
    fixed = await commands(store).fix_address("acme", "u1", "ada@acme.example", actor="admin", command_id="c1")
    assert (fixed.verdict, (await facts(store))[0].attention) == ("done", Attention.COMPLAINT)
    answer = await command(store, CommandKind.RESEND)
    assert (answer.verdict, answer.reason) == ("refused", "unwanted")
    assert answer.mend == "he called our mail unwanted: ask him, then say retry"


@pytest.mark.parametrize(
    ("attention", "reason", "mend"),
    [
        (Attention.COMPLAINT, "unwanted", "he called our mail unwanted: ask him, then say retry"),
        (Attention.UNDELIVERABLE, "undeliverable", "mend the address with fix-address, or say retry"),
        (Attention.POLICY, "forbidden", "allow him the Business Edition in the policy first"),
    ],
)
async def test_whom_something_stops_is_not_said_to_be_activated(
    store: Store, attention: Attention, reason: str, mend: str
) -> None:
    by_hand = {"activation": Activation.BY_HAND, "instructions_accepted_at": NOW}
    steps = await reserved(store, state=S.INSTRUCTED, attention=attention, attention_at=NOW, **by_hand)
    answer = await command(store, CommandKind.ACTIVATE)
    assert (answer.verdict, answer.reason, answer.mend) == ("refused", reason, mend)
    assert (await facts(store))[0].activation_requested_at is None
    assert (await command(store, CommandKind.RETRY)).verdict == "done"
    answer = await commands(store).apply(Command(kind=CommandKind.ACTIVATE, migration=ADA, command_id="again"))
    assert answer.verdict == "done"
    assert isinstance(await steps.activate(StepInput(migration=ADA, as_of=NOW)), Done)


async def test_instructions_asked_for_thrice_while_none_goes_out_are_one_mail(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED, instructions_accepted_at=NOW)
    for number in range(3):
        given = Command(kind=CommandKind.RESEND, migration=ADA, command_id=f"resend-{number}")
        assert (await commands(store).apply(given)).verdict == "done"
    async with store.read() as uow:
        mails = [(it.kind, it.state) for it in await uow.mails.of_migration(ADA)]
    assert mails == [
        (MailKind.INSTRUCTIONS, it) for it in (MailState.SUPPRESSED, MailState.SUPPRESSED, MailState.QUEUED)
    ]


async def test_instructions_are_sent_again_only_once_the_first_were_sent(store: Store) -> None:
    await reserved(store, state=S.INSTRUCTED)
    answer = await command(store, CommandKind.RESEND)
    assert (answer.verdict, answer.reason) == ("refused", "still_on_its_way")


async def test_a_command_of_a_very_long_id_is_known_again(store: Store) -> None:
    """Temporal lets an Update's id be a thousand characters long; the store's key is shorter."""
    await reserved(store, state=S.INSTRUCTED)
    given = Command(kind=CommandKind.CANCEL, migration=ADA, command_id="x" * 900)
    for _ in range(2):
        answer = await commands(store).apply(given)
        assert (answer.verdict, answer.state) == ("done", S.CANCELLED)
    assert (await facts(store))[3] == ["cancel"]


async def test_who_is_deleted_after_his_migration_is_not_given_an_account_back(store: Store) -> None:
    await reserved(store, state=S.MIGRATED)
    async with store.write() as uow:
        await uow.users.put([user(email=None, domain=None, is_deleted=True)])
        await uow.commit()
    answer = await command(store, CommandKind.UNDO)
    assert (answer.verdict, answer.reason) == ("refused", "is_deleted")


async def test_whoever_no_mail_reaches_is_migrated_without_a_welcome_that_would_wait_for_ever(store: Store) -> None:
    steps = await reserved(store, state=S.PASSWORD_SET, attention=Attention.UNDELIVERABLE, attention_at=NOW)
    async with store.write() as uow:
        await uow.ledger.use(ADA)
        await uow.commit()
    outcome = await steps.apply_policies(StepInput(migration=ADA, as_of=NOW))
    async with store.read() as uow:
        mails = await uow.mails.of_migration(ADA)
    assert (outcome.kind, mails) == ("done", [])
