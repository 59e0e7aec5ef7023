"""The six steps of one user's migration, each one transaction: guarded move, journal row, mail rows, ledger rows.

A repeat is safe because the row is held first and its state says whether the step has still to act; what is behind it
answers Done again, a terminal state answers Stop. A mere look changes and journals nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from edition_migration.application.activation import assign_policy
from edition_migration.application.compensation import compensate
from edition_migration.application.records import WORKFLOW, Detail, journal_entry, next_mail_of, user_mail
from edition_migration.application.token_keys import TokenKeys
from edition_migration.domain.errors import Inconsistent, NotFound
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Migration, Step, TicketState
from edition_migration.domain.names import MigrationRef
from edition_migration.domain.organization import Activation, Organization
from edition_migration.domain.overview import is_behind, overview
from edition_migration.domain.progress import Done, NextMail, StepInput, Stop, Wait
from edition_migration.domain.states import (
    TERMINAL,
    AccountStatus,
    CredentialState,
    Edition,
    InactiveReason,
    sources_of,
)
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

Outcome = Done | Wait | Stop


@dataclass(frozen=True, slots=True)
class _Turn:
    """One step's transaction: the held row, the workflow's time and the stored time."""

    uow: UnitOfWork
    row: Migration
    step: Step
    as_of: datetime
    now: datetime

    @property
    def ref(self) -> MigrationRef:
        return self.row.ref

    async def organization(self) -> Organization:
        organization = await self.uow.organizations.get(self.row.org_id)
        if organization is None:
            raise NotFound("the organization of a migration is missing", mend="restore the row of organizations")
        return organization

    async def move(self, target: S, *, reason: str | None = None, detail: Detail | None = None) -> Migration:
        """The guarded move and its journal row; the row as it is now."""
        entry = journal_entry(
            self.row,
            key=f"{self.step}/{target}",
            action=self.step,
            actor=WORKFLOW,
            at=self.now,
            target=target,
            detail=detail,
        )
        is_moved = await self.uow.migrations.move(self.ref, sources_of(target), target, self.now, reason=reason)
        if not is_moved:
            raise Inconsistent("a step would move a migration where it may not go", mend="look at its journal")
        await self.uow.journal.add([entry])
        moved = await self.uow.migrations.get(self.ref)
        return moved or replace(self.row, state=target)

    async def mail(self) -> NextMail | None:
        return await next_mail_of(self.uow, self.ref)

    async def done(self, row: Migration, then: Wait | None = None) -> Done:
        return Done(overview=overview(row), mail=await self.mail(), then=then)

    async def wait(self, why: str, until: datetime | None = None) -> Wait:
        return Wait(why=why, until=until, overview=overview(self.row), mail=await self.mail())

    async def stop(self, row: Migration) -> Stop:
        return Stop(state=row.state, overview=overview(row), mail=await self.mail())


class Steps:
    """What the activities of the migration's queue call, one method a step."""

    def __init__(self, *, store: Store, clock: Clock, keys: TokenKeys) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys

    async def notify_deactivation(self, step: StepInput) -> Outcome:
        """Step 1: confirms that the account is inactive and tells the user, once in a lifetime of the account."""
        return await self._perform(step, Step.NOTIFY_DEACTIVATION, self._notify_deactivation)

    async def send_instructions(self, step: StepInput) -> Outcome:
        """Step 2: once selected and granted, sends the download URL; contacts are not transferred."""
        return await self._perform(step, Step.SEND_INSTRUCTIONS, self._send_instructions)

    async def activate(self, step: StepInput) -> Outcome:
        """Step 3: once told, uses the license, writes the effective policy, sets active with a locked credential."""
        return await self._perform(step, Step.ACTIVATE, self._activate)

    async def reset_password(self, step: StepInput) -> Outcome:
        """Step 4: one single-use token and its mail, or under single sign-on neither."""
        return await self._perform(step, Step.RESET_PASSWORD, self._reset_password)

    async def await_new_password(self, step: StepInput) -> Outcome:
        """Step 5: reads whether the user acted; at the deadline expires him with compensation."""
        return await self._perform(step, Step.AWAIT_NEW_PASSWORD, self._await_new_password)

    async def apply_policies(self, step: StepInput) -> Outcome:
        """Step 6: re-checks the policy against today's, confirms the totals, welcomes the user."""
        return await self._perform(step, Step.APPLY_POLICIES, self._apply_policies)

    async def _perform(self, given: StepInput, step: Step, effect: Callable[[_Turn], Awaitable[Outcome]]) -> Outcome:
        async with self._store.write() as uow:
            row = await uow.migrations.hold(given.migration)
            if row is None:
                raise NotFound("the migration has no row", mend="run reconcile, or restore the database")
            turn = _Turn(uow, row, step, given.as_of, self._clock.now())
            if row.state in TERMINAL or await self._is_superseded(turn):
                return await turn.stop(row)
            if is_behind(row.state, step):
                return await turn.done(row)
            outcome = await effect(turn)
            await uow.commit()
            return outcome

    async def _is_superseded(self, turn: _Turn) -> bool:
        latest = await turn.uow.migrations.latest(turn.row.org_id, turn.row.user_id)
        return latest is not None and latest.generation > turn.row.generation

    async def _notify_deactivation(self, turn: _Turn) -> Outcome:
        uow, row = turn.uow, turn.row
        moved = await turn.move(S.SELECTED if row.wave_id else S.IN_REVIEW)
        if row.generation == 1:
            await uow.mails.queue([user_mail(turn.ref, MailKind.ACCOUNT_DEACTIVATED, turn.now)])
        await uow.users.set_account(
            [row.user_id], status=AccountStatus.INACTIVE, reason=InactiveReason.GUEST_PENDING, org_id=row.org_id
        )
        await uow.sessions.end_all([row.user_id], turn.now)
        waits = None if row.wave_id else Wait(why="not selected yet", overview=overview(moved))
        return await turn.done(moved, then=waits)

    async def _send_instructions(self, turn: _Turn) -> Outcome:
        if turn.row.state is S.IN_REVIEW:
            return await turn.wait("not selected yet")
        ticket = await turn.uow.tickets.of(turn.ref)
        if ticket is None or ticket.state is not TicketState.GRANTED:
            if turn.row.state is S.SELECTED:
                moved = await turn.move(S.WAITING_CAPACITY)
                return await replace(turn, row=moved).wait("waiting for a license and storage")
            return await turn.wait("waiting for a license and storage")
        moved = await turn.move(S.INSTRUCTED)
        await turn.uow.mails.queue([user_mail(turn.ref, MailKind.INSTRUCTIONS, turn.now)])
        return await turn.done(
            moved, then=Wait(why="until the relay accepts the instructions", overview=overview(moved))
        )

    async def _activate(self, turn: _Turn) -> Outcome:
        uow, row = turn.uow, turn.row
        if row.instructions_accepted_at is None:
            return await turn.wait("until the relay accepts the instructions")
        if row.activation_requested_at is None:
            if row.activation is Activation.BY_HAND:
                return await turn.wait("until the administrator activates the user")
            if row.activate_at is not None and row.activate_at > turn.as_of:
                return await turn.wait("until the delay of the wave is over", until=row.activate_at)
        moved = await turn.move(S.ACTIVATED)
        await assign_policy(uow, row)
        await uow.users.set_account(
            [row.user_id],
            status=AccountStatus.ACTIVE,
            reason=None,
            org_id=row.org_id,
            edition=Edition.BUSINESS,
            credential=CredentialState.LOCKED,
        )
        if not await uow.ledger.use(turn.ref):
            raise Inconsistent("a granted user has no license reserved", mend="compare tickets and ledger of the user")
        return await turn.done(moved)

    async def _reset_password(self, turn: _Turn) -> Outcome:
        uow, row = turn.uow, turn.row
        organization = await turn.organization()
        if organization.is_single_sign_on:
            moved = await turn.move(S.AWAITING_FIRST_SIGN_IN)
            # Never before the user could act: a long delay of the activation must not eat the time to sign in.
            await uow.migrations.set_deadline(turn.ref, turn.now, turn.now + organization.settings.deadline)
        else:
            token = self._keys.new_token(row.org_id, row.user_id, row.generation, now=turn.now)
            moved = await turn.move(S.AWAITING_PASSWORD)
            await uow.tokens.add(token)
            await uow.mails.queue([user_mail(turn.ref, MailKind.RESET_PASSWORD, turn.now, token_id=token.token_id)])
            await uow.users.set_account(
                [row.user_id],
                status=AccountStatus.ACTIVE,
                reason=None,
                org_id=row.org_id,
                credential=CredentialState.RESET_ISSUED,
            )
        return await turn.done(await uow.migrations.get(turn.ref) or moved)

    async def _await_new_password(self, turn: _Turn) -> Outcome:
        row = turn.row
        if row.state is S.AWAITING_FIRST_SIGN_IN and row.signed_in_at is not None:
            return await turn.done(row)
        if row.deadline_at is None or row.deadline_at > turn.as_of:
            return await turn.wait("until the user acts", until=row.deadline_at)
        moved = await turn.move(S.EXPIRED)
        await compensate(turn.uow, row, turn.now, reason=InactiveReason.EXPIRED, mail=MailKind.EXPIRED)
        return await turn.stop(moved)

    async def _apply_policies(self, turn: _Turn) -> Outcome:
        if not await turn.uow.ledger.is_used(turn.ref):
            raise Inconsistent("an activated user has no license", mend="compare tickets and ledger of the user")
        is_changed = await assign_policy(turn.uow, turn.row)
        moved = await turn.move(S.MIGRATED, detail={"policy_changed": is_changed})
        await turn.uow.mails.queue([user_mail(turn.ref, MailKind.WELCOME, turn.now)])
        return await turn.done(moved)
