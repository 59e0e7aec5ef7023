"""`reconcile` names differences, mends what it may, and its exit code says whether something is left to do."""

from typing import Any, cast

import pytest

from edition_migration.domain.errors import TemporalUnavailable
from edition_migration.domain.reconciliation import WorkflowSeen, WorkflowStatus
from edition_migration.domain.states import AccountStatus
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import UnitOfWork
from tests import builders
from tests.application.sound_store import StatingGateway
from tests.cli.conftest import CommandLine
from tests.fixtures import records

ADA = "migration/acme/u1/1"


@pytest.fixture
def gateway(cli: CommandLine) -> StatingGateway:
    """Ada's migration runs, as it should."""
    cli.put((builders.user(org_id="acme"), builders.migration(state=S.IN_REVIEW)))
    cli.write(_inactive_and_journaled)
    gateway = StatingGateway()
    gateway.status = {ADA: WorkflowStatus.RUNNING, "organization/acme": WorkflowStatus.RUNNING}
    cli.gateway = cast(Any, gateway)
    return gateway


async def _inactive_and_journaled(uow: UnitOfWork) -> None:
    user = builders.user()
    await uow.users.set_account([user.user_id], status=AccountStatus.INACTIVE, reason=None, org_id="acme")
    await uow.journal.add([records.entry("enroll", source=None, target=S.IN_REVIEW)])
    await uow.commit()


def test_nothing_found_is_success(cli: CommandLine, gateway: StatingGateway) -> None:
    result = cli.run("reconcile")
    assert (result.exit_code, result.stdout) == (0, "Differences: none\n")
    assert result.stderr == "Migrations looked at: 1. Differences: 0.\n"


def test_all_mended_is_success_and_the_organization_is_rung(cli: CommandLine, gateway: StatingGateway) -> None:
    del gateway.status[ADA]
    result = cli.run("reconcile", "--org", "acme")
    assert result.exit_code == 0
    assert "workflow_missing" in result.stdout
    assert gateway.rung == ["organization/acme"]


def test_what_only_people_can_mend_is_refused_with_what_to_do(cli: CommandLine, gateway: StatingGateway) -> None:
    gateway.status[ADA] = WorkflowStatus.TERMINATED
    assert cli.run("reconcile").exit_code == 1
    assert cli.json("reconcile")["differences"] == [
        {
            "kind": "workflow_ended",
            "org_id": "acme",
            "user_id": "u1",
            "generation": 1,
            "wave_id": None,
            "sentence": "The migration is open, but somebody ended its workflow.",
            "is_mended": False,
            "mend": "if the user shall go on: `starter.py retry`; if not: `starter.py cancel`",
        }
    ]


def test_after_a_restore_what_is_young_counts_too(cli: CommandLine, gateway: StatingGateway) -> None:
    gateway.shown[ADA] = S.SELECTED
    assert cli.run("reconcile", "--dry-run").exit_code == 0
    result = cli.run("reconcile", "--dry-run", "--restored")
    assert result.exit_code == 1
    assert "workflow_unaware" in result.stdout


def test_without_temporal_it_is_said(cli: CommandLine, gateway: StatingGateway) -> None:
    async def fails(workflow_id: str) -> WorkflowSeen:
        raise TemporalUnavailable("nobody answers")

    gateway.seen = fails  # type: ignore[method-assign]
    assert cli.run("reconcile").exit_code == 6
