"""What the end of a mail means for its migration: what a step waits for, and what begins to run. Used by `Delivery`.

Everything here is in the transaction that marks the mail and holds the migration's row.
"""

from datetime import datetime

from edition_migration.application.rows import organization_of
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention, Migration
from edition_migration.domain.organization import Activation
from edition_migration.ports.store import UnitOfWork


async def tell_migration(uow: UnitOfWork, row: Migration, mail: Mail, state: MailState, now: datetime) -> None:
    """Instructions accepted, the life of the link, the deadline; or the user is parked."""
    if state is MailState.SUPPRESSED:
        return
    if state is MailState.BOUNCED:
        await uow.migrations.set_attention(row.ref, Attention.UNDELIVERABLE, now)
    else:
        await start_life(uow, mail, now)
    if mail.kind is MailKind.INSTRUCTIONS and state is MailState.ACCEPTED:
        wave = await uow.waves.get(row.org_id, row.wave_id) if row.wave_id else None
        # An organization keeps its delay in the settings whatever its activation is; only a delayed one waits.
        activate_at = now + wave.activation_delay if wave and wave.activation is Activation.DELAYED else None
        await uow.migrations.set_instructions_accepted(row.ref, now, activate_at)
    if mail.kind is MailKind.RESET_PASSWORD:
        organization = await organization_of(uow, row.org_id)
        await uow.migrations.set_deadline(row.ref, now, now + organization.settings.deadline)


async def start_life(uow: UnitOfWork, mail: Mail, now: datetime) -> None:
    """The link of this mail may have been read from now on."""
    if mail.token_id is not None:
        organization = await organization_of(uow, mail.org_id)
        await uow.tokens.start_life(mail.token_id, now + organization.settings.link_lifetime)


async def overrule_refusal(
    uow: UnitOfWork, row: Migration | None, mail_id: str, now: datetime, code: int | None
) -> bool:
    """Two tries spoke for one mail and one was refused: the relay has it all the same. Nobody waits for this try."""
    if not await uow.mails.mark(mail_id, [MailState.BOUNCED], MailState.ACCEPTED, now, reply_code=code):
        return False
    if row is not None:
        if row.attention is Attention.UNDELIVERABLE:
            await uow.migrations.set_attention(row.ref, None, now)
        await uow.doorbells.add_migrations([row.ref], now)
    return True
