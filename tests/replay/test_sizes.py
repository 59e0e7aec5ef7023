"""A migration's history stays small, so that hundreds of thousands of them cost the Temporal service little."""

import pytest
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from tests.replay.histories import corpus

MOST_EVENTS = 150
MOST_BYTES = 64 * 1024
MIGRATIONS = [it for it in corpus() if "-migration-" in it.workflow_id]


@pytest.mark.parametrize("history", [pytest.param(it, id=it.workflow_id) for it in MIGRATIONS])
def test_history_of_a_migration_is_small(history: WorkflowHistory) -> None:
    assert len(history.events) <= MOST_EVENTS
    assert History(events=history.events).ByteSize() <= MOST_BYTES
