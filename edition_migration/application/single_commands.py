"""What each command on one user does, one function a command. `select` is a selection of one: `selection.py`.

Each checks, changes and journals in the transaction that its turn holds; compensation is inside it, never a saga.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from edition_migration.application.awaiting import give_more_time
from edition_migration.application.block import await_block
from edition_migration.application.command_turn import CommandTurn, command_key
from edition_migration.application.compensation import compensate
from edition_migration.application.deselection import deselect, is_deselectable
from edition_migration.application.links import LinkKeys, queue_again, queue_link
from edition_migration.application.parking import unpark
from edition_migration.application.rows import organization_of
from edition_migration.domain.commands import LEGAL_IN, CommandAnswer, CommandKind
from edition_migration.domain.deadlines import LONGEST_DEADLINE, is_undoable
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import MAILLESS, Attention
from edition_migration.domain.organization import OrganizationSettings
from edition_migration.domain.states import AWAITING_USER, OPEN, CancelReason, InactiveReason, SkipReason, sources_of
from edition_migration.domain.states import MigrationState as S


async def _deselect(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    row, command = turn.row, turn.command
    if row.state not in OPEN:
        return turn.refused("already_ended", "there is nothing to deselect")
    if not is_deselectable(row):
        if row.wave_id is None:
            return turn.refused("not_selected", "he is in no wave")
        return turn.refused("already_instructed", "he has been told: cancel the migration instead")
    key = command_key(command.command_id)
    return turn.done(await deselect(turn.uow, row, turn.now, actor=command.request.actor, key=key))


async def _exclude(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    row = turn.row
    if row.state not in OPEN:
        return turn.refused("already_ended", "there is nothing to exclude")
    if row.wave_id is not None or row.state not in sources_of(S.SKIPPED):
        mend = "deselect him first" if is_deselectable(row) else "a selected user can be cancelled"
        return turn.refused("not_in_review", mend)
    answer = await turn.end(S.SKIPPED, SkipReason.EXCLUDED)
    if row.state is S.DETECTED:
        await await_block(turn.uow, row)
    return answer


async def _activate(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    if turn.row.state is not S.INSTRUCTED:
        return turn.refused("not_instructed", "only a user who has his instructions can be activated")
    if (refusal := _parked(turn)) is not None:
        return refusal
    await turn.uow.migrations.request_activation(turn.row.ref, turn.now)
    return await turn.stay()


async def _resend(turn: CommandTurn, keys: LinkKeys) -> CommandAnswer:
    """A new link, or under single sign-on and before activation the instructions once more."""
    uow, row = turn.uow, turn.row
    if row.state not in LEGAL_IN[CommandKind.RESEND]:
        return turn.refused("nothing_to_resend", "only who has instructions or a link can get them again")
    if row.hold_ends_at is not None:
        return turn.refused("held", "his domain is gone: no link works until it is back, or the hold ends")
    if row.attention in MAILLESS and (refusal := _parked(turn)) is not None:
        return refusal
    is_on_its_way = (
        row.deadline_at is None if row.state is S.AWAITING_PASSWORD else row.instructions_accepted_at is None
    )
    if is_on_its_way:
        return turn.refused("still_on_its_way", "the first mail has not been sent yet")
    if row.state is S.AWAITING_PASSWORD:
        await queue_link(uow, keys, row, MailKind.NEW_LINK, turn.now)
    else:
        await queue_again(uow, row, MailKind.INSTRUCTIONS, turn.now)
    return await turn.stay()


def _parked(turn: CommandTurn) -> CommandAnswer | None:
    """What stops the user, and so would leave him where he is until somebody mends it."""
    match turn.row.attention:
        case Attention.COMPLAINT:
            return turn.refused("unwanted", "he called our mail unwanted: ask him, then say retry")
        case Attention.UNDELIVERABLE:
            return turn.refused("undeliverable", "mend the address with fix-address, or say retry")
        case Attention.POLICY:
            return turn.refused("forbidden", "allow him the Business Edition in the policy first")
        case _:
            return None


async def _extend_deadline(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    """Later by the extension, from the deadline as it is; moments to remind that have passed stay passed."""
    row = turn.row
    if row.state not in AWAITING_USER:
        return _without_deadline(turn)
    given = turn.command.request.extension
    extension = (await _settings(turn)).deadline if given is None else given
    if extension <= timedelta():
        return turn.refused("not_longer", "give a span like 7d")
    if extension > LONGEST_DEADLINE:
        return turn.refused("too_long", f"give {LONGEST_DEADLINE.days} days or less")
    clock = await give_more_time(turn.uow, row, extension, turn.now)
    if clock is None:
        return _without_deadline(turn)
    return await turn.stay({"deadline": clock.effective.isoformat(), "by": turn.command.request.extension_text})


def _without_deadline(turn: CommandTurn) -> CommandAnswer:
    return turn.refused("no_deadline", "only who waits for a password or a first sign-in has a deadline")


async def _retry(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    """Goes on where it stopped; a workflow that is missing is started again and walks its journal."""
    uow, row = turn.uow, turn.row
    if not row.is_open:
        return turn.refused("already_ended", "there is nothing to retry")
    if row.attention is None:
        return turn.refused("nothing_to_retry", "nothing stops this user; see `starter.py user show`")
    if row.attention is Attention.WORKFLOW_MISSING:
        await uow.migrations.restart(row.ref)
        await uow.doorbells.add_organization(row.org_id, turn.now)
    await unpark(uow, row, turn.now)
    return await turn.stay({"attention": row.attention})


async def _cancel(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    """In the warning period there is nothing to take back: he signs in until the block begins, as he was told."""
    if turn.row.state not in OPEN:
        return turn.refused("already_ended", "there is nothing to cancel")
    answer = await turn.end(S.CANCELLED, CancelReason.ADMINISTRATOR)
    if turn.row.state is S.DETECTED:
        await await_block(turn.uow, turn.row)
        return answer
    await compensate(turn.uow, turn.row, turn.now, reason=InactiveReason.GUEST_PENDING, mail=MailKind.CANCELLED)
    return answer


async def _undo(turn: CommandTurn, _: LinkKeys) -> CommandAnswer:
    """Inactive and pending again, license and storage released; the password that he chose is not his key any more."""
    if turn.row.state is not S.MIGRATED:
        return turn.refused("not_migrated", _why_not_undoable(turn.row.state))
    user = await turn.uow.users.get(turn.row.user_id)
    if user is None or user.is_deleted:
        return turn.refused("is_deleted", "the user is deleted: there is no account to give back")
    if user.org_id != turn.row.org_id:
        return turn.refused("has_left", "the directory has taken this user out of the organization since")
    window = (await _settings(turn)).undo_window
    if not is_undoable(turn.row.since, window, turn.now):
        return turn.refused("too_late", f"a migration can be undone for {window.days} days")
    answer = await turn.end(S.UNDONE)
    await compensate(turn.uow, turn.row, turn.now, reason=InactiveReason.GUEST_PENDING, mail=MailKind.UNDONE)
    return answer


def _why_not_undoable(state: S) -> str:
    if state is S.UNDONE:
        return "it is undone already"
    if state in OPEN:
        return "only a finished migration can be undone; an open one can be cancelled"
    return "only a finished migration can be undone; this one has ended otherwise"


async def _settings(turn: CommandTurn) -> OrganizationSettings:
    return (await organization_of(turn.uow, turn.row.org_id)).settings


ACTS: Mapping[CommandKind, Callable[[CommandTurn, LinkKeys], Awaitable[CommandAnswer]]] = {
    CommandKind.DESELECT: _deselect,
    CommandKind.EXCLUDE: _exclude,
    CommandKind.ACTIVATE: _activate,
    CommandKind.RESEND: _resend,
    CommandKind.EXTEND_DEADLINE: _extend_deadline,
    CommandKind.RETRY: _retry,
    CommandKind.CANCEL: _cancel,
    CommandKind.UNDO: _undo,
}
"""The command's effect; a refusal changes nothing."""
