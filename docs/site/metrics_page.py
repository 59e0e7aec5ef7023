"""The reference of metrics: what each process shows to Prometheus."""

from docs.site.tables import code, page, table
from edition_migration.domain.metrics import METRICS, Metric, Process
from edition_migration.settings import variable_of
from edition_migration.temporal.sweep import LOOK_UP_PERIOD


def metrics_page() -> str:
    worker, web = (code(variable_of(it)) for it in ("worker_metrics_port", "web_metrics_port"))
    return page(
        "Metrics",
        f"Served for Prometheus at `/metrics` where {worker} and {web} say a port. No label holds an id, a name or an "
        "address. What to be called for: [operating](../operating.md#what-to-watch).",
        "## Of the worker",
        f"All but the last two are looked up in the database every {LOOK_UP_PERIOD:g} seconds by each worker that "
        "takes from queue `migration`, so all of them show the same: take the `max`, not the `sum`.",
        _table_of(Process.WORKER),
        "## Of the web process",
        _table_of(Process.WEB),
        "## Of Temporal's SDK",
        "The same page has the SDK's own, whose names begin with `temporal_`, durations in seconds: among them "
        "`temporal_workflow_task_execution_failed_total`, `temporal_activity_execution_failed_total`, "
        "`temporal_activity_schedule_to_start_latency_seconds`, `temporal_worker_task_slots_available` and "
        "`temporal_request_failure_total`.",
    )


def _table_of(process: Process) -> str:
    rows = [_row(metric) for metric in METRICS if metric.process is process]
    return table(("Metric", "Kind", "Labels", "Meaning"), rows)


def _row(metric: Metric) -> tuple[str, str, str, str]:
    labels = "; ".join(_label(name, tuple(values)) for name, values in metric.labels.items())
    return code(metric.name), metric.kind, labels, metric.meaning


def _label(name: str, values: tuple[str, ...]) -> str:
    return f"{code(name)}: {', '.join(map(code, values))}" if values else code(name)
