"""The state machine of `test_transition_model`: each act runs on the store and in the model, and they must agree."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edition_migration.application.credentials import ChoiceResult
from edition_migration.application.selection import SelectionOrder
from edition_migration.domain.commands import Command, CommandKind
from edition_migration.domain.migration import TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation
from edition_migration.domain.progress import MailInput, PageInput, StepInput, WaveInput
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.token import TokenState
from tests.application.transition_model import (
    DEADLINE,
    ENDED,
    FORWARD,
    LICENSES,
    LINK_LIFE,
    PEOPLE,
    SELECTED_AGAIN,
    STEPS,
    UNDO_WINDOW,
    WITH_ACCOUNT,
    Model,
    Person,
    Service,
)

Result = TypeVar("Result")

IN_REVIEW = 0
STARTS = (-1, IN_REVIEW, IN_REVIEW, 2, 4, 6)
"""How far a user has gone on when a run begins: blocked and nothing more, in review, or selected and further."""
ACTS = (
    *("go_on",) * 5,
    *("select", "ask_step", "choose_password") * 3,
    *("deliver", "repeat_step", "activate_now", "pass_time", "deselect", "undo") * 2,
    *("release_wave", "exclude", "cancel", "delete", "grant", "resend", "extend"),
    *("ask_for_a_new_link", "sign_in_elsewhere", "set_password_elsewhere"),
)
ANYBODY = st.integers(0, PEOPLE - 1)


class Migrations(Model, RuleBasedStateMachine):
    """Each run is about an organization of its own; loop and store serve all runs."""

    loop: asyncio.AbstractEventLoop
    service: Service
    seen: set[tuple[str, str]]
    runs = count(1)

    def __init__(self) -> None:
        super().__init__()
        self.org_id = f"org{next(self.runs)}"
        self.ids = [f"{self.org_id}-{number}" for number in range(1, PEOPLE + 1)]
        self.people = {it: Person() for it in self.ids}
        self.queue: list[str] = []
        self.commands = 0
        self.touched: set[str] = set(self.ids)

    def teardown(self) -> None:
        self.run(self.look(self.ids))

    def run(self, work: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(work)

    def ref(self, user_id: str) -> MigrationRef:
        return MigrationRef(org_id=self.org_id, user_id=user_id, generation=self.people[user_id].generation)

    def page(self) -> PageInput:
        return PageInput(org_id=self.org_id, as_of=self.service.clock.now())

    @initialize(is_single_sign_on=st.booleans(), starts=st.tuples(*[st.sampled_from(STARTS)] * PEOPLE))
    def prepare(self, is_single_sign_on: bool, starts: tuple[int, ...]) -> None:
        """Each begins at a place of his own, so that all states are visited."""
        self.is_single_sign_on = is_single_sign_on
        self.run(self.service.prepare(self.org_id, self.ids, is_single_sign_on=is_single_sign_on))
        for user_id, start in zip(self.ids, starts, strict=True):
            if start > IN_REVIEW:
                self.select(user_id, 0)
            if start >= IN_REVIEW:
                self.go_on(user_id, start)

    @rule(who=ANYBODY, act=st.sampled_from(ACTS), number=st.integers(0, 5))
    def happens(self, who: int, act: str, number: int) -> None:
        """One rule for all acts, so that their weights are ours. `number` means something else for each."""
        getattr(self, act)(self.ids[who], number)
        self.touched.add(self.ids[who])

    # Administrators

    def select(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        activation = Activation.BY_HAND if number % 2 else Activation.WITH_INSTRUCTIONS
        order = SelectionOrder(self.org_id, [user_id], "admin", self.next_command(), activation=activation)
        answer = self.run(self.service.selection.select(order))
        begins_again = person.state in SELECTED_AGAIN and not person.is_deleted
        may = begins_again or (person.state in ("BLOCKED", "IN_REVIEW") and person.wave is None)
        assert answer.answers[0].verdict == ("done" if may else "refused")
        assert self.run(self.service.selection.select(order)) == answer
        if begins_again:
            person = self.people[user_id] = Person(generation=person.generation + 1)
        if may:
            person.wave, person.license, person.is_by_hand = answer.wave_id, "waiting", bool(number % 2)
            self.queue.append(user_id)
        self.model_grants()

    def release_wave(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        if person.wave is None:
            return
        given = WaveInput(org_id=self.org_id, wave_id=person.wave, as_of=self.service.clock.now())
        assert self.run(self.service.release.release_page(given)).done == (person.state != "BLOCKED")
        if person.state == "IN_REVIEW":
            person.state = "SELECTED"

    def deselect(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        before_told = ("BLOCKED", "IN_REVIEW", "SELECTED", "WAITING_CAPACITY")
        may = person.wave is not None and person.state in before_told
        self.command(CommandKind.DESELECT, user_id, may=may)
        if may:
            person.wave, person.license, person.is_by_hand = None, "", False
            person.state = "BLOCKED" if person.state == "BLOCKED" else "IN_REVIEW"

    def resend(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        is_linked = person.state == "AWAITING_PASSWORD" and person.deadline is not None
        is_told = person.state in ("INSTRUCTED", "AWAITING_FIRST_SIGN_IN") and person.told_at is not None
        self.command(CommandKind.RESEND, user_id, may=is_linked or is_told)
        if is_linked:
            person.drop("new_link", "reminder", "reminder_with_new_link")
            person.mails.append("new_link")
        elif is_told:
            person.mails.append("instructions")

    def extend(self, user_id: str, number: int) -> None:
        person, now = self.people[user_id], self.service.clock.now()
        may = person.state in ("AWAITING_PASSWORD", "AWAITING_FIRST_SIGN_IN") and person.deadline is not None
        self.command(CommandKind.EXTEND_DEADLINE, user_id, may=may)
        if may:
            person.deadline += DEADLINE
            person.reminders = sum(it <= now for it in person.reminder_times())

    def undo(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        may = person.state == "MIGRATED" and not person.is_deleted
        may &= person.since is None or self.service.clock.now() - person.since <= UNDO_WINDOW
        self.command(CommandKind.UNDO, user_id, may=may)
        if may:
            person.end("UNDONE", "undone")

    def exclude(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        may = person.state in ("BLOCKED", "IN_REVIEW") and person.wave is None
        self.command(CommandKind.EXCLUDE, user_id, may=may)
        if may:
            person.end("SKIPPED")

    def activate_now(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        may = person.state == "INSTRUCTED"
        self.command(CommandKind.ACTIVATE, user_id, may=may)
        person.is_activation_requested |= may

    def cancel(self, user_id: str, number: int) -> None:
        person = self.people[user_id]
        may = person.is_open
        self.command(CommandKind.CANCEL, user_id, may=may)
        if may:
            person.end("CANCELLED", "cancelled")

    def command(self, kind: CommandKind, user_id: str, *, may: bool) -> None:
        command = Command(kind=kind, migration=self.ref(user_id), command_id=self.next_command())
        answer = self.run(self.service.commands.apply(command))
        assert answer.verdict == ("done" if may else "refused")
        assert self.run(self.service.commands.apply(command)).verdict == answer.verdict

    def next_command(self) -> str:
        self.commands += 1
        return f"{self.org_id}-{self.commands}"

    # The service itself

    def grant(self, user_id: str, number: int) -> None:
        self.run(self.service.capacity.grant_page(self.page()))
        self.model_grants()

    def ask_step(self, user_id: str, number: int) -> None:
        """What the user's workflow does next; a step that answers Done is followed by the next."""
        person = self.people[user_id]
        if person.position == len(STEPS):
            return
        outcome = self.ask(user_id, STEPS[person.position])
        expected = self.model_steps(person)
        assert outcome == expected
        person.position += outcome == "done"

    def go_on(self, user_id: str, number: int) -> None:
        """As the service does by itself, so that runs come far."""
        for _ in range(number + 1):
            self.release_wave(user_id, number)
            self.ask_step(user_id, number)
            self.deliver(user_id, number)

    def repeat_step(self, user_id: str, number: int) -> None:
        how_early = number % 5 + 1
        person = self.people[user_id]
        if person.position < how_early:
            return
        outcome = self.ask(user_id, STEPS[person.position - how_early])
        assert outcome == ("done" if person.is_open else "stop")

    def ask(self, user_id: str, step: str) -> str:
        given = StepInput(migration=self.ref(user_id), as_of=self.service.clock.now())
        return str(self.run(getattr(self.service.steps, step)(given)).kind)

    def deliver(self, user_id: str, number: int) -> None:
        person, now = self.people[user_id], self.service.clock.now()
        given = MailInput(org_id=self.org_id, user_id=user_id, generation=person.generation, as_of=now)
        outcome = self.run(self.service.delivery.deliver(given))
        if not person.mails:
            assert outcome.result == "none"
            return
        kind = person.mails.pop(0)
        with_link = ("reset_password", "new_link", "reminder_with_new_link")
        is_for_nothing = kind in with_link and person.state != "AWAITING_PASSWORD"
        is_for_nothing |= kind == "reminder" and (
            person.state not in ("AWAITING_PASSWORD", "AWAITING_FIRST_SIGN_IN")
            or (person.state == "AWAITING_PASSWORD" and person.link_ends <= now)
        )
        is_for_nothing |= kind in ("account_deactivated", "instructions") and not person.is_open
        if is_for_nothing:
            assert outcome.result == "none"
            return
        assert outcome.result == "sent"
        person.was_written_to = True
        if kind == "instructions" and person.told_at is None:
            person.told_at = now
        if kind in with_link:
            person.link_ends = now + LINK_LIFE
        if kind == "reset_password":
            person.since, person.deadline = now, now + DEADLINE

    def pass_time(self, user_id: str, number: int) -> None:
        self.service.clock.move(timedelta(days=(1, 1, 1, 8, 8, 15)[number]))

    # Users and their directory

    def choose_password(self, user_id: str, number: int) -> None:
        """With any of the links that he was ever sent."""
        tokens = self.run(self.tokens_of(user_id))
        if not tokens:
            return
        token, now = tokens[-1 - number % len(tokens)], self.service.clock.now()
        is_alive = token.expires_at is None or token.expires_at > now
        may = self.people[user_id].state == "AWAITING_PASSWORD" and token.state is TokenState.LIVE and is_alive
        text = self.service.keys.text_of(token)
        for expected in (may, False):
            choice = self.run(self.service.credentials.choose(text, "correct horse battery staple"))
            assert choice.result is (ChoiceResult.CHOSEN if expected else ChoiceResult.UNUSABLE)
        if may:
            self.people[user_id].state = "PASSWORD_SET"

    def ask_for_a_new_link(self, user_id: str, number: int) -> None:
        tokens = self.run(self.tokens_of(user_id))
        if not tokens or len(tokens) > 4:
            return
        self.run(self.service.credentials.request_new_link(self.service.keys.text_of(tokens[0])))
        person = self.people[user_id]
        if person.state == "AWAITING_PASSWORD":
            person.drop("reset_password", "new_link", "reminder", "reminder_with_new_link")
            person.mails.append("new_link" if person.deadline else "reset_password")

    async def tokens_of(self, user_id: str) -> list[Any]:
        async with self.service.store.read() as uow:
            return list(await uow.tokens.of_migration(self.ref(user_id)))

    def sign_in_elsewhere(self, user_id: str, number: int) -> None:
        self.happen("user.signed_in", user_id, is_federated=True)
        person = self.people[user_id]
        person.signed_in |= person.state in ("ACTIVATED", "AWAITING_FIRST_SIGN_IN")

    def set_password_elsewhere(self, user_id: str, number: int) -> None:
        self.happen("credential.password_set", user_id)
        self.people[user_id].password_set |= self.people[user_id].state == "ACTIVATED"
        if self.people[user_id].state == "AWAITING_PASSWORD":
            self.people[user_id].state = "PASSWORD_SET"

    def delete(self, user_id: str, number: int) -> None:
        self.happen("user.deleted", user_id)
        person = self.people[user_id]
        person.end("DELETED" if person.is_open else person.state)
        person.is_deleted = True

    def happen(self, kind: str, user_id: str, **data: Any) -> None:
        self.service.clock.move(timedelta(seconds=1))
        now = self.service.clock.now()
        event = {
            "specversion": "1.0",
            "id": self.next_command(),
            "source": "urn:directory:test",
            "type": kind,
            "time": now.isoformat(),
            "data": {"org_id": self.org_id, "user_id": user_id, **data},
        }
        self.run(self.service.intake.receive(event))
        self.run(self.service.events.apply_next(self.page()))

    # What always holds

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        if hasattr(self, "is_single_sign_on"):
            self.run(self.look(self.touched))
            self.touched.clear()

    async def look(self, user_ids: Iterable[str]) -> None:
        async with self.service.store.read() as uow:
            counters = await uow.capacity.get(self.org_id)
            assert counters == await uow.ledger.sums(self.org_id)
            licenses = [it.license for it in self.people.values()]
            assert counters.licenses_reserved == licenses.count("reserved")
            assert counters.licenses_used == licenses.count("used")
            assert counters.licenses_reserved + counters.licenses_used <= LICENSES
            assert await uow.tickets.waiting_count(self.org_id) == licenses.count("waiting")
            for user_id in user_ids:
                await self.look_at(uow, user_id, self.people[user_id])

    async def look_at(self, uow: Any, user_id: str, person: Person) -> None:
        row, user = await uow.migrations.get(self.ref(user_id)), await uow.users.get(user_id)
        assert row.state == person.state
        for entry in await uow.journal.of_user(self.org_id, user_id):
            self.seen.add((str(entry.source), str(entry.target)))
            is_move = entry.source is not None and entry.source != entry.target
            sideways = set[str]() if entry.source in ENDED else {"CANCELLED", "DELETED"}
            legal = FORWARD.get(entry.source, set[str]()) | sideways
            assert not is_move or entry.target in legal
        live = await uow.tokens.of_migration(self.ref(user_id), [TokenState.LIVE])
        assert len(live) <= (1 if person.state == "AWAITING_PASSWORD" else 0)
        ticket = await uow.tickets.of(self.ref(user_id))
        is_queued = ticket is not None and ticket.state is not TicketState.CLOSED
        assert is_queued == (person.license != "")
        is_active = user.account_status is AccountStatus.ACTIVE and not user.is_deleted
        assert is_active == (person.state in WITH_ACCOUNT and not user.is_deleted)
        assert not is_active or row.wave_id is not None
