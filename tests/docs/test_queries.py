"""docs/operating.md: a real Temporal server takes every query, each link asks what it shows, and Updates exist."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from edition_migration.domain.commands import CommandRequest
from edition_migration.domain.names import PURGE, RECONCILIATION
from workflows.user_migration import UserMigration

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\[`([^`]+)`\]\((http://127\.0\.0\.1:8233/[^)]+)\)", TEXT)
LINES = re.findall(r"temporal workflow (?:list|count) --query '([^']+)'", TEXT)


@pytest.mark.parametrize("query", [*(query for query, _ in LINKS), *LINES])
async def test_a_query_is_taken_by_the_server(temporal_env: WorkflowEnvironment, query: str) -> None:
    client: Client = temporal_env.client
    assert (await client.count_workflows(query)).count >= 0


def test_each_link_asks_what_it_shows() -> None:
    assert len(LINKS) >= 9
    assert [parse_qs(urlsplit(link).query)["query"] for _, link in LINKS] == [[query] for query, _ in LINKS]


def test_the_update_that_is_shown_exists_and_takes_its_input() -> None:
    ((name, given),) = re.findall(r"--name (\w+) .*?--input '([^']+)'", TEXT, re.DOTALL)
    assert hasattr(UserMigration, name)
    assert CommandRequest.model_validate(json.loads(given)).actor == "staff-7"


def test_the_schedules_are_called_by_their_names() -> None:
    assert set(re.findall(r"--schedule-id (\w+)", TEXT)) == {RECONCILIATION, PURGE}


async def test_a_query_by_an_attribute_that_is_none_would_be_refused(temporal_env: WorkflowEnvironment) -> None:
    with pytest.raises(RPCError, match="MigrationMood"):
        await temporal_env.client.count_workflows('MigrationMood = "good"')
