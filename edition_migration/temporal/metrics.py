"""Our figures on the page of the SDK's own: one page a process holds both. Implements `ports.metrics.Meter`.

Without an address for it the process serves no page, and what is counted goes nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from temporalio.client import Client
from temporalio.common import MetricCounter, MetricGaugeFloat, MetricMeter
from temporalio.runtime import PrometheusConfig

from edition_migration.domain.metrics import METRICS, Metric, MetricKind, Process

_TOTAL = "_total"
"""What Prometheus wants at the end of a counter's name; the SDK puts it there."""


@dataclass(frozen=True)
class MetricsAddress:
    """Where the page is served, at `/metrics`: an IP address of this machine, or 0.0.0.0; `variable` sets the port."""

    host: str
    port: int
    variable: str

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def prometheus(address: MetricsAddress) -> PrometheusConfig:
    """By Prometheus' conventions: seconds, and units and `_total` in the names."""
    return PrometheusConfig(
        bind_address=str(address), counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )


class SdkMeter:
    """Over a client's runtime. Counters with closed labels are there from the beginning, at 0."""

    def __init__(self, client: Client, process: Process) -> None:
        runtime = client.service_client.config.runtime
        meter = runtime.metric_meter if runtime else MetricMeter.noop
        ours = [metric for metric in METRICS if metric.process is process]
        self._counters = {it.name: _counter(meter, it) for it in ours if it.kind is MetricKind.COUNTER}
        self._gauges = {it.name: _gauge(meter, it) for it in ours if it.kind is MetricKind.GAUGE}
        for metric in ours:
            if metric.kind is MetricKind.COUNTER:
                self._begin(metric)

    def count(self, metric: Metric, **labels: str) -> None:
        self._counters[metric.name].add(1, labels)

    def show(self, metric: Metric, value: float, **labels: str) -> None:
        self._gauges[metric.name].set(value, labels)

    def _begin(self, metric: Metric) -> None:
        for values in product(*metric.labels.values()):
            labels: Mapping[str, str] = dict(zip(metric.labels, values, strict=True))
            self._counters[metric.name].add(0, labels)


def _counter(meter: MetricMeter, metric: Metric) -> MetricCounter:
    return meter.create_counter(metric.name.removesuffix(_TOTAL), metric.meaning)


def _gauge(meter: MetricMeter, metric: Metric) -> MetricGaugeFloat:
    return meter.create_gauge_float(metric.name, metric.meaning)
