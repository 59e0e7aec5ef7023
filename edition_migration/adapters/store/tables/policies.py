"""What users may do: an organization's rules, its groups' rules, and what is in force for each user."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, ForeignKeyConstraint, Integer, Table, Text

from edition_migration.adapters.store.tables.columns import ID, METADATA, holds, one_of
from edition_migration.domain.policies import PolicyAction

policy_actions = Table(
    "policy_actions",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("action", one_of(PolicyAction), primary_key=True),
    Column("is_allowed", Boolean),
    holds("action", PolicyAction),
    comment="What an organization's policy names; NULL is named, but unset.",
)

policy_groups = Table(
    "policy_groups",
    METADATA,
    Column("org_id", ID, ForeignKey("organizations.org_id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

policy_group_actions = Table(
    "policy_group_actions",
    METADATA,
    Column("org_id", ID, primary_key=True),
    Column("group_name", Text, primary_key=True),
    Column("action", one_of(PolicyAction), primary_key=True),
    Column("is_allowed", Boolean),
    ForeignKeyConstraint(["org_id", "group_name"], ["policy_groups.org_id", "policy_groups.name"], ondelete="CASCADE"),
    holds("action", PolicyAction),
)

effective_policies = Table(
    "effective_policies",
    METADATA,
    Column("user_id", ID, ForeignKey("users.user_id"), primary_key=True),
    Column("org_id", ID, ForeignKey("organizations.org_id"), nullable=False),
    Column("group_name", Text),
    Column("revision", BigInteger, nullable=False),
)

effective_actions = Table(
    "effective_actions",
    METADATA,
    Column("user_id", ID, ForeignKey("effective_policies.user_id", ondelete="CASCADE"), primary_key=True),
    Column("action", one_of(PolicyAction), primary_key=True),
    Column("is_allowed", Boolean, nullable=False),
    Column("rule", Text, nullable=False),
    holds("action", PolicyAction),
)
