"""What importing workflows loads, and that the sandbox passes our own packages through; no server needed."""

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from edition_migration.temporal.worker import PASSED_THROUGH, WORKFLOWS


def _runner(passed_through: tuple[str, ...]) -> SandboxedWorkflowRunner:
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            *passed_through
        ).with_import_notification_policy(SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH)
    )


async def _no_histories() -> AsyncIterator[WorkflowHistory]:
    for history in ():
        yield history


async def _validate(passed_through: tuple[str, ...]) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS, workflow_runner=_runner(passed_through), data_converter=pydantic_data_converter
    )
    await replayer.replay_workflows(_no_histories())


async def test_all_that_workflows_import_is_passed_through() -> None:
    await _validate(PASSED_THROUGH)


@pytest.mark.parametrize("forgotten", PASSED_THROUGH)
async def test_forgotten_package_is_noticed(forgotten: str) -> None:
    with pytest.raises(RuntimeError, match="Failed validating workflow"):
        await _validate(tuple(name for name in PASSED_THROUGH if name != forgotten))


@pytest.mark.parametrize(
    "module",
    ["activities.steps", "activities.organization", "workflows.user_migration", "workflows.organization_migration"],
)
def test_import_loads_neither_database_nor_templates(module: str) -> None:
    code = (
        f"import sys, {module}; print(sorted({{'sqlalchemy', 'jinja2', 'alembic', 'aiosmtplib'}} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
