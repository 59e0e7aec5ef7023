"""From guests of blocked domains to migrations: who is pending, who is skipped and why, and starting workflows.

All pages are blocked before any workflow starts, so the block is as fast as the database (design section 5).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from edition_migration.application.block import shut_accounts, shut_ended
from edition_migration.application.capacity import cut_tickets, grant
from edition_migration.application.records import PROVISIONING, journal_entry
from edition_migration.domain.eligibility import decide
from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.migration import Attention, Migration, Wave, WaveState
from edition_migration.domain.names import WaveRef, new_id
from edition_migration.domain.organization import Organization, Selection, ServiceStatus
from edition_migration.domain.overview import overview
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.domain.states import AccountStatus, Edition, SkipReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from edition_migration.ports.clock import Clock
from edition_migration.ports.gateway import WorkflowGateway
from edition_migration.ports.store import Store, UnitOfWork

PAGE = 500
STARTS_AT_ONCE = 20
KEEP_AFTER = 100
"""Workflows started before it is kept: a process that is killed now and then still gets through a page."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user to enroll and the generation he would get."""

    user: User
    generation: int


async def enroll(
    uow: UnitOfWork, organization: Organization, candidates: Sequence[Candidate], now: datetime, as_of: datetime
) -> int:
    """Makes a row for each: BLOCKED, or DETECTED where the domain's block is still to come, or SKIPPED with the reason.

    Rows that exist are left as they are, so a repeat changes nothing. Returns how many are pending.
    """
    moving = await uow.migrations.with_open_ones([it.user.user_id for it in candidates])
    begins = {it.name: it.block_at for it in await uow.domains.of_organization(organization.org_id)}
    rows: list[Migration] = []
    for it in candidates:
        row = _row(organization, it, now, is_moving=it.user.user_id in moving)
        begins_at = begins.get(it.user.domain or "")
        is_warned = row.state is S.BLOCKED and _is_announced(organization, begins_at, as_of)
        rows.append(replace(row, state=S.DETECTED) if is_warned else row)
    new = await add_enrolled(uow, rows, now, actor=PROVISIONING)
    await _adopt(uow, organization.org_id, candidates, new)
    await _block(uow, organization, [row for row in new if row.state is S.BLOCKED], now)
    return sum(row.state is not S.SKIPPED for row in new)


def _is_announced(organization: Organization, begins_at: datetime | None, as_of: datetime) -> bool:
    """Whether a domain is in its warning period; one whose block begins in a moment, by a faster clock, is not."""
    return bool(organization.settings.warning_period) and begins_at is not None and begins_at > as_of


async def add_enrolled(uow: UnitOfWork, rows: Sequence[Migration], now: datetime, *, actor: str) -> Sequence[Migration]:
    """The rows and their journal; of rows that exist nothing. Returns those that are new."""
    rows = await _with_complaints(uow, rows, now)
    added = set(await uow.migrations.add(rows))
    new = [row for row in rows if row.ref in added]
    entries = [
        journal_entry(
            row, key="enroll", action="enroll", actor=actor, at=now, target=row.state, detail={"reason": row.reason}
        )
        for row in new
    ]
    await uow.journal.add([replace(entry, source=None) for entry in entries])
    return new


async def _with_complaints(uow: UnitOfWork, rows: Sequence[Migration], now: datetime) -> Sequence[Migration]:
    """Who called our mail unwanted in his last generation gets none in the next either, until somebody says `retry`."""
    again = [row for row in rows if row.generation > 1]
    before = await uow.migrations.latest_many(again[0].org_id, [row.user_id for row in again]) if again else ()
    unwilling = {row.user_id for row in before if row.attention is Attention.COMPLAINT}
    return [
        replace(row, attention=Attention.COMPLAINT, attention_at=now) if row.user_id in unwilling else row
        for row in rows
    ]


async def _block(uow: UnitOfWork, organization: Organization, rows: Sequence[Migration], now: datetime) -> None:
    await shut_accounts(uow, organization.org_id, [row.user_id for row in rows], now)
    if organization.settings.selection is Selection.AUTOMATIC and rows:
        await _select_automatically(uow, organization, rows, now)


async def _block_warned(uow: UnitOfWork, organization: Organization, due: Sequence[str], now: datetime) -> int:
    """The end of the warning period: whoever was warned is blocked, all pages before any workflow goes on by itself."""
    warned = await uow.migrations.detected_of_domains(organization.org_id, due, PAGE)
    moved = [row for row in warned if await uow.migrations.move(row.ref, [S.DETECTED], S.BLOCKED, now)]
    entries = [
        journal_entry(row, key="block", action="block", actor=PROVISIONING, at=now, target=S.BLOCKED) for row in moved
    ]
    await uow.journal.add(entries)
    await _block(uow, organization, moved, now)
    await uow.doorbells.add_migrations([row.ref for row in moved], now)
    return len(warned)


async def _candidates(
    uow: UnitOfWork, found: Sequence[tuple[User, int]], domains: Sequence[str]
) -> Sequence[Candidate]:
    """Those found, held and as they are now: an import may have written them since, and who left is not pending."""
    generations = {user.user_id: generation for user, generation in found}
    held = await uow.users.hold_many(list(generations))
    return [
        Candidate(user, generations[user.user_id]) for user in held if user.domain in domains and not user.is_deleted
    ]


def _row(organization: Organization, candidate: Candidate, now: datetime, *, is_moving: bool) -> Migration:
    user = candidate.user
    reason = decide(
        user,
        org_id=organization.org_id,
        administrators=organization.administrators,
        minimum_client=organization.settings.minimum_client,
        has_open_migration=is_moving,
    )
    return Migration(
        org_id=organization.org_id,
        user_id=user.user_id,
        generation=candidate.generation,
        state=S.BLOCKED if reason is None else S.SKIPPED,
        since=now,
        reason=reason,
    )


async def _adopt(uow: UnitOfWork, org_id: str, candidates: Sequence[Candidate], new: Sequence[Migration]) -> None:
    """Business Edition users who were there before us count towards the totals from now on."""
    business = {row.user_id for row in new if row.reason == SkipReason.ALREADY_BUSINESS}
    users = [
        it.user
        for it in candidates
        if it.user.user_id in business
        and it.user.edition is Edition.BUSINESS
        and it.user.account_status is AccountStatus.ACTIVE
    ]
    await uow.ledger.adopt(org_id, [(user.user_id, user.storage_used_mb) for user in users])


async def _select_automatically(
    uow: UnitOfWork, organization: Organization, rows: Sequence[Migration], now: datetime
) -> None:
    """A wave for the page, released by the rows' first step: it finds the wave on its row."""
    wave = Wave(
        org_id=organization.org_id,
        wave_id=new_id(),
        command_id=f"automatic/{rows[0].ref.workflow_id}",
        actor="automatic",
        state=WaveState.RELEASED,
        activation=organization.settings.activation,
        activation_delay=organization.settings.activation_delay,
        created_at=now,
        started_at=now,
        size=len(rows),
        reported_at=now,
    )
    await uow.waves.add(wave, "")
    claimed = await uow.migrations.claim(organization.org_id, [row.ref for row in rows], wave.wave_id, wave.activation)
    await cut_tickets(uow, organization, claimed)
    await grant(uow, organization.org_id, now)


class Enrollment:
    """The organization's pages: block, then start."""

    def __init__(self, *, store: Store, clock: Clock, gateway: WorkflowGateway) -> None:
        self._store = store
        self._clock = clock
        self._gateway = gateway

    async def block_page(self, page: PageInput) -> PageOutcome:
        """Enrolls one page of users of the organization's blocked domains; `due` is when the next block begins.

        A repeat finds enrolled whom the first try enrolled, and goes on with the rest.
        """
        async with self._store.write() as uow:
            organization = await uow.organizations.get(page.org_id)
            if organization is None or organization.status is not ServiceStatus.PROVISIONED:
                return PageOutcome(more=False)
            now = self._clock.now()
            begins = {
                it.name: it.block_at for it in await uow.domains.of_organization(page.org_id) if it.block_at is not None
            }
            due = [name for name, at in begins.items() if at <= page.as_of]
            served = [name for name, at in begins.items() if name in due or _is_announced(organization, at, page.as_of)]
            warned = await _block_warned(uow, organization, due, now)
            # One kind a transaction: each locks a page of rows by user id, and a second page would begin anew.
            ended = 0 if warned else await shut_ended(uow, organization, due, now, PAGE)
            if warned or ended:
                await uow.commit()
                return PageOutcome(more=True)
            found = await uow.users.to_enroll(page.org_id, served, PAGE)
            count = await enroll(uow, organization, await _candidates(uow, found, served), now, page.as_of)
            await uow.commit()
        later = [at for at in begins.values() if at > page.as_of]
        return PageOutcome(more=len(found) == PAGE, count=count, due=min(later, default=None))

    async def start_page(self, page: PageInput) -> PageOutcome:
        """Starts the workflows of waves and rows not started yet. Starting twice is one start.

        What was started is kept although others failed, so that a slow Temporal is not asked for the whole page again.
        """
        async with self._store.read() as uow:
            rows = await uow.migrations.unstarted(page.org_id, PAGE)
            waves = await uow.waves.unstarted(page.org_id, PAGE)
        failures = await self._start_waves(waves)
        for start in range(0, len(rows), KEEP_AFTER):
            failures += await self._start_users(rows[start : start + KEEP_AFTER])
        if failures:
            raise failures[0]
        return PageOutcome(more=PAGE in (len(rows), len(waves)), count=len(rows))

    async def _start_users(self, rows: Sequence[Migration]) -> list[TemporalUnavailable]:
        failures = await _each_tried([partial(self._gateway.start_migration, row.ref, overview(row)) for row in rows])
        started = [row.ref for row, failure in zip(rows, failures, strict=True) if failure is None]
        async with self._store.write() as uow:
            await uow.migrations.set_started(started, self._clock.now())
            await uow.commit()
        return [it for it in failures if it is not None]

    async def _start_waves(self, waves: Sequence[Wave]) -> list[TemporalUnavailable]:
        if not waves:
            return []
        refs = [WaveRef(org_id=wave.org_id, wave_id=wave.wave_id) for wave in waves]
        failures = await _each_tried([partial(self._gateway.start_wave, ref) for ref in refs])
        async with self._store.write() as uow:
            for ref, failure in zip(refs, failures, strict=True):
                if failure is None:
                    await uow.waves.set_started(ref.org_id, ref.wave_id, self._clock.now())
            await uow.commit()
        return [it for it in failures if it is not None]


async def _each_tried(calls: Sequence[Callable[[], Awaitable[None]]]) -> list[TemporalUnavailable | None]:
    """What each call failed of, if it did; some at once."""
    slots = asyncio.Semaphore(STARTS_AT_ONCE)

    async def tried(call: Callable[[], Awaitable[None]]) -> TemporalUnavailable | None:
        async with slots:
            try:
                await call()
            except TemporalUnavailable as failure:
                return failure
        return None

    return await asyncio.gather(*(tried(call) for call in calls))
