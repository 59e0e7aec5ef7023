"""What every end before the goal takes back, inside the transaction that ends it (design section 3: never a saga)."""

from datetime import datetime

from edition_migration.application.block import Place, await_block, place_of
from edition_migration.application.capacity import give_back
from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.records import user_mail
from edition_migration.application.rows import organization_of
from edition_migration.application.waves import note_end
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import MAILLESS, Migration
from edition_migration.domain.states import (
    ACTIVATED_BY_US,
    AFTER_ACTIVATION,
    AccountStatus,
    CredentialState,
    Edition,
    InactiveReason,
)
from edition_migration.domain.user import User
from edition_migration.ports.store import UnitOfWork


async def compensate(
    uow: UnitOfWork, row: Migration, now: datetime, *, reason: InactiveReason, mail: MailKind | None
) -> None:
    """Kills links, ends sessions, sets inactive with `reason`, releases license and storage, rings who may use them.

    Where no block holds him any more he is a guest of nobody again. `row` is as it was before the move. `mail` goes
    only to a user who heard of the migration from us before. A repeat finds nothing more to take back.
    """
    user = await uow.users.get(row.user_id)
    if user is None or await place_of(uow, await organization_of(uow, row.org_id), user) is not Place.OURS:
        await let_out(uow, row, now, mail=mail)
        return
    await _say_last(uow, row, now, mail)
    await uow.users.set_account(
        [row.user_id],
        status=AccountStatus.INACTIVE,
        reason=reason,
        org_id=row.org_id,
        edition=Edition.GUEST,
        credential=CredentialState.LOCKED if row.state in ACTIVATED_BY_US else None,
    )
    await _release(uow, row, now)


async def let_out(uow: UnitOfWork, row: Migration, now: datetime, *, mail: MailKind | None) -> None:
    """As `restore_guest`, of whose end leaves the account to the block: another block of his domain finds him again."""
    await _say_last(uow, row, now, mail)
    await _free_account(uow, row, now, Edition.GUEST if row.state in ACTIVATED_BY_US else None)
    await await_block(uow, row)


async def restore_guest(
    uow: UnitOfWork, row: Migration, now: datetime, *, mail: MailKind | None = MailKind.CANCELLED
) -> None:
    """Where user and organization part: a guest of nobody again, as the provisioning side reports him.

    `row` is as it was before the move, in any state. A password that he had, or has chosen, opens the account again.
    Who is migrated keeps his edition. `mail` and repeats as with `compensate`.
    """
    await _say_last(uow, row, now, mail)
    await _free_account(uow, row, now, Edition.GUEST if row.state in AFTER_ACTIVATION else None)


async def _free_account(uow: UnitOfWork, row: Migration, now: datetime, edition: Edition | None) -> None:
    user = await uow.users.get(row.user_id)
    if user is None:
        return
    is_shut = user.credential_state in (CredentialState.LOCKED, CredentialState.RESET_ISSUED)
    await uow.users.set_account(
        [row.user_id],
        status=user.reported_status,
        reason=user.reported_inactive_reason,
        org_id=None,
        edition=edition,
        credential=CredentialState.SET if is_shut and user.password_hash is not None else None,
    )
    await _offer(uow, row, user, now)
    await _release(uow, row, now)


async def _offer(uow: UnitOfWork, row: Migration, user: User, now: datetime) -> None:
    """His domain may be another organization's by now, which passed him over while he was not free."""
    domain = await uow.domains.get(user.domain) if user.domain else None
    if domain is None or not domain.is_claimed or domain.org_id == row.org_id:
        return
    if await uow.migrations.latest(domain.org_id, user.user_id) is not None:
        await uow.errands.add(domain.org_id, ErrandKind.REVIEW_USER, user.user_id, now)
    await uow.doorbells.add_organization(domain.org_id, now)


async def _say_last(uow: UnitOfWork, row: Migration, now: datetime, mail: MailKind | None) -> None:
    """No link works any more and no mail of before goes out; one last mail does, where one was accepted before."""
    await uow.tokens.kill_all(row.ref)
    await uow.mails.suppress_unsent(row.ref)
    is_reachable = row.attention not in MAILLESS  # a refused mail stops those behind it
    if mail is not None and is_reachable and await uow.mails.was_any_accepted(row.ref):
        await uow.mails.queue([user_mail(row.ref, mail, now)])


async def _release(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.policies.remove_assignment(row.user_id)
    await uow.sessions.end_all([row.user_id], now)
    await give_back(uow, row, now)
    await note_end(uow, row, now)
