"""Small makers of rows that several use cases write: journal entries and mails."""

from collections.abc import Sequence
from datetime import datetime

from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import JournalEntry, Migration
from edition_migration.domain.names import MigrationRef, new_id
from edition_migration.domain.progress import NextMail
from edition_migration.domain.states import MigrationState
from edition_migration.ports.store import UnitOfWork

Detail = dict[str, str | int | bool | None]

WORKFLOW = "workflow"
"""The actor of the six steps."""
PROVISIONING = "provisioning"
"""The actor of what an event made happen."""


def journal_entry(
    row: Migration,
    *,
    key: str,
    action: str,
    actor: str,
    at: datetime,
    target: MigrationState,
    detail: Detail | None = None,
    source: MigrationState | None = None,
) -> JournalEntry:
    """An entry of this migration; `source` is the row's state unless told (None where the row is new)."""
    return JournalEntry(
        org_id=row.org_id,
        user_id=row.user_id,
        generation=row.generation,
        key=key,
        action=action,
        actor=actor,
        at=at,
        source=source or row.state,
        target=target,
        detail=detail or {},
    )


def user_mail(
    ref: MigrationRef, kind: MailKind, at: datetime, *, round_number: int = 1, token_id: str | None = None
) -> Mail:
    """A queued mail to the user of this migration."""
    return Mail(
        mail_id=new_id(),
        sequence=0,
        org_id=ref.org_id,
        user_id=ref.user_id,
        generation=ref.generation,
        kind=kind,
        round=round_number,
        state=MailState.QUEUED,
        created_at=at,
        not_before=None,
        token_id=token_id,
    )


def next_round(mails: Sequence[Mail], kind: MailKind) -> int:
    """The round of another mail of this kind. Of these mails of a migration older ones may be gone."""
    return max((mail.round for mail in mails if mail.kind is kind), default=0) + 1


def administrator_mail(org_id: str, kind: MailKind, at: datetime, round_number: int, *, about: str = "") -> Mail:
    """A queued mail to the organization's Notification Email; `about` is the id of a wave."""
    return Mail(
        mail_id=new_id(),
        sequence=0,
        org_id=org_id,
        user_id=None,
        generation=None,
        kind=kind,
        round=round_number,
        state=MailState.QUEUED,
        created_at=at,
        not_before=None,
        token_id=None,
        about=about,
    )


def as_next(mail: Mail | None) -> NextMail | None:
    """What the postman should know of the mail at the head of a queue; a refused one stops those behind it."""
    if mail is None or mail.state is MailState.BOUNCED:
        return None
    due = mail.held_until or mail.not_before
    return NextMail(
        kind=mail.kind,
        not_before=due,
        mail_id=mail.mail_id,
        is_requested=mail.is_requested,
        attempt=mail.attempt,
    )


async def next_mail_of(uow: UnitOfWork, ref: MigrationRef) -> NextMail | None:
    return as_next(await uow.mails.next_of_migration(ref))
