"""What can happen on the way: pauses, holds, reminders, waves under control, former addresses, seals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_ACTIONS = (
    "action IN ('business_edition', 'external_file_transfer', 'internal_file_transfer', 'external_im', "
    "'external_video', 'internal_video', 'external_voip', 'internal_voip', 'desktop_sharing', 'end_to_end_encryption')"
)
_OPEN = (
    "state IN ('DETECTED', 'BLOCKED', 'IN_REVIEW', 'SELECTED', 'WAITING_CAPACITY', 'INSTRUCTED', 'ACTIVATED', "
    "'AWAITING_PASSWORD', 'AWAITING_FIRST_SIGN_IN', 'PASSWORD_SET')"
)


def upgrade() -> None:
    _migrations()
    _mails()
    _capacity()
    _work()
    _people()
    _append_only("journal")
    _append_only("seals")
    for table in ("policy_actions", "policy_group_actions", "effective_actions"):
        _change_check(table, f"ck_{table}_action", _ACTIONS)


def _migrations() -> None:
    for name in ("deadline_from", "password_set_at", "hold_ends_at", "attention_at"):
        op.add_column("migrations", sa.Column(name, _TIME))
    _add_checked("migrations", "reminders INTEGER DEFAULT '0' NOT NULL", "ck_migrations_reminders", "reminders >= 0")
    _change_check(
        "migrations",
        "ck_migrations_attention",
        "attention IN ('undeliverable', 'complaint', 'policy', 'workflow_missing')",
    )
    _partial_index(
        "ix_migrations_parked", "migrations", ["org_id", "attention", "attention_at"], "attention IS NOT NULL"
    )
    _partial_index("ix_migrations_open_in_wave", "migrations", ["org_id", "wave_id"], _OPEN)
    op.create_table(
        "seals",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("entry_id", _NUMBER, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "position", name="pk_seals"),
        sa.UniqueConstraint("entry_id", name="uq_seals_entry_id"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_seals_organizations"),
        sa.ForeignKeyConstraint(["entry_id"], ["journal.entry_id"], name="fk_seals_journal"),
        sa.CheckConstraint("position >= 1", name=op.f("ck_seals_position")),
        comment="The chain over each organization's journal: each hash covers its entry and the hash before it.",
    )


def _mails() -> None:
    op.add_column("mails", sa.Column("about", sa.String(64), nullable=False, server_default=""))
    figures = "What a mail to administrators says: ids and counts, JSON."
    op.add_column("mails", sa.Column("figures", sa.Text, comment=figures))
    _change_check(
        "mails",
        "ck_mails_kind",
        "kind IN ('service_provisioned', 'pending_digest', 'capacity_short', 'undeliverable', 'wave_report', "
        "'coming_soon', 'account_deactivated', 'instructions', 'reset_password', 'reminder', 'new_link', 'welcome', "
        "'expired', 'cancelled', 'undone', 'address_changed')",
    )
    op.drop_index("uq_mails_organization", "mails")
    _partial_index(
        "uq_mails_organization", "mails", ["org_id", "kind", "round", "about"], "user_id IS NULL", unique=True
    )


def _capacity() -> None:
    op.add_column("tickets", sa.Column("granted_at", _TIME))
    for name in ("release_at", "reported_at"):
        op.add_column("waves", sa.Column(name, _TIME))
    _add_checked("waves", "pilot INTEGER", "ck_waves_pilot", "pilot >= 1")
    _add_checked("waves", "released INTEGER DEFAULT '0' NOT NULL", "ck_waves_released", "released >= 0")
    _change_check("waves", "ck_waves_state", "state IN ('releasing', 'paused', 'released', 'cancelled')")
    _partial_index("ix_waves_unreported", "waves", ["org_id", "created_at"], "reported_at IS NULL")
    # Nobody asked for these, so nobody is told how they ended.
    op.execute("UPDATE waves SET reported_at = created_at WHERE size = 0 OR answer = ''")
    op.create_table(
        "wave_orders",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("command_id", sa.String(255), nullable=False),
        sa.Column("wave_id", _ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "command_id", name="pk_wave_orders"),
        sa.ForeignKeyConstraint(["org_id", "wave_id"], ["waves.org_id", "waves.wave_id"], name="fk_wave_orders_waves"),
        sa.CheckConstraint("kind IN ('pause', 'resume', 'cancel')", name=op.f("ck_wave_orders_kind")),
        comment="What was commanded to waves, with the first answers.",
    )
    op.create_index("ix_wave_orders_org_id_wave_id_at", "wave_orders", ["org_id", "wave_id", "at"])


def _work() -> None:
    op.add_column("inbox", sa.Column("failure", sa.String(32)))
    _partial_index("ix_inbox_failure", "inbox", ["failure"], "failure IS NOT NULL")
    id_type = _ID.compile(dialect=op.get_bind().dialect)
    _add_checked("doorbells", f"wave_id {id_type}", "ck_doorbells_one_workflow", "user_id IS NULL OR wave_id IS NULL")
    op.create_table(
        "pauses",
        sa.Column("pause_id", _NUMBER, nullable=False),
        sa.Column("scope", _ID, nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("ended_by", sa.String(64)),
        sa.PrimaryKeyConstraint("pause_id", name="pk_pauses"),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_pauses_ended_at")),
        sqlite_autoincrement=True,
        comment="The scope is an organization, or * for the whole service.",
    )
    op.create_index("ix_pauses_scope_started_at", "pauses", ["scope", "started_at"])
    _partial_index("uq_pauses_open", "pauses", ["scope"], "ended_at IS NULL", unique=True)
    op.create_table(
        "paces",
        sa.Column("org_id", _ID, nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("org_id", name="pk_paces"),
        sa.ForeignKeyConstraint(["org_id"], ["organizations.org_id"], name="fk_paces_organizations"),
        comment="When the organization's next mail may go, where it has a pace of its own.",
    )


def _people() -> None:
    op.create_table(
        "former_addresses",
        sa.Column("address_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("address_id", name="pk_former_addresses"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_former_addresses_users"),
        comment="Where a note of the change goes; erased with the user.",
    )
    op.create_index("ix_former_addresses_user_id", "former_addresses", ["user_id"])


def _append_only(table: str) -> None:
    """The database itself refuses to change or delete a row; who may alter the schema can still take this away."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION refuse_change_of_{table}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'insufficient_privilege'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_{table}()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _add_checked(table: str, column: str, check: str, rule: str) -> None:
    """A column with a CHECK of its own, in words that both databases know."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} CONSTRAINT {check} CHECK ({rule})")


def _change_check(table: str, name: str, rule: str) -> None:
    """Another rule under the same name. It only widens what is allowed, so that no row can break it."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(name), table)
        op.create_check_constraint(op.f(name), table, rule)
    else:
        _edit_sqlite_check(table, name, rule)


def _edit_sqlite_check(table: str, name: str, rule: str) -> None:
    """SQLite's own way for a CHECK (lang_altertable.html, section 7): the stored text is edited, the rows stay."""
    connection = op.get_bind()
    stored = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table})
    before, _, behind = stored.partition(f"CONSTRAINT {name} CHECK (")
    _, _, after = behind.partition("))")
    edited = f"{before}CONSTRAINT {name} CHECK ({rule}){after}"
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.execute(sa.text("PRAGMA writable_schema=ON"))
    edit = sa.text("UPDATE sqlite_master SET sql = :edited WHERE type = 'table' AND name = :table")
    connection.execute(edit, {"edited": edited, "table": table})
    connection.execute(sa.text(f"PRAGMA schema_version={version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema=OFF"))
