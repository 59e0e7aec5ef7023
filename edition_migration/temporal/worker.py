"""The workers of a process: queue `migration` for workflows and use cases, queue `mail` for mails at their rate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.commands import CommandActivities
from activities.mails import MailActivities
from activities.organization import OrganizationActivities
from activities.purge import PurgeActivities
from activities.reconciliation import ReconciliationActivities
from activities.steps import StepActivities
from activities.waves import WaveActivities
from edition_migration.domain.names import MAIL_QUEUE, MIGRATION_QUEUE
from edition_migration.temporal.build_id import build_id
from workflows.migration_wave import MigrationWave
from workflows.organization_migration import OrganizationMigration
from workflows.purge import Purge
from workflows.reconciliation import Reconciliation
from workflows.user_migration import UserMigration

WORKFLOWS = (UserMigration, OrganizationMigration, MigrationWave, Reconciliation, Purge)

PASSED_THROUGH = (
    "edition_migration",
    "activities",
    "workflows.display",
    "workflows.options",
    "workflows.postman",
    "workflows.waiting",
)
"""Imported once a process. The workflow modules are not: the sandbox loads each anew and watches it."""

QUEUES = (MIGRATION_QUEUE, MAIL_QUEUE)

STICKY_LIMIT = timedelta(seconds=2)
"""After a crash a workflow waits this long for its old worker (measured: 2 s instead of 10 s)."""

POLLERS = PollerBehaviorAutoscaling()
"""As many as the backlog wants. Of a fixed five one alone takes what left its sticky queue, as after each crash."""


@dataclass(frozen=True)
class Activities:
    """What a worker process can do, built by bootstrap."""

    steps: StepActivities
    commands: CommandActivities
    organization: OrganizationActivities
    waves: WaveActivities
    mails: MailActivities
    reconciliation: ReconciliationActivities
    purge: PurgeActivities


@dataclass(frozen=True)
class WorkerOptions:
    """Limits of one process. The mail rate is the queue's, whatever the number of processes: set it equal in all.

    `queues` are those it takes from; `deployment` None runs unversioned. `concurrent_workflow_tasks` is as many as one
    processor answers soon: what a process holds that is killed waits ten seconds for its time-out.
    """

    mails_per_second: float
    queues: tuple[str, ...] = QUEUES
    deployment: WorkerDeploymentConfig | None = None
    concurrent_workflow_tasks: int = 20
    concurrent_mails: int = 10
    concurrent_activities: int = 20
    drain_limit: timedelta = timedelta(seconds=30)


def sandbox() -> SandboxedWorkflowRunner:
    """The runner of worker and replay: our packages passed through, all else as the SDK has it."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def build_workers(client: Client, activities: Activities, options: WorkerOptions) -> tuple[Worker, ...]:
    """One for each of the options' queues, in their order; not started yet. `client` must be connected."""
    build = {MIGRATION_QUEUE: _migration_worker, MAIL_QUEUE: _mail_worker}
    return tuple(build[queue](client, activities, options) for queue in options.queues)


def _migration_worker(client: Client, activities: Activities, options: WorkerOptions) -> Worker:
    return Worker(
        client,
        task_queue=MIGRATION_QUEUE,
        workflows=WORKFLOWS,
        activities=migration_activities(activities),
        workflow_runner=sandbox(),
        build_id=_plain_build_id(options),
        deployment_config=options.deployment,
        max_concurrent_workflow_tasks=options.concurrent_workflow_tasks,
        max_concurrent_activities=options.concurrent_activities,
        workflow_task_poller_behavior=POLLERS,
        activity_task_poller_behavior=POLLERS,
        sticky_queue_schedule_to_start_timeout=STICKY_LIMIT,
        graceful_shutdown_timeout=options.drain_limit,
    )


def _mail_worker(client: Client, activities: Activities, options: WorkerOptions) -> Worker:
    return Worker(
        client,
        task_queue=MAIL_QUEUE,
        activities=[activities.mails.deliver_mail],
        build_id=_plain_build_id(options),
        deployment_config=options.deployment,
        max_concurrent_activities=options.concurrent_mails,
        max_task_queue_activities_per_second=options.mails_per_second,
        graceful_shutdown_timeout=options.drain_limit,
    )


def _plain_build_id(options: WorkerOptions) -> str | None:
    """A deployment brings its own."""
    return None if options.deployment else build_id()


def migration_activities(activities: Activities) -> Sequence[Callable[..., Any]]:
    """All activities but the mails'."""
    steps, organization = activities.steps, activities.organization
    return [
        steps.notify_deactivation,
        steps.send_instructions,
        steps.activate,
        steps.reset_password,
        steps.await_new_password,
        steps.apply_policies,
        activities.commands.apply_command,
        activities.commands.apply_to_newest,
        organization.errand_page,
        organization.apply_next_event,
        organization.block_guests,
        organization.start_pending,
        organization.grant_capacity,
        organization.report,
        activities.waves.release_page,
        activities.reconciliation.reconcile_page,
        activities.purge.purge_page,
        activities.waves.control_wave,
    ]
