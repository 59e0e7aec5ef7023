"""What travels through Temporal is read by code of another release: fields are only added, with defaults."""

from collections.abc import Mapping

import pytest
from pydantic import BaseModel

from edition_migration.domain import commands, progress
from edition_migration.domain.names import MigrationRef, OrganizationRef, WaveRef

REF = {"org_id": "acme", "user_id": "u1"}
AS_OF = "2026-11-22T12:00:00Z"
OVERVIEW = {"state": "BLOCKED", "since": AS_OF}
FIRST_RELEASE: Mapping[type[BaseModel], Mapping[str, object]] = {
    MigrationRef: REF,
    OrganizationRef: {"org_id": "acme"},
    WaveRef: {"org_id": "acme", "wave_id": "w1"},
    progress.StepInput: {"migration": REF, "as_of": AS_OF},
    progress.NextMail: {"kind": "instructions"},
    progress.Overview: OVERVIEW,
    progress.Done: {"kind": "done", "overview": OVERVIEW},
    progress.Wait: {"kind": "wait", "why": "not selected yet", "overview": OVERVIEW},
    progress.Stop: {"kind": "stop", "state": "CANCELLED", "overview": OVERVIEW},
    progress.MailInput: {"org_id": "acme", "as_of": AS_OF},
    progress.MailOutcome: {"result": "none"},
    progress.PageInput: {"org_id": "acme", "as_of": AS_OF},
    progress.PageOutcome: {"more": False},
    progress.WaveInput: {"org_id": "acme", "wave_id": "w1", "as_of": AS_OF},
    progress.WaveOutcome: {"done": True, "released": 0, "remaining": 0},
    commands.CommandRequest: {},
    commands.Command: {"kind": "cancel", "migration": REF, "command_id": "c1"},
    commands.CommandAnswer: {"user_id": "u1", "verdict": "done"},
}
"""Each message with the fields that it had from the beginning, and no others."""


@pytest.mark.parametrize("model", FIRST_RELEASE, ids=lambda it: it.__name__)
def test_a_message_of_the_first_release_is_read(model: type[BaseModel]) -> None:
    assert model.model_validate(FIRST_RELEASE[model])


@pytest.mark.parametrize("model", FIRST_RELEASE, ids=lambda it: it.__name__)
def test_a_field_of_a_later_release_is_passed_over(model: type[BaseModel]) -> None:
    given = FIRST_RELEASE[model]
    assert model.model_validate({**given, "of_tomorrow": {"a": 1}}) == model.model_validate(given)
