"""Ports: what our processes listen on, what is probed, who is let in, and what they are let out to."""

from ipaddress import ip_network
from typing import Any

import pytest

from edition_migration.settings import Settings, variable_of
from tests.deploy.kustomize import OVERLAYS, kinds_of, pods_of, ports_of, settings_of
from tests.deploy.manifests import served_addresses

PORTS = {
    "web": ("web_port", "web_metrics_port"),
    "worker": ("worker_health_port", "worker_metrics_port"),
    "mail-worker": ("worker_health_port", "worker_metrics_port"),
}
"""The settings of the ports `http` and `metrics`."""
NAMES = {("UDP", 53), ("TCP", 53)}
RELAYS = {("TCP", 587), ("TCP", 465)}
POSTGRESQL = ("TCP", 5432)


def value_of(overlay: str, field: str) -> Any:
    """What the setting is in a pod: its default, where the ConfigMap does not say."""
    return settings_of(overlay, "edition-migration").get(variable_of(field), Settings.model_fields[field].default)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_port_of_a_pod_is_the_one_of_its_setting(overlay: str) -> None:
    ports = {name: ports_of(pod) for name, pod in pods_of(overlay).items()}
    assert {name: it for name, it in ports.items() if it} == {
        name: {"http": int(value_of(overlay, http)), "metrics": int(value_of(overlay, metrics))}
        for name, (http, metrics) in PORTS.items()
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_server_of_a_pod_listens_on_all_its_addresses(overlay: str) -> None:
    served = served_addresses() | settings_of(overlay, "edition-migration")
    hosts = {field for field in Settings.model_fields if field.endswith("_host")} - {"smtp_host"}
    assert {field: served[variable_of(field)] for field in hosts} == dict.fromkeys(hosts, "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_a_port_that_the_pod_names(overlay: str) -> None:
    for pod in pods_of(overlay).values():
        container = pod["spec"]["containers"][0]
        probes = [it["httpGet"]["port"] for key, it in container.items() if key.endswith("Probe")]
        assert set(probes) <= ports_of(pod).keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_and_those_who_are_let_in_find_the_port_that_the_pods_name(overlay: str) -> None:
    selected = [
        (it["spec"]["selector"], [port["targetPort"] for port in it["spec"]["ports"]])
        for it in kinds_of(overlay, "Service")
    ]
    selected += [
        (
            it["spec"]["podSelector"]["matchLabels"],
            [port["port"] for rule in it["spec"]["ingress"] for port in rule["ports"]],
        )
        for it in kinds_of(overlay, "NetworkPolicy")
        if "ingress" in it["spec"]
    ]
    assert [names for _, names in selected] == [["http"], ["http"]]
    for labels, names in selected:
        pods = [it for it in pods_of(overlay).values() if labels.items() <= it["metadata"]["labels"].items()]
        assert [ports_of(pod)["http"] for pod in pods] == [8080]
        assert names == ["http"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_let_out_to_names_temporal_postgresql_and_the_relay_alone(overlay: str) -> None:
    [policy] = [it for it in kinds_of(overlay, "NetworkPolicy") if "egress" in it["spec"]]
    assert policy["spec"]["podSelector"]["matchLabels"] == {"app.kubernetes.io/part-of": "edition-migration"}
    let_out = {(port["protocol"], port["port"]) for rule in policy["spec"]["egress"] for port in rule["ports"]}
    temporal = ("TCP", int(settings_of(overlay, "temporal")["TEMPORAL_ADDRESS"].rpartition(":")[2]))
    assert let_out == NAMES | RELAYS | {temporal, POSTGRESQL}
    assert ("TCP", int(value_of(overlay, "smtp_port"))) in let_out


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_network_is_trusted_that_is_wider_than_one_of_pods(overlay: str) -> None:
    [trusted] = map(ip_network, value_of(overlay, "trusted_proxies").split(","))
    assert trusted.is_private
    assert trusted.prefixlen >= 16, "users in a network of one's own would be taken for proxies"
