"""Mails with a link to choose a password: one token and one mail, always together.

Used by the fourth step, reminders, `resend`, the page's "send me a new one", the end of single sign-on, and where a
link died unused.
"""

from datetime import datetime
from typing import Protocol

from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.records import next_round, user_mail
from edition_migration.domain.mail import LINK_MAILS, MailKind
from edition_migration.domain.migration import Migration
from edition_migration.domain.token import ResetToken
from edition_migration.ports.store import UnitOfWork


class LinkKeys(Protocol):
    """Makes rows of new links; `application/token_keys.py`."""

    def new_token(
        self, org_id: str, user_id: str, generation: int, *, now: datetime, is_requested: bool = False
    ) -> ResetToken: ...


async def queue_link(
    uow: UnitOfWork, keys: LinkKeys, row: Migration, kind: MailKind, now: datetime, *, is_requested: bool = False
) -> str:
    """A new link and the next mail of this kind that carries it; its token's id.

    The link lives from the moment that its mail is sent, which kills the older one; until then the older one serves.
    A mail with an older link that was not sent yet is not sent any more, so that none comes alive after a newer one.
    Before there is a deadline the mail is a `reset_password` whatever was asked for, as that starts it.
    """
    await uow.mails.suppress_unsent(row.ref, LINK_MAILS)
    if row.deadline_at is None:
        kind = MailKind.RESET_PASSWORD
    token = keys.new_token(row.org_id, row.user_id, row.generation, now=now, is_requested=is_requested)
    await uow.tokens.add(token)
    await queue_again(uow, row, kind, now, token_id=token.token_id)
    return token.token_id


async def order_link(uow: UnitOfWork, row: Migration, now: datetime) -> None:
    """The links that he has die, and an errand of the organization, which has the keys, mails another."""
    await uow.tokens.kill_all(row.ref)
    await uow.errands.add(row.org_id, ErrandKind.RENEW_LINK, row.user_id, now)
    await uow.doorbells.add_organization(row.org_id, now)


async def queue_again(
    uow: UnitOfWork, row: Migration, kind: MailKind, now: datetime, *, token_id: str | None = None
) -> None:
    """The next mail of this kind to the user; one that was not sent yet is not sent any more."""
    await uow.mails.suppress_unsent(row.ref, {kind})
    round_number = next_round(await uow.mails.of_migration(row.ref), kind)
    await uow.mails.queue([user_mail(row.ref, kind, now, round_number=round_number, token_id=token_id)])
