"""What is to be done: the inbox of events, doorbells, errands."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from edition_migration.adapters.store.tables.columns import ID, METADATA, NUMBER, UtcDateTime, holds, one_of, quoted
from edition_migration.ports.store_events import InboxState

_PENDING = text(f"state IN ({quoted([InboxState.PENDING])})")
_RUNNING = text("ended_at IS NULL")
_FAILED = text("failure IS NOT NULL")

inbox = Table(
    "inbox",
    METADATA,
    Column("inbox_id", NUMBER, primary_key=True),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("org_id", ID),
    Column("user_id", ID),
    Column("body", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", one_of(InboxState), nullable=False),
    Column("reason", Text),
    Column("failure", String(32)),
    Column("wants", Text),
    UniqueConstraint("source", "event_id"),
    holds("state", InboxState),
    Index("ix_inbox_pending", "org_id", "inbox_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index("ix_inbox_failure", "failure", "wants", sqlite_where=_FAILED, postgresql_where=_FAILED),
    Index("ix_inbox_org_id", "org_id", "inbox_id"),
    Index("ix_inbox_user_id", "org_id", "user_id", "type"),
    Index(None, "received_at"),
    sqlite_autoincrement=True,
    comment="No foreign key: an event may come before its organization and its user.",
)

doorbells = Table(
    "doorbells",
    METADATA,
    Column("bell_id", NUMBER, primary_key=True),
    Column("org_id", ID, nullable=False),
    Column("user_id", ID),
    Column("generation", Integer),
    Column("rung_at", UtcDateTime, nullable=False),
    Column("wave_id", ID),
    CheckConstraint("(user_id IS NULL) = (generation IS NULL)", name="whole_migration"),
    CheckConstraint("user_id IS NULL OR wave_id IS NULL", name="one_workflow"),
    # A number used again would let the removal of an old bell take a new one.
    sqlite_autoincrement=True,
)

errands = Table(
    "errands",
    METADATA,
    Column("errand_id", NUMBER, primary_key=True),
    Column("org_id", ID, ForeignKey("organizations.org_id"), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("argument", Text, nullable=False),
    Column("cursor", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "org_id", "errand_id"),
    sqlite_autoincrement=True,
)

pauses = Table(
    "pauses",
    METADATA,
    Column("pause_id", NUMBER, primary_key=True),
    Column("scope", ID, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("actor", String(64), nullable=False),
    Column("ended_by", String(64)),
    CheckConstraint("ended_at >= started_at", name="ended_at"),
    Index("uq_pauses_open", "scope", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    Index(None, "scope", "started_at"),
    sqlite_autoincrement=True,
    comment="The scope is an organization, or * for the whole service.",
)

paces = Table(
    "paces",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("next_at", UtcDateTime, nullable=False),
    comment="When the organization's next mail may go, where it has a pace of its own.",
)
