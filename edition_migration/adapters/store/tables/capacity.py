"""What is scarce: counters, the ledger behind them, tickets, waves."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
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
    Microseconds,
    UtcDateTime,
    holds,
    one_of,
    quoted,
)
from edition_migration.domain.migration import TicketState, WaveState
from edition_migration.domain.organization import Activation
from edition_migration.domain.waves import WaveCommandKind


class LedgerState(StrEnum):
    RESERVED = "reserved"
    USED = "used"
    RELEASED = "released"


_OPEN_TICKET = text(f"state <> '{TicketState.CLOSED.value}'")
_WAITING_TICKET = text(f"state IN ({quoted([TicketState.WAITING])})")
_UNSTARTED = text("started_at IS NULL")
_UNREPORTED = text("reported_at IS NULL")

counters = Table(
    "counters",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("licenses_purchased", BigInteger, nullable=False),
    Column("licenses_ceiling", BigInteger, nullable=False),
    Column("licenses_reserved", BigInteger, nullable=False),
    Column("licenses_used", BigInteger, nullable=False),
    Column("storage_purchased_mb", BigInteger, nullable=False),
    Column("storage_ceiling_mb", BigInteger, nullable=False),
    Column("storage_reserved_mb", BigInteger, nullable=False),
    Column("storage_used_mb", BigInteger, nullable=False),
    Column("next_ticket", BigInteger, nullable=False),
    CheckConstraint("licenses_purchased >= 0", name="licenses_purchased"),
    CheckConstraint("licenses_reserved >= 0", name="licenses_reserved"),
    CheckConstraint("licenses_used >= 0", name="licenses_used"),
    CheckConstraint("licenses_reserved + licenses_used <= licenses_ceiling", name="licenses_never_oversold"),
    CheckConstraint("storage_purchased_mb >= 0", name="storage_purchased_mb"),
    CheckConstraint("storage_reserved_mb >= 0", name="storage_reserved_mb"),
    CheckConstraint("storage_used_mb >= 0", name="storage_used_mb"),
    CheckConstraint("storage_reserved_mb + storage_used_mb <= storage_ceiling_mb", name="storage_never_oversold"),
    comment="A ceiling is the greater of what was purchased and what is in use, so that a lower limit keeps old.",
)

ledger = Table(
    "ledger",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("user_id", ID, ForeignKey("users.user_id"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("state", one_of(LedgerState), nullable=False),
    Column("storage_mb", BigInteger, nullable=False),
    holds("state", LedgerState),
    CheckConstraint("storage_mb >= 0", name="storage_mb"),
    comment="Generation 0: a Business Edition user who was there before us.",
)

tickets = Table(
    "tickets",
    METADATA,
    Column("org_id", ID, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("user_id", ID, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("state", one_of(TicketState), nullable=False),
    Column("storage_mb", BigInteger, nullable=False),
    Column("granted_at", UtcDateTime),
    ForeignKeyConstraint(
        ["org_id", "user_id", "generation"],
        ["migrations.org_id", "migrations.user_id", "migrations.generation"],
    ),
    holds("state", TicketState),
    CheckConstraint("storage_mb >= 0", name="storage_mb"),
    CheckConstraint("number >= 1", name="number"),
    Index(
        "uq_tickets_open",
        "org_id",
        "user_id",
        "generation",
        unique=True,
        sqlite_where=_OPEN_TICKET,
        postgresql_where=_OPEN_TICKET,
    ),
    Index("ix_tickets_of_migration", "org_id", "user_id", "generation", "number"),
    Index("ix_tickets_waiting", "org_id", "number", sqlite_where=_WAITING_TICKET, postgresql_where=_WAITING_TICKET),
)

waves = Table(
    "waves",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("wave_id", ID, primary_key=True),
    Column("command_id", String(255), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("state", one_of(WaveState), nullable=False),
    Column("activation", one_of(Activation), nullable=False),
    Column("activation_delay", Microseconds, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("size", Integer, nullable=False),
    Column("release_at", UtcDateTime),
    Column("pilot", Integer),
    Column("released", Integer, nullable=False, server_default="0"),
    Column("reported_at", UtcDateTime),
    Column("answer", Text, nullable=False),
    UniqueConstraint("org_id", "command_id"),
    holds("state", WaveState),
    holds("activation", Activation),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("pilot >= 1", name="pilot"),
    CheckConstraint("released >= 0", name="released"),
    CheckConstraint("activation_delay >= 0", name="activation_delay"),
    Index("ix_waves_unstarted", "org_id", "created_at", sqlite_where=_UNSTARTED, postgresql_where=_UNSTARTED),
    Index("ix_waves_unreported", "org_id", "created_at", sqlite_where=_UNREPORTED, postgresql_where=_UNREPORTED),
)

wave_orders = Table(
    "wave_orders",
    METADATA,
    Column("org_id", ID, primary_key=True),
    Column("command_id", String(255), primary_key=True),
    Column("wave_id", ID, nullable=False),
    Column("kind", one_of(WaveCommandKind), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("answer", Text, nullable=False),
    ForeignKeyConstraint(["org_id", "wave_id"], ["waves.org_id", "waves.wave_id"]),
    holds("kind", WaveCommandKind),
    Index(None, "org_id", "wave_id", "at"),
    comment="What was commanded to waves, with the first answers.",
)
