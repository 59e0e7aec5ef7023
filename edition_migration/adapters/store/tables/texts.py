"""What organizations wrote themselves for their mails: every revision, the newest of a kind and language holds."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from edition_migration.adapters.store.tables.columns import ID, METADATA, NUMBER, UtcDateTime, holds, one_of
from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import OWN_TEXT_KINDS, OwnTextResult

KEPT_RESULTS = (OwnTextResult.SET, OwnTextResult.RESTORED, OwnTextResult.OURS)

own_texts = Table(
    "own_texts",
    METADATA,
    Column("revision", NUMBER, primary_key=True),
    Column("org_id", ID, ForeignKey("organizations.org_id"), nullable=False),
    Column("command_id", String(255), nullable=False),
    Column("kind", one_of(MailKind), nullable=False),
    Column("language", String(2), nullable=False),
    Column("subject", Text),
    Column("body", Text),
    Column("previous", NUMBER, ForeignKey("own_texts.revision", name="fk_own_texts_previous")),
    Column("result", one_of(OwnTextResult), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("org_id", "command_id"),
    holds("kind", OWN_TEXT_KINDS),
    holds("result", KEPT_RESULTS),
    CheckConstraint("(subject IS NULL) = (body IS NULL)", name="whole_text"),
    CheckConstraint("(result = 'ours') = (body IS NULL)", name="ours_has_no_text"),
    Index(None, "org_id", "kind", "language", "revision"),
    sqlite_autoincrement=True,
    comment="Append-only. Without a text: ours holds again. previous is what undo goes back to.",
)
