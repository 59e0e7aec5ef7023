"""Scripted use cases behind the real activities: what they answer, in order, and what they were asked."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from temporalio.client import WorkflowHandle

from activities.commands import CommandActivities
from activities.mails import MailActivities
from activities.organization import OrganizationActivities
from activities.purge import PurgeActivities
from activities.reconciliation import ReconciliationActivities
from activities.steps import StepActivities
from activities.waves import WaveActivities
from edition_migration.domain.commands import CommandAnswer, Verdict
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import WaveState
from edition_migration.domain.progress import Done, MailOutcome, NextMail, Overview, PageOutcome, Stop, Wait
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.waves import WaveAnswer, WaveCommandKind
from edition_migration.temporal.worker import Activities

SINCE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STEPS = [
    "notify_deactivation",
    "send_instructions",
    "activate",
    "reset_password",
    "await_new_password",
    "apply_policies",
]
PATIENCE = 20.0

DEFAULTS: dict[str, BaseModel] = {
    "deliver": MailOutcome(result="none"),
    "apply": CommandAnswer(user_id="u1", verdict=Verdict.DONE),
    "control": WaveAnswer(wave_id="w1", kind=WaveCommandKind.CANCEL, verdict=Verdict.DONE, state=WaveState.CANCELLED),
    **dict.fromkeys(
        ("page", "apply_next", "block_page", "start_page", "grant_page", "report"), PageOutcome(more=False)
    ),
}

Answer = BaseModel | Callable[[Any], Awaitable[BaseModel]]


class Script:
    """Stands for every application class at once; `asked` holds (use case, input) in the order of the calls.

    With `org_id`, workflows of other organizations, which other tests left on the server, get the default answers and
    are not heard of.
    """

    def __init__(self, org_id: str | None = None) -> None:
        self.org_id = org_id
        self.asked: list[tuple[str, Any]] = []
        self._answers: dict[str, deque[Answer]] = defaultdict(deque)
        self._asked_more = asyncio.Condition()
        self._waiting: list[Gate] = []

    def will(self, use_case: str, *answers: Answer) -> None:
        """The next calls of `use_case` get these answers, one each."""
        self._answers[use_case].extend(answers)

    def open_gates(self) -> None:
        """So that a test that failed before it opened its gates still lets the workers drain."""
        for answers in self._answers.values():
            for answer in answers:
                if isinstance(answer, Gate):
                    answer.open()
        for gate in self._waiting:
            gate.open()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    async def until_asked(self, use_case: str, times: int = 1) -> None:
        async with asyncio.timeout(PATIENCE), self._asked_more:
            await self._asked_more.wait_for(lambda: self.names.count(use_case) >= times)

    def __getattr__(self, use_case: str) -> Callable[[Any], Awaitable[BaseModel]]:
        if use_case.startswith("_"):
            raise AttributeError(use_case)

        async def play(given: Any) -> BaseModel:
            if self._is_of_others(given):
                return DEFAULTS[use_case]
            async with self._asked_more:
                self.asked.append((use_case, given))
                self._asked_more.notify_all()
            answers = self._answers[use_case]
            answer = answers.popleft() if answers else DEFAULTS[use_case]
            if isinstance(answer, Gate):
                self._waiting.append(answer)
            return answer if isinstance(answer, BaseModel) else await answer(given)

        return play

    def _is_of_others(self, given: Any) -> bool:
        org_id = getattr(getattr(given, "migration", given), "org_id", None)
        return None not in (self.org_id, org_id) and org_id != self.org_id


def activities_of(script: Any) -> Activities:
    return Activities(
        steps=StepActivities(script),
        commands=CommandActivities(script),
        organization=OrganizationActivities(
            errands=script, events=script, enrollment=script, capacity=script, reports=script
        ),
        waves=WaveActivities(script, script),
        mails=MailActivities(script),
        reconciliation=ReconciliationActivities(script),
        purge=PurgeActivities(script),
    )


async def result_of(handle: WorkflowHandle[Any, Any]) -> Any:
    """The workflow's result; a workflow that hangs fails the test instead of the whole run."""
    async with asyncio.timeout(PATIENCE):
        return await handle.result()


class Gate:
    """An answer that is given only when the test opens the gate."""

    def __init__(self, answer: BaseModel) -> None:
        self._answer = answer
        self._open = asyncio.Event()

    def open(self) -> None:
        self._open.set()

    async def __call__(self, given: Any) -> BaseModel:
        await self._open.wait()
        return self._answer


def overview(state: S, **more: Any) -> Overview:
    return Overview(state=state, since=SINCE, **more)


def done(state: S, mail: NextMail | None = None, then: Wait | None = None) -> Done:
    return Done(overview=overview(state), mail=mail, then=then)


def wait(state: S, why: str, until: datetime | None = None, mail: NextMail | None = None) -> Wait:
    return Wait(why=why, until=until, overview=overview(state), mail=mail)


def stop(state: S, mail: NextMail | None = None) -> Stop:
    return Stop(state=state, overview=overview(state), mail=mail)


def mail(
    mail_id: str, kind: MailKind = MailKind.INSTRUCTIONS, not_before: datetime | None = None, attempt: int = 1
) -> NextMail:
    return NextMail(mail_id=mail_id, kind=kind, not_before=not_before, attempt=attempt)


def sent(mail_id: str, behind: NextMail | None = None, attempt: int = 1) -> MailOutcome:
    return MailOutcome(result="sent", mail_id=mail_id, attempt=attempt, next=behind)


def script_steps(script: Script, *, but: tuple[str, ...] = ()) -> None:
    """Each step is done at once, except those that the test scripts itself."""
    for step in STEPS:
        if step not in but:
            script.will(step, done(S.MIGRATED if step == "apply_policies" else S.ACTIVATED))
