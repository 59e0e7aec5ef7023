"""What every end before the goal takes back, inside the transaction that ends it (design section 3: never a saga)."""

from datetime import datetime

from edition_migration.application.records import user_mail
from edition_migration.domain.mail import MailKind
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.states import AFTER_ACTIVATION, AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.ports.store import UnitOfWork


async def compensate(
    uow: UnitOfWork, row: Migration, now: datetime, *, reason: InactiveReason, mail: MailKind | None
) -> None:
    """Kills links, ends sessions, sets inactive with `reason`, releases license and storage, rings who may use them.

    `row` is as it was before the move. `mail` goes only to a user who heard of the migration from us before.
    A repeat finds nothing more to take back.
    """
    ref = row.ref
    await uow.tokens.kill_all(ref)
    await uow.mails.suppress_unsent(ref)
    is_reachable = row.attention is not Attention.UNDELIVERABLE  # a refused mail stops those behind it
    if mail is not None and is_reachable and await uow.mails.was_any_accepted(ref):
        await uow.mails.queue([user_mail(ref, mail, now)])
    await uow.users.set_account(
        [row.user_id],
        status=AccountStatus.INACTIVE,
        reason=reason,
        org_id=row.org_id,
        edition=Edition.GUEST,
        credential=CredentialState.LOCKED if row.state in AFTER_ACTIVATION else None,
    )
    await _release(uow, row, now)


async def restore_guest(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """Before activation only: the account becomes again what the provisioning side says, a guest of nobody."""
    user = await uow.users.get(row.user_id)
    if user is None:
        return
    await uow.mails.suppress_unsent(row.ref)
    await uow.users.set_account(
        [row.user_id],
        status=user.reported_status,
        reason=user.reported_inactive_reason,
        org_id=None,
    )
    await _release(uow, row, now)


async def _release(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    await uow.policies.remove_assignment(row.user_id)
    await uow.sessions.end_all([row.user_id], now)
    await uow.tickets.close(row.ref)
    await uow.ledger.release(row.ref)
    await uow.doorbells.add_organization(row.org_id, now)
