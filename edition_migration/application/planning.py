"""What a selection would do, before it is made: the real checks on the real rows, and nothing is kept."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from edition_migration.application.plan_views import (
    CapacityPlan,
    LossPlan,
    MailPlan,
    PacePlan,
    PlanView,
    RefusalCount,
)
from edition_migration.application.queries import organization_named
from edition_migration.application.selection import Selection, SelectionOrder
from edition_migration.domain.commands import CommandAnswer, Verdict
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Organization
from edition_migration.domain.quiet_hours import held_until, working_until
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

UNANSWERED = "only who has not chosen a password by then; at most three"


class Planning:
    """Answers `plan`. `mails_per_second` is the pace of the whole service."""

    def __init__(self, *, store: Store, clock: Clock, selection: Selection, mails_per_second: float) -> None:
        self._store = store
        self._clock = clock
        self._selection = selection
        self._mails_per_second = mails_per_second

    async def plan(self, order: SelectionOrder) -> PlanView:
        """What `Selection.select` would answer, and what follows from it. Raises as that does; changes nothing."""
        answer = await self._selection.weigh(order)
        going = [it.user_id for it in answer.answers if it.verdict is Verdict.DONE]
        async with self._store.read() as uow:
            organization = await organization_named(uow, order.org_id)
            capacity = await uow.capacity.get(order.org_id)
            storage = await _storage_needed(uow, organization, going)
            waiting = answer.waiting_for_capacity - await uow.tickets.waiting_count(order.org_id)
            losses = await _losses(uow, going)
        activation, delay = order.activation_of(organization)
        return PlanView(
            org_id=order.org_id,
            asked=len(answer.answers),
            go=len(going),
            now=len(going) - waiting,
            waiting=waiting,
            parked=sum(it.verdict is Verdict.DONE and it.reason != "" for it in answer.answers),
            refused=_refused(answer.answers),
            licenses=_capacity(len(going), capacity.licenses_free),
            storage_mb=_capacity(storage, capacity.storage_free_mb),
            activation=activation,
            activation_delay=delay,
            release_at=order.release_at,
            pilot=order.pilot,
            deadline=organization.settings.deadline,
            mails=_mails(organization, len(going)),
            pace=self._pace(organization, going, order.release_at),
            losses=losses,
            answers=answer.answers,
        )

    def _pace(self, organization: Organization, going: Sequence[str], release_at: datetime | None) -> PacePlan:
        settings, now = organization.settings, self._clock.now()
        rate = min(self._mails_per_second, settings.mails_per_second or self._mails_per_second)
        mails = sum(it.mails for it in _mails(organization, len(going)) if not it.only_if)
        takes = timedelta(seconds=math.ceil(mails / rate))
        hours, zone = settings.quiet_hours, settings.zone
        begin = max(now, release_at or now)
        return PacePlan(
            mails=mails,
            per_second=rate,
            takes=takes,
            quiet_until=held_until(begin, hours, zone) if hours else None,
            done_at=working_until(begin, takes, hours, zone) if hours else begin + takes,
        )


def _capacity(needed: int, free: int) -> CapacityPlan:
    return CapacityPlan(needed=needed, free=free, left=free - needed)


def _refused(answers: Sequence[CommandAnswer]) -> tuple[RefusalCount, ...]:
    found = Counter(it.reason for it in answers if it.verdict is Verdict.REFUSED)
    return tuple(RefusalCount(reason=reason, users=count) for reason, count in found.most_common())


def _mails(organization: Organization, users: int) -> tuple[MailPlan, ...]:
    """What each of them gets, in this order."""
    told = MailPlan(kind=MailKind.INSTRUCTIONS, mails=users, only_if="")
    welcome = MailPlan(kind=MailKind.WELCOME, mails=users, only_if="who has migrated")
    if organization.is_single_sign_on:
        return (told, welcome)
    link = MailPlan(kind=MailKind.RESET_PASSWORD, mails=users, only_if="")
    return (told, link, MailPlan(kind=MailKind.REMINDER, mails=users * 3, only_if=UNANSWERED), welcome)


async def _storage_needed(uow: UnitOfWork, organization: Organization, user_ids: Sequence[str]) -> int:
    users = await uow.users.get_many(list(user_ids))
    return sum(organization.storage_counted_mb(it.storage_used_mb) for it in users)


async def _losses(uow: UnitOfWork, user_ids: Sequence[str]) -> LossPlan:
    return LossPlan(
        contacts=await uow.contacts.count(*user_ids),
        sessions=await uow.sessions.open_count(*user_ids),
        passwords=len(user_ids),
    )
