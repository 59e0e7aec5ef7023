"""The model of one user written from the design, and the use cases on one store. Used by `test_transition_model`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.adapters.store.store import SqlStore
from edition_migration.adapters.strength import strength
from edition_migration.application.capacity import Capacity
from edition_migration.application.commands import Commands
from edition_migration.application.credentials import Credentials
from edition_migration.application.delivery import Delivery
from edition_migration.application.events import Events
from edition_migration.application.intake import Intake
from edition_migration.application.mail_context import MailContexts
from edition_migration.application.relay_breaker import RelayBreaker
from edition_migration.application.selection import Selection
from edition_migration.application.steps import Steps
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.waves import WaveRelease
from edition_migration.domain.states import AccountStatus
from edition_migration.ports.mails import Envelope
from tests import builders
from tests.doubles import CountingHasher, KeepingMeter, MovableClock, StillPace

PEOPLE, LICENSES = 3, 2
DEADLINE = timedelta(days=14)
LINK_LIFE = timedelta(days=7)
RESERVED_FOR = timedelta(hours=72)
UNDO_WINDOW = timedelta(days=30)
STEPS = (
    "notify_deactivation",
    "send_instructions",
    "activate",
    "reset_password",
    "await_new_password",
    "apply_policies",
)
ENDED = {"MIGRATED", "EXPIRED", "CANCELLED", "SKIPPED", "DELETED", "UNDONE"}
SELECTED_AGAIN = {"EXPIRED", "CANCELLED", "UNDONE"}
FORWARD = {
    "BLOCKED": {"IN_REVIEW", "SKIPPED"},
    "IN_REVIEW": {"SELECTED", "SKIPPED"},
    "SELECTED": {"WAITING_CAPACITY", "INSTRUCTED", "IN_REVIEW"},
    "WAITING_CAPACITY": {"INSTRUCTED", "IN_REVIEW"},
    "INSTRUCTED": {"ACTIVATED"},
    "ACTIVATED": {"AWAITING_PASSWORD", "AWAITING_FIRST_SIGN_IN", "PASSWORD_SET"},
    "AWAITING_PASSWORD": {"PASSWORD_SET", "EXPIRED"},
    "AWAITING_FIRST_SIGN_IN": {"MIGRATED", "EXPIRED"},
    "PASSWORD_SET": {"MIGRATED"},
    "MIGRATED": {"UNDONE"},
}
"""Beside these, everybody who has not ended may be CANCELLED or DELETED."""
WITH_ACCOUNT = {"ACTIVATED", "AWAITING_PASSWORD", "AWAITING_FIRST_SIGN_IN", "PASSWORD_SET", "MIGRATED"}


@dataclass
class Person:
    """One user as the model sees him. `position` is the step that his workflow asks."""

    state: str = "BLOCKED"
    position: int = 0
    wave: str | None = None
    license: str = ""  # waiting, reserved, used
    is_by_hand: bool = False
    is_activation_requested: bool = False
    told_at: Any = None
    granted_at: Any = None
    signed_in: bool = False
    password_set: bool = False
    since: Any = None
    deadline: Any = None
    reminders: int = 0
    link_ends: Any = None
    mails: list[str] = field(default_factory=list[str])
    was_written_to: bool = False
    generation: int = 1
    is_deleted: bool = False

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED

    def end(self, state: str, last_mail: str | None = None) -> None:
        self.state, self.license = state, ""
        self.mails = [last_mail] if last_mail and self.was_written_to else []

    def reminder_times(self) -> list[Any]:
        span = self.deadline - self.since
        times = (self.since + span / 2, self.since + span * 4 / 5, self.deadline - timedelta(days=1))
        return sorted(it for it in times if self.since < it < self.deadline)

    def drop(self, *kinds: str) -> None:
        """Mails that were not sent yet and are not sent any more."""
        self.mails = [it for it in self.mails if it not in kinds]


class Relay:
    async def send(self, envelope: Envelope) -> int:
        return 250


class Service:
    """The use cases on one store."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, MovableClock()
        store_and_clock: dict[str, Any] = {"store": store, "clock": self.clock}
        self.keys = TokenKeys(keys={"k1": b"k" * 32}, current="k1")
        self.selection = Selection(**store_and_clock)
        self.commands = Commands(**store_and_clock, selection=self.selection, keys=self.keys)
        self.capacity = Capacity(**store_and_clock)
        self.release = WaveRelease(**store_and_clock, page_size=10)
        self.steps = Steps(**store_and_clock, keys=self.keys)
        self.intake, self.events = Intake(**store_and_clock), Events(**store_and_clock)
        self.credentials = Credentials(**store_and_clock, hasher=CountingHasher(), strength=strength, keys=self.keys)
        contexts = MailContexts(keys=self.keys, link_base="https://service.example")
        self.delivery = Delivery(
            **store_and_clock,
            renderer=TemplateRenderer(),
            mailer=Relay(),
            contexts=contexts,
            breaker=RelayBreaker(pace=StillPace(), meter=KeepingMeter()),
            pace=StillPace(),
            meter=KeepingMeter(),
        )

    async def prepare(self, org_id: str, user_ids: Sequence[str], *, is_single_sign_on: bool) -> None:
        inactive: dict[str, Any] = {"account_status": AccountStatus.INACTIVE, "org_id": org_id}
        async with self.store.write() as uow:
            await uow.organizations.put(builders.organization(org_id=org_id, is_single_sign_on=is_single_sign_on))
            name = f"{org_id}.example"
            await uow.domains.put(builders.domain(org_id=org_id, name=name))
            await uow.capacity.set_purchased(org_id, licenses=LICENSES, storage_mb=10_000)
            people = [builders.user(it, email=f"{it}@{name}", domain=name, **inactive) for it in user_ids]
            await uow.users.put(people)
            await uow.migrations.add([builders.migration(it, org_id=org_id) for it in user_ids])
            await uow.commit()


class Model:
    """What the design says of people who want the same licenses: whom a grant serves, and what a step answers."""

    people: dict[str, Person]
    queue: list[str]
    service: Service
    is_single_sign_on: bool

    def model_grants(self) -> None:
        self.queue = [it for it in self.queue if self.people[it].license == "waiting"]
        taken = sum(it.license in ("reserved", "used") for it in self.people.values())
        for user_id in self.queue[: LICENSES - taken]:
            self.people[user_id].license = "reserved"
            self.people[user_id].granted_at = self.service.clock.now()

    def model_steps(self, person: Person) -> str:
        if not person.is_open:
            return "stop"
        return str(getattr(self, f"model_{STEPS[person.position]}")(person))

    def model_notify_deactivation(self, person: Person) -> str:
        person.state = "IN_REVIEW"  # also in a wave, which then releases him
        if person.generation == 1:
            person.mails.append("account_deactivated")
        return "done"

    def model_send_instructions(self, person: Person) -> str:
        if person.state == "IN_REVIEW":
            return "wait"
        if person.license != "reserved":
            person.state = "WAITING_CAPACITY"
            return "wait"
        person.state = "INSTRUCTED"
        person.mails.append("instructions")
        return "done"

    def model_activate(self, person: Person) -> str:
        now = self.service.clock.now()
        if person.told_at is None:
            return "wait"
        if person.is_by_hand and not person.is_activation_requested:
            if person.license == "reserved" and now >= max(person.granted_at, person.told_at) + RESERVED_FOR:
                person.license = ""
            return "wait"
        if person.license == "":
            person.license = "waiting"
            self.queue.append(self.id_of(person))
            self.model_grants()
        if person.license != "reserved":
            return "wait"
        person.state, person.license = "ACTIVATED", "used"
        return "done"

    def model_reset_password(self, person: Person) -> str:
        if person.password_set:
            person.state = "PASSWORD_SET"
        elif self.is_single_sign_on:
            person.state, person.since = "AWAITING_FIRST_SIGN_IN", self.service.clock.now()
            person.deadline = person.since + DEADLINE
        else:
            person.state = "AWAITING_PASSWORD"
            person.mails.append("reset_password")
        return "done"

    def model_await_new_password(self, person: Person) -> str:
        if person.state == "PASSWORD_SET" or (person.state == "AWAITING_FIRST_SIGN_IN" and person.signed_in):
            return "done"
        now = self.service.clock.now()
        if person.deadline is None or person.deadline > now:
            self.model_remind(person)
            return "wait"
        person.end("EXPIRED", "expired")
        return "stop"

    def model_remind(self, person: Person) -> None:
        now = self.service.clock.now()
        times = person.reminder_times() if person.deadline else []
        if sum(it <= now for it in times) <= person.reminders:
            return
        person.reminders = sum(it <= now for it in times)
        person.drop("reminder", "reminder_with_new_link")
        coming = next((it for it in (*times, person.deadline) if it > now), person.deadline)
        is_lasting = person.link_ends is not None and person.link_ends > coming + timedelta(hours=1)
        if is_lasting or self.is_single_sign_on:
            person.mails.append("reminder")
        else:
            person.drop("new_link")
            person.mails.append("reminder_with_new_link")

    def id_of(self, person: Person) -> str:
        return next(user_id for user_id, it in self.people.items() if it is person)

    def model_apply_policies(self, person: Person) -> str:
        person.state, person.since = "MIGRATED", self.service.clock.now()
        person.mails.append("welcome")
        return "done"
