"""The six steps of one user's migration, each one transaction: guarded move, journal row, mail rows, ledger rows.

A repeat is safe because the row is held first and its state says whether the step has still to act; what is behind it
answers Done again, a terminal state answers Stop. A mere look changes and journals nothing.
"""

from collections.abc import Awaitable, Callable

from edition_migration.application.activation import assign_policy
from edition_migration.application.awaiting import await_user
from edition_migration.application.block import SHUT, shut_accounts
from edition_migration.application.capacity import why_waiting
from edition_migration.application.compensation import restore_guest
from edition_migration.application.parking import is_forbidden
from edition_migration.application.records import user_mail
from edition_migration.application.reservations import keep_reservation, place_in_queue
from edition_migration.application.token_keys import TokenKeys
from edition_migration.application.turn import Outcome, Turn
from edition_migration.application.waves import note_end, passes_review
from edition_migration.domain.errors import Inconsistent, NotFound
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import ADMINISTRATORS_TO_MEND, MAILLESS, Attention, Migration, Step, TicketState
from edition_migration.domain.organization import Activation
from edition_migration.domain.overview import is_behind, is_past, overview
from edition_migration.domain.progress import StepInput, Wait
from edition_migration.domain.states import (
    BEFORE_ACTIVATION,
    HELD_WITHOUT_DOMAIN,
    TERMINAL,
    AccountStatus,
    CredentialState,
    Edition,
)
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork

HELD_BY_PAUSE = (Step.SEND_INSTRUCTIONS, Step.ACTIVATE, Step.RESET_PASSWORD)
"""What the user would notice. The first step follows the block; who was told may act and be welcomed."""


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

    async def _perform(self, given: StepInput, step: Step, effect: Callable[[Turn], Awaitable[Outcome]]) -> Outcome:
        async with self._store.write() as uow:
            row = await uow.migrations.hold(given.migration)
            if row is None:
                raise NotFound("the migration has no row", mend="run reconcile, or restore the database")
            turn = Turn(uow, row, step, given.as_of, self._clock.now())
            if row.state in TERMINAL or await _is_superseded(turn):
                return await turn.stop()
            if is_behind(row.state, step):
                return await turn.done()
            if is_past(step, row):
                raise Inconsistent("the workflow is past the place of its row", mend="run `starter.py reconcile`")
            outcome = await _held(turn) or await effect(turn)
            await uow.commit()
            return outcome

    async def _notify_deactivation(self, turn: Turn) -> Outcome:
        if turn.row.state is S.DETECTED:
            return await _warn(turn)
        uow, row = turn.uow, turn.row
        moved = await turn.move(S.SELECTED if await passes_review(uow, row, turn.now) else S.IN_REVIEW)
        if not await _was_told_before(uow, row):
            await uow.mails.queue([user_mail(turn.ref, MailKind.ACCOUNT_DEACTIVATED, turn.now)])
        await _block(turn)
        waits = None if row.wave_id else Wait(why="not selected yet", overview=overview(moved.row))
        return await moved.done(then=waits)

    async def _send_instructions(self, turn: Turn) -> Outcome:
        if turn.row.state is S.IN_REVIEW:
            return await _not_released(turn)
        waits = await _forbidden(turn) or await _without_place(turn)
        if waits is not None:
            return waits
        moved = await turn.move(S.INSTRUCTED)
        await turn.uow.mails.queue([user_mail(turn.ref, MailKind.INSTRUCTIONS, turn.now)])
        return await moved.done(then=Wait(why="until the relay accepts the instructions", overview=overview(moved.row)))

    async def _activate(self, turn: Turn) -> Outcome:
        uow, row = turn.uow, turn.row
        waits = await _not_told(turn) or await _not_due(turn) or await _forbidden(turn) or await _without_place(turn)
        if waits is not None:
            return waits
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
        return await moved.done()

    async def _reset_password(self, turn: Turn) -> Outcome:
        uow, row = turn.uow, turn.row
        if row.password_set_at is not None:
            await _set_federated(turn)
            return await (await turn.move(S.PASSWORD_SET)).done()
        organization = await turn.organization()
        if organization.is_single_sign_on or row.signed_in_at is not None:
            moved = await turn.move(S.AWAITING_FIRST_SIGN_IN)
            # Never before the user could act: a long delay of the activation must not eat the time to sign in.
            await uow.migrations.set_deadline(turn.ref, turn.now, turn.now + organization.settings.deadline)
            return await (await moved.again()).done()
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
        return await moved.done()

    async def _await_new_password(self, turn: Turn) -> Outcome:
        return await await_user(turn, self._keys)

    async def _apply_policies(self, turn: Turn) -> Outcome:
        if not await turn.uow.ledger.is_used(turn.ref):
            raise Inconsistent("an activated user has no license", mend="compare tickets and ledger of the user")
        if (waits := await _forbidden(turn)) is not None:
            return waits
        is_changed = await assign_policy(turn.uow, turn.row)
        moved = await turn.move(S.MIGRATED, detail={"policy_changed": is_changed})
        if turn.row.attention not in MAILLESS:  # behind a refused mail it would wait for ever
            await turn.uow.mails.queue([user_mail(turn.ref, MailKind.WELCOME, turn.now)])
        await note_end(turn.uow, turn.row, turn.now)
        return await moved.done()


async def _is_superseded(turn: Turn) -> bool:
    latest = await turn.uow.migrations.latest(turn.row.org_id, turn.row.user_id)
    return latest is not None and latest.generation > turn.row.generation


async def _held(turn: Turn) -> Outcome | None:
    """A pause, which a ring ends; or the domain is gone, which a time ends, and then the user is a guest again."""
    row = turn.row
    if row.hold_ends_at is not None and row.state in HELD_WITHOUT_DOMAIN:
        if row.hold_ends_at > turn.as_of:
            return await turn.wait("until the domain is back, or the hold ends", until=row.hold_ends_at)
        ended = await turn.move(S.CANCELLED, reason=(await turn.organization()).why_a_domain_is_gone)
        await restore_guest(turn.uow, row, turn.now)
        return await ended.stop()
    if turn.step in HELD_BY_PAUSE and await turn.uow.pauses.is_paused(row.org_id):
        return await turn.wait("paused")
    return None


async def _warn(turn: Turn) -> Wait:
    """Before the block: one mail, and the wait until the organization blocks everybody of the domain, which rings."""
    user = await turn.uow.users.get(turn.row.user_id)
    domain = await turn.uow.domains.get(user.domain) if user and user.domain else None
    if domain is None or domain.block_at is None or domain.block_at <= turn.as_of:
        return await turn.wait("until the domain is blocked")
    await turn.uow.mails.queue([user_mail(turn.ref, MailKind.COMING_SOON, turn.now)])
    return await turn.wait("the warning period", until=domain.block_at)


async def _block(turn: Turn) -> None:
    """Confirms what the block has done to the account. A repeat changes nothing."""
    row = turn.row
    await turn.uow.mails.suppress_unsent(turn.ref, {MailKind.COMING_SOON})
    await shut_accounts(turn.uow, row.org_id, [row.user_id], turn.now)


async def _forbidden(turn: Turn) -> Wait | None:
    """Parks whom the policy keeps from the Business Edition; lets on whom it kept before and keeps no more."""
    row, uow = turn.row, turn.uow
    if await is_forbidden(uow, row):
        await uow.migrations.set_attention(turn.ref, Attention.POLICY, turn.now)
        parked = await turn.again()
        until = None
        if row.state in BEFORE_ACTIVATION:
            until = await keep_reservation(turn, parked.row.attention_at or turn.now)
        return await parked.wait("until the policy allows the user", until=until)
    if row.attention is Attention.POLICY:
        await uow.mails.requeue_refused(turn.ref)  # what the policy hid is seen again, if it is refused again
        await uow.migrations.set_attention(turn.ref, None, turn.now)
    return None


async def _was_told_before(uow: UnitOfWork, row: Migration) -> bool:
    """Selected anew, he knows that he is inactive; not so whom a block shut since, or before he was told of any."""
    before = await uow.migrations.get(row.ref.before) if row.generation > 1 else None
    if before is None or before.left_to_the_block is None:
        return False
    entries = [it for it in await uow.journal.of_user(row.org_id, row.user_id) if it.generation == before.generation]
    was_shut_since = any(it.action == SHUT and it.target is before.state for it in entries)
    return not was_shut_since and any(it.action == Step.NOTIFY_DEACTIVATION for it in entries)


async def _without_place(turn: Turn) -> Wait | None:
    """None once license and storage are reserved; else his place in the queue is kept, or taken anew."""
    ticket = await place_in_queue(turn.uow, turn.row, turn.now)
    if ticket.state is TicketState.GRANTED:
        return None
    why = await why_waiting(turn.uow, ticket)
    if turn.row.state is S.SELECTED:
        turn = await turn.move(S.WAITING_CAPACITY, round_number=ticket.number)
    return await turn.wait(why)


async def _not_released(turn: Turn) -> Wait:
    """Not in a wave yet, or its time has not come; who is parked keeps no license from others meanwhile."""
    row = turn.row
    is_parked = row.attention in ADMINISTRATORS_TO_MEND
    until = await keep_reservation(turn, row.attention_at or row.since) if is_parked else None
    return await turn.wait("not selected yet", until=until)


async def _not_told(turn: Turn) -> Wait | None:
    """Also whose mail came back after the relay had accepted it: no license is used for whom no mail reaches."""
    row = turn.row
    if row.instructions_accepted_at is not None and row.attention not in MAILLESS:
        return None
    until = None
    if row.attention in MAILLESS:
        until = await keep_reservation(turn, row.attention_at or row.since)
    return await turn.wait("until the relay accepts the instructions", until=until)


async def _not_due(turn: Turn) -> Wait | None:
    """What the wave says: at once, by hand, or after a delay. The command `activate` is stronger than all."""
    row = turn.row
    if row.activation_requested_at is not None:
        return None
    if row.activation is Activation.BY_HAND:
        told_at = row.instructions_accepted_at or row.since
        until = await keep_reservation(turn, told_at)
        return await turn.wait("until the administrator activates the user", until=until)
    if row.activate_at is not None and row.activate_at > turn.as_of:
        return await turn.wait("until the delay of the wave is over", until=row.activate_at)
    return None


async def _set_federated(turn: Turn) -> None:
    """The password was set elsewhere while nobody waited for it yet."""
    user = await turn.uow.users.hold(turn.row.user_id)
    if user is not None:
        await turn.uow.users.put([user.with_credential_elsewhere()])
