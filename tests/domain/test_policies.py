"""The most restrictive of organization and group wins, and the deciding rule is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edition_migration.domain.errors import Problem
from edition_migration.domain.policies import Decision, PolicyAction, PolicyGroup, PolicySet, effective
from edition_migration.domain.validation import problems_of

A = PolicyAction
ACTIONS = st.dictionaries(st.sampled_from(PolicyAction), st.sampled_from([True, False, None]))


def test_by_default_all_is_on_but_end_to_end_encryption() -> None:
    decisions = effective(PolicySet(), None)
    assert set(decisions) == set(PolicyAction)
    assert {action for action, decision in decisions.items() if not decision.allowed} == {A.END_TO_END_ENCRYPTION}
    assert {decision.rule for decision in decisions.values()} == {"default"}


def test_a_user_of_no_group_gets_the_organizations() -> None:
    policies = PolicySet(
        organization={A.DESKTOP_SHARING: False},
        groups=(PolicyGroup(name="sales", actions={A.INTERNAL_VIDEO: False}),),
    )
    decisions = effective(policies, None)
    assert decisions[A.DESKTOP_SHARING] == Decision(False, "organization")
    assert decisions[A.INTERNAL_VIDEO] == Decision(True, "default")


def test_a_group_narrows_and_is_named() -> None:
    policies = PolicySet(groups=(PolicyGroup(name="sales", actions={A.INTERNAL_VIDEO: False}),))
    assert effective(policies, "sales")[A.INTERNAL_VIDEO] == Decision(False, "group:sales")


def test_a_group_cannot_widen() -> None:
    widening = {A.DESKTOP_SHARING: True, A.END_TO_END_ENCRYPTION: True}
    policies = PolicySet(
        organization={A.DESKTOP_SHARING: False}, groups=(PolicyGroup(name="sales", actions=dict(widening)),)
    )
    decisions = effective(policies, "sales")
    assert decisions[A.DESKTOP_SHARING] == Decision(False, "organization")
    assert decisions[A.END_TO_END_ENCRYPTION] == Decision(False, "default")


def test_the_organization_may_switch_encryption_on() -> None:
    policies = PolicySet(organization={A.END_TO_END_ENCRYPTION: True})
    assert effective(policies, None)[A.END_TO_END_ENCRYPTION] == Decision(True, "organization")


def test_an_unknown_group_gets_the_organizations_and_is_named() -> None:
    decisions = effective(PolicySet(organization={A.EXTERNAL_IM: False}), "gone")
    assert decisions[A.EXTERNAL_IM] == Decision(False, "unknown_group:gone")
    assert decisions[A.INTERNAL_VOIP] == Decision(True, "unknown_group:gone")


def test_external_im_off_stops_external_video_and_voice() -> None:
    policies = PolicySet(groups=(PolicyGroup(name="plant", actions={A.EXTERNAL_IM: False}),))
    decisions = effective(policies, "plant")
    assert decisions[A.EXTERNAL_VIDEO] == decisions[A.EXTERNAL_VOIP] == Decision(False, "group:plant")
    assert decisions[A.INTERNAL_VIDEO] == decisions[A.EXTERNAL_FILE_TRANSFER] == Decision(True, "default")


@given(ACTIONS, ACTIONS)
def test_a_group_can_only_narrow(organization: dict, group: dict) -> None:
    policies = PolicySet(organization=organization, groups=(PolicyGroup(name="sales", actions=group),))
    without, within = effective(policies, None), effective(policies, "sales")
    assert all(without[action].allowed or not within[action].allowed for action in PolicyAction)


def test_words_of_a_file_are_understood() -> None:
    policies = PolicySet.model_validate({"organization": {"external_im": "off", "internal_video": None}})
    assert policies.organization == {A.EXTERNAL_IM: False, A.INTERNAL_VIDEO: None}


def test_bad_policies_are_refused_all_at_once_without_their_words() -> None:
    document = {
        "organization": {"ada@example.com": True},
        "groups": [{"name": "a"}, {"name": " "}, {"name": "b", "actions": {"external_im": "perhaps"}}],
    }
    with pytest.raises(ValidationError) as refusal:
        PolicySet.model_validate(document)
    problems = problems_of(refusal.value, "data.policies")
    assert [problem.path for problem in problems] == [
        "data.policies.organization",
        "data.policies.groups[1].name",
        "data.policies.groups[2].actions.external_im",
    ]
    assert "ada" not in str(problems)


def test_a_group_has_one_entry() -> None:
    with pytest.raises(ValidationError) as refusal:
        PolicySet.model_validate({"groups": [{"name": "a"}, {"name": "a"}]})
    assert problems_of(refusal.value) == (Problem("groups", "names a group twice", "give each group one entry"),)
