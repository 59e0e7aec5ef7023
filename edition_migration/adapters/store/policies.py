"""Policies of organizations and groups, and what is in force for each user."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, insert, select

from edition_migration.adapters.store.tables.policies import (
    effective_actions,
    effective_policies,
    policy_actions,
    policy_group_actions,
    policy_groups,
)
from edition_migration.adapters.store.transaction import Transaction, given
from edition_migration.domain.policies import Decision, PolicyAction, PolicyGroup, PolicySet


def _of_organization(table: Table) -> Select[Any]:
    return select(table).where(table.c.org_id == given(table.c.org_id, "org_id"))


_OWN = _of_organization(policy_actions)
_GROUPS = _of_organization(policy_groups).order_by(policy_groups.c.position)
_GROUP_ACTIONS = _of_organization(policy_group_actions)


class SqlPolicies:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, org_id: str) -> PolicySet:
        its = {"given_org_id": org_id}
        own = await self._tx.rows(_OWN, its)
        groups = await self._tx.rows(_GROUPS, its)
        actions: dict[str, dict[PolicyAction, bool | None]] = {group["name"]: {} for group in groups}
        for row in await self._tx.rows(_GROUP_ACTIONS, its):
            actions[row["group_name"]][row["action"]] = row["is_allowed"]
        return PolicySet(
            organization={row["action"]: row["is_allowed"] for row in own},
            groups=tuple(PolicyGroup(name=name, actions=its) for name, its in actions.items()),
        )

    async def put(self, org_id: str, policies: PolicySet) -> None:
        await self._tx.change(delete(policy_actions).where(policy_actions.c.org_id == org_id))
        await self._tx.change(delete(policy_groups).where(policy_groups.c.org_id == org_id))
        await self._tx.change_each(
            insert(policy_actions),
            [{"org_id": org_id, "action": it, "is_allowed": is_on} for it, is_on in policies.organization.items()],
        )
        await self._tx.change_each(
            insert(policy_groups),
            [
                {"org_id": org_id, "name": group.name, "position": position}
                for position, group in enumerate(policies.groups)
            ],
        )
        await self._tx.change_each(
            insert(policy_group_actions),
            [
                {"org_id": org_id, "group_name": group.name, "action": it, "is_allowed": is_on}
                for group in policies.groups
                for it, is_on in group.actions.items()
            ],
        )

    async def assign(
        self, user_id: str, org_id: str, group: str | None, revision: int, decisions: Mapping[PolicyAction, Decision]
    ) -> None:
        values = {"user_id": user_id, "org_id": org_id, "group_name": group, "revision": revision}
        await self._tx.change(self._tx.upsert(effective_policies, "user_id"), values)
        await self._tx.change(delete(effective_actions).where(effective_actions.c.user_id == user_id))
        await self._tx.change_each(
            insert(effective_actions),
            [
                {"user_id": user_id, "action": action, "is_allowed": it.allowed, "rule": it.rule}
                for action, it in decisions.items()
            ],
        )

    async def remove_assignment(self, user_id: str) -> None:
        await self._tx.change(delete(effective_policies).where(effective_policies.c.user_id == user_id))

    async def assignment(self, user_id: str) -> tuple[int, Mapping[PolicyAction, Decision]] | None:
        mine = select(effective_policies.c.revision).where(effective_policies.c.user_id == user_id)
        revision: Any = await self._tx.value(mine)
        if revision is None:
            return None
        its: ColumnElement[bool] = effective_actions.c.user_id == user_id
        rows = await self._tx.rows(select(effective_actions).where(its))
        return revision, {row["action"]: Decision(row["is_allowed"], row["rule"]) for row in rows}
