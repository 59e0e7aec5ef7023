"""Policies: what users of an organization and its groups may do, and which rule decided it.

Product rules: a group can only narrow its organization; everything is on by default but end-to-end encryption; a user
of no group gets the organization's. Used at activation, by step six, `org.policy.changed` and `user show`.
"""

from enum import StrEnum
from typing import Annotated, NamedTuple, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails

from edition_migration.domain.texts import Name
from edition_migration.domain.validation import broken


class PolicyAction(StrEnum):
    BUSINESS_EDITION = "business_edition"
    EXTERNAL_FILE_TRANSFER = "external_file_transfer"
    INTERNAL_FILE_TRANSFER = "internal_file_transfer"
    EXTERNAL_IM = "external_im"
    EXTERNAL_VIDEO = "external_video"
    INTERNAL_VIDEO = "internal_video"
    EXTERNAL_VOIP = "external_voip"
    INTERNAL_VOIP = "internal_voip"
    DESKTOP_SHARING = "desktop_sharing"
    END_TO_END_ENCRYPTION = "end_to_end_encryption"


OFF_BY_DEFAULT = frozenset({PolicyAction.END_TO_END_ENCRYPTION})
FORBIDS_MIGRATION = PolicyAction.BUSINESS_EDITION
"""Off, the user may not use the Business Edition at all: his migration is parked until the policy allows him."""
NEEDS_EXTERNAL_IM = (PolicyAction.EXTERNAL_VIDEO, PolicyAction.EXTERNAL_VOIP)
"""External IM off stops external video and voice too, says the product."""


class Decision(NamedTuple):
    """What holds for one action, and the rule that decided: `default`, `organization`, `group:<name>` or
    `unknown_group:<name>` (the organization's values, because no such group exists)."""

    allowed: bool
    rule: str


def _known_actions(actions: object, validated: ValidatorFunctionWrapHandler) -> object:
    """One fault for all unknown names, which its path would otherwise repeat, beside the faults of the others."""
    if not isinstance(actions, dict):
        return validated(actions)
    given = cast("dict[object, object]", actions)
    known = {name: value for name, value in given.items() if str(name) in set(PolicyAction)}
    if len(known) == len(given):
        return validated(given)
    unknown = broken("has an unknown action", f"use these only: {', '.join(PolicyAction)}")
    faults = [InitErrorDetails(type=unknown, input=None)]
    try:
        validated(known)
    except ValidationError as error:
        faults += [InitErrorDetails(type=it["type"], loc=it["loc"], input=None) for it in error.errors()]
    raise ValidationError.from_exception_data("Actions", faults)


Actions = Annotated[dict[PolicyAction, bool | None], WrapValidator(_known_actions)]
"""On, off, or (None, or not named) unset."""


class PolicyGroup(BaseModel):
    """A named group of users with rules of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    actions: Actions = Field(default_factory=dict[PolicyAction, bool | None])


def _unique_names(groups: tuple[PolicyGroup, ...]) -> tuple[PolicyGroup, ...]:
    if len({group.name for group in groups}) < len(groups):
        raise broken("names a group twice", "give each group one entry")
    return groups


class PolicySet(BaseModel):
    """All policies of one organization. An empty one means the product's defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    organization: Actions = Field(default_factory=dict[PolicyAction, bool | None])
    groups: Annotated[tuple[PolicyGroup, ...], Field(max_length=500), AfterValidator(_unique_names)] = ()


def effective(policies: PolicySet, group_name: str | None) -> dict[PolicyAction, Decision]:
    """What a user of this group (None: of no group) may do: of organization and group the most restrictive wins."""
    decisions = {action: _of_organization(policies, action) for action in PolicyAction}
    if group_name is not None:
        group = next((group for group in policies.groups if group.name == group_name), None)
        if group is None:
            decisions = {
                action: Decision(it.allowed, f"unknown_group:{group_name}") for action, it in decisions.items()
            }
        else:
            decisions = {action: _narrowed(it, group, action) for action, it in decisions.items()}
    external_im = decisions[PolicyAction.EXTERNAL_IM]
    if not external_im.allowed:
        decisions |= {action: external_im for action in NEEDS_EXTERNAL_IM if decisions[action].allowed}
    return decisions


def _of_organization(policies: PolicySet, action: PolicyAction) -> Decision:
    allowed = policies.organization.get(action)
    if allowed is None:
        return Decision(action not in OFF_BY_DEFAULT, "default")
    return Decision(allowed, "organization")


def _narrowed(decision: Decision, group: PolicyGroup, action: PolicyAction) -> Decision:
    if decision.allowed and group.actions.get(action) is False:
        return Decision(False, f"group:{group.name}")
    return decision
