"""Every committed history replays on today's code: what is deployed finds the same commands in the same order.

Where this fails, weeks-old workflows would hang. Either the change was no intention, or it needs `workflow.patched`.
"""

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from edition_migration.temporal.worker import WORKFLOWS, sandbox
from tests.replay.histories import corpus


@pytest.mark.parametrize("history", [pytest.param(it, id=it.workflow_id) for it in corpus()])
async def test_history_replays(history: WorkflowHistory) -> None:
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=sandbox(), data_converter=pydantic_data_converter)
    await replayer.replay_workflow(history)


def test_corpus_holds_every_workflow() -> None:
    started = {history.events[0].workflow_execution_started_event_attributes.workflow_type.name for history in corpus()}
    assert started == {workflow.__name__ for workflow in WORKFLOWS}
