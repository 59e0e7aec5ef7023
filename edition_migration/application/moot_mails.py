"""Whether a mail still says something true when its turn comes. Used by the postman's use case before each sending."""

from datetime import datetime

from edition_migration.application.awaiting import MARGIN
from edition_migration.domain.mail import ABOUT_THE_END, Mail, MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.states import AWAITING_USER
from edition_migration.domain.token import USABLE
from edition_migration.ports.store import UnitOfWork


async def is_moot(uow: UnitOfWork, mail: Mail, row: Migration | None) -> bool:
    """Whether the mail came too late: its migration has ended, the user has acted, a newer link killed its own."""
    if row is None or (not row.is_open and mail.kind not in ABOUT_THE_END):
        return True
    if mail.kind is MailKind.REMINDER and row.state not in AWAITING_USER:
        return True
    if mail.token_id is None:
        return False
    token = await uow.tokens.get(mail.token_id)
    return token is None or token.state not in USABLE


async def has_dead_link(uow: UnitOfWork, mail: Mail, present: datetime) -> bool:
    """Held for long, the mail would bring a link that has expired; a reminder not even one that is about to."""
    token = await uow.tokens.get(mail.token_id) if mail.token_id else None
    if token is None or token.expires_at is None:
        return False
    return token.expires_at <= (present + MARGIN if mail.kind is MailKind.REMINDER else present)
