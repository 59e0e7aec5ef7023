"""What the Prometheus operator is given: every pod that serves metrics, and alarms about figures that there are.

Not applied to a cluster; the operator's own kinds have no schema here.
"""

import re
from ipaddress import IPv4Address
from typing import Any

import kubernetes_validate
import pytest

from edition_migration.domain.metrics import METRICS
from tests.deploy.kustomize import (
    MONITORING,
    OVERLAYS,
    SERVING,
    VERSIONS,
    built,
    pods_of,
    ports_of,
    resources_of,
    settings_of,
)
from tests.deploy.manifests import ROOT

OF_THE_SDK = {"temporal_workflow_task_execution_failed_total"}
"""`tests/temporal/test_metrics.py` sees it on a real page."""


def resource(kind: str) -> dict[str, Any]:
    [found] = [it for it in resources_of(MONITORING) if it["kind"] == kind]
    return found


def rules() -> list[dict[str, Any]]:
    [group] = resource("PrometheusRule")["spec"]["groups"]
    return group["rules"]


def test_it_is_these_resources_and_the_overlays_have_none_of_the_operator() -> None:
    kinds = {(it["apiVersion"], it["kind"]) for it in resources_of(MONITORING)}
    operator = "monitoring.coreos.com/v1"
    assert kinds == {(operator, "PodMonitor"), (operator, "PrometheusRule"), ("networking.k8s.io/v1", "NetworkPolicy")}
    assert operator not in {it["apiVersion"] for overlay in OVERLAYS for it in built(overlay)}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_that_serves_names_the_port_of_its_setting_and_is_found_by_it(overlay: str) -> None:
    settings = settings_of(overlay, "edition-migration")
    [endpoint] = resource("PodMonitor")["spec"]["podMetricsEndpoints"]
    labels = resource("PodMonitor")["spec"]["selector"]["matchLabels"]
    assert settings["EDITION_MIGRATION_METRICS_HOST"] == str(IPv4Address(0)), "all addresses of the pod"
    found: set[str] = set()
    for name, pod in pods_of(overlay).items():
        ports = ports_of(pod)
        if endpoint["port"] in ports and labels.items() <= pod["metadata"]["labels"].items():
            found.add(name)
            variable = f"EDITION_MIGRATION_{'WEB' if name == 'web' else 'WORKER'}_METRICS_PORT"
            assert str(ports[endpoint["port"]]) == settings[variable]
    assert found == SERVING


@pytest.mark.parametrize("version", VERSIONS)
def test_the_network_lets_prometheus_in_to_that_port_of_those_pods_alone(version: str) -> None:
    policy = resource("NetworkPolicy")
    kubernetes_validate.validate(policy, version, strict=True)
    monitor = resource("PodMonitor")["spec"]
    assert policy["spec"]["podSelector"] == monitor["selector"]
    [rule] = policy["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": monitor["podMetricsEndpoints"][0]["port"]}]
    assert [it["namespaceSelector"]["matchLabels"] for it in rule["from"]] == [
        {"kubernetes.io/metadata.name": "monitoring"}
    ]


def test_alarms_speak_of_figures_and_labels_that_there_are() -> None:
    ours = {metric.name: metric.labels for metric in METRICS}
    for rule in rules():
        named = set(re.findall(r"\b(?:edition_migration|temporal)_\w+", rule["expr"]))
        assert named
        assert named <= ours.keys() | OF_THE_SDK
        for metric, label, value in re.findall(r"(edition_migration_\w+)\{(\w+)=~?\"([^\"]*)\"", rule["expr"]):
            assert set(value.split("|")) <= set(ours[metric][label])
    used = {name for rule in rules() for name in re.findall(r"edition_migration_\w+", rule["expr"])}
    unused = {"edition_migration_open_migrations", "edition_migration_sign_ins_total"}
    assert used == ours.keys() - unused, "the two are for graphs: docs/operating.md"


def test_the_guide_of_operators_has_every_alarm_and_no_other() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    assert re.findall(r"^\| `(Migration[A-Z]\w+)` \|", guide, re.MULTILINE) == [it["alert"] for it in rules()]
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning"}
    assert all(rule["annotations"]["summary"] for rule in rules())
