"""One user's migration: the row, its journal, reset tokens and mails."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from edition_migration.adapters.store.tables.columns import (
    ID,
    METADATA,
    NUMBER,
    UtcDateTime,
    holds,
    one_of,
    quoted,
)
from edition_migration.domain.mail import UNSENT, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import Activation
from edition_migration.domain.states import OPEN, SELECTABLE, CancelReason, MigrationState
from edition_migration.domain.token import TokenState


class Postman(StrEnum):
    """Whose queue a mail stands in."""

    MIGRATION = "migration"
    ORGANIZATION = "organization"


COMING_BACK = (
    CancelReason.DOMAIN_REMOVED,
    CancelReason.DEPROVISIONED,
    CancelReason.LEFT_DOMAIN,
    CancelReason.NO_LONGER_ELIGIBLE,
)
"""Cancelled for these the user is enrolled again when the domain or the service comes again, or he to the domain. Who
left the company is so skipped for today's reason, and pending again if he comes back."""


def _of_migration() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["org_id", "user_id", "generation"],
        ["migrations.org_id", "migrations.user_id", "migrations.generation"],
    )


_OPEN = text(f"state IN ({quoted(OPEN)})")
_PENDING = text(f"wave_id IS NULL AND state IN ({quoted(SELECTABLE)})")
_IN_REVIEW = text(f"state IN ({quoted([MigrationState.IN_REVIEW])})")
_UNSTARTED = text(f"started_at IS NULL AND state IN ({quoted(OPEN)})")
_PARKED = text("attention IS NOT NULL")
_LIVE = text(f"state IN ({quoted([TokenState.LIVE])})")
_WITH_TOKEN = text("token_id IS NOT NULL")
_TO_THE_ORGANIZATION = text("user_id IS NULL")
_UNSENT = text(f"state IN ({quoted(UNSENT)})")
_UNSENT_BY_ORGANIZATION = text(f"postman IN ({quoted([Postman.ORGANIZATION])}) AND state IN ({quoted(UNSENT)})")

migrations = Table(
    "migrations",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("user_id", ID, ForeignKey("users.user_id"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("state", one_of(MigrationState), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("reason", String(64)),
    Column("wave_id", ID),
    Column("started_at", UtcDateTime),
    Column("activation", one_of(Activation), nullable=False),
    Column("activate_at", UtcDateTime),
    Column("activation_requested_at", UtcDateTime),
    Column("instructions_accepted_at", UtcDateTime),
    Column("signed_in_at", UtcDateTime),
    Column("deadline_from", UtcDateTime),
    Column("deadline_at", UtcDateTime),
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("password_set_at", UtcDateTime),
    Column("hold_ends_at", UtcDateTime),
    Column("attention", one_of(Attention)),
    Column("attention_at", UtcDateTime),
    # Deferred: a selection claims its users before it writes the wave with the answer about them.
    ForeignKeyConstraint(
        ["org_id", "wave_id"], ["waves.org_id", "waves.wave_id"], deferrable=True, initially="DEFERRED"
    ),
    holds("state", MigrationState),
    holds("activation", Activation),
    holds("attention", Attention),
    CheckConstraint("generation >= 1", name="generation"),
    CheckConstraint("reminders >= 0", name="reminders"),
    Index("uq_migrations_open_user", "user_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_migrations_user_id", "user_id"),
    Index("ix_migrations_state", "org_id", "state", "user_id"),
    Index("ix_migrations_pending", "org_id", "user_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_migrations_wave", "org_id", "wave_id", "user_id", sqlite_where=_IN_REVIEW, postgresql_where=_IN_REVIEW),
    Index("ix_migrations_open_in_wave", "org_id", "wave_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(
        "ix_migrations_parked", "org_id", "attention", "attention_at", sqlite_where=_PARKED, postgresql_where=_PARKED
    ),
    Index(
        "ix_migrations_unstarted",
        "org_id",
        "since",
        "user_id",
        sqlite_where=_UNSTARTED,
        postgresql_where=_UNSTARTED,
    ),
)

journal = Table(
    "journal",
    METADATA,
    Column("entry_id", NUMBER, primary_key=True),
    Column("org_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("key", String(255), nullable=False),
    Column("action", String(64), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("source", one_of(MigrationState)),
    Column("target", one_of(MigrationState), nullable=False),
    Column("detail", JSON, nullable=False),
    _of_migration(),
    UniqueConstraint("org_id", "user_id", "generation", "key"),
    holds("source", MigrationState),
    holds("target", MigrationState),
    sqlite_autoincrement=True,
    comment="Append-only. The key of a command is its command id.",
)

seals = Table(
    "seals",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("entry_id", NUMBER, ForeignKey("journal.entry_id"), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
    CheckConstraint("position >= 1", name="position"),
    comment="The chain over each organization's journal: each hash covers its entry and the hash before it.",
)

reset_tokens = Table(
    "reset_tokens",
    METADATA,
    Column("token_id", ID, primary_key=True),
    Column("org_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("state", one_of(TokenState), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("is_requested", Boolean, nullable=False),
    _of_migration(),
    holds("state", TokenState),
    Index(None, "org_id", "user_id", "generation"),
    Index(None, "created_at"),
    Index(
        "uq_reset_tokens_live",
        "org_id",
        "user_id",
        "generation",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)

mails = Table(
    "mails",
    METADATA,
    Column("sequence", NUMBER, primary_key=True),
    Column("mail_id", ID, nullable=False, unique=True),
    Column("org_id", ID, ForeignKey("organizations.org_id"), nullable=False),
    Column("user_id", ID),
    Column("generation", Integer),
    Column("postman", one_of(Postman), nullable=False),
    Column("kind", one_of(MailKind), nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", one_of(MailState), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Column("held_until", UtcDateTime),
    Column("token_id", ID, ForeignKey("reset_tokens.token_id")),
    Column("attempts", Integer, nullable=False),
    Column("reply_code", Integer),
    Column("sending_at", UtcDateTime),
    Column("accepted_at", UtcDateTime),
    Column("about", String(64), nullable=False, server_default=""),
    Column("text_revision", NUMBER, comment="Of the organization's own texts, as of the first sending."),
    Column("figures", Text, comment="What a mail to administrators says: ids and counts, JSON."),
    _of_migration(),
    UniqueConstraint("org_id", "user_id", "generation", "kind", "round"),
    holds("postman", Postman),
    holds("kind", MailKind),
    holds("state", MailState),
    CheckConstraint("(user_id IS NULL) = (generation IS NULL)", name="whole_migration"),
    CheckConstraint("user_id IS NOT NULL OR postman = 'organization'", name="postman_of_organization"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("state <> 'accepted' OR accepted_at IS NOT NULL", name="accepted_at"),
    Index(
        "uq_mails_organization",
        "org_id",
        "kind",
        "round",
        "about",
        unique=True,
        sqlite_where=_TO_THE_ORGANIZATION,
        postgresql_where=_TO_THE_ORGANIZATION,
    ),
    Index("ix_mails_of_migration", "org_id", "user_id", "generation", "sequence"),
    Index("ix_mails_unsent", "created_at", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    Index(None, "created_at"),
    Index("ix_mails_token_id", "token_id", sqlite_where=_WITH_TOKEN, postgresql_where=_WITH_TOKEN),
    Index(
        "ix_mails_unsent_by_organization",
        "org_id",
        "held_until",
        "sequence",
        sqlite_where=_UNSENT_BY_ORGANIZATION,
        postgresql_where=_UNSENT_BY_ORGANIZATION,
    ),
    sqlite_autoincrement=True,
)
