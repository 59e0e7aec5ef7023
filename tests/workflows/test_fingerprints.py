"""The order of each workflow's commands is the committed one."""

import json

from tests.workflows.fingerprints import COMMITTED, fingerprints


def test_command_order_of_every_workflow_is_the_committed_one() -> None:
    """Changed on purpose? Guard it with `workflow.patched`, then `python -m tests.workflows.fingerprints`."""
    assert fingerprints() == json.loads(COMMITTED.read_text())
