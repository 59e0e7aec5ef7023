"""Where Temporal is: what a pod's environment makes of our own client, and that nobody else is told otherwise."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from temporalio.service import TLSConfig

from edition_migration.temporal.client import connect_config
from tests.deploy.custom_resources import made_by_the_controller
from tests.deploy.kustomize import CONTROLLED, OVERLAYS, kinds_of, pods_of, settings_of

CLOUD = [it for it in OVERLAYS if it.startswith("cloud")]
SELF_HOSTED = [it for it in OVERLAYS if it.startswith("self-hosted")]
SCALED = [it for it in OVERLAYS if it not in CONTROLLED]
SECRET = "temporal-tls"
FRONTEND = "temporal-frontend.temporal.svc.cluster.local"


def pods_with_temporal(overlay: str) -> dict[str, dict[str, Any]]:
    """The pods as they run: those of WorkerDeployments with what the controller adds."""
    made = {it["metadata"]["name"]: it["spec"]["template"] for it in made_by_the_controller(overlay)}
    return pods_of(overlay) | made


def mounted(pod: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """A folder for each place where the pod mounts the Secret of the certificates, filled as the documents ask for."""
    certificates = {it["name"] for it in pod["spec"]["volumes"] if it.get("secret", {}).get("secretName") == SECRET}
    mounts = [it["mountPath"] for it in pod["spec"]["containers"][0]["volumeMounts"] if it["name"] in certificates]
    authority = trustme.CA()
    pair = authority.issue_cert("client.example")
    for place in mounts:
        here = folder / place.strip("/")
        here.mkdir(parents=True)
        authority.cert_pem.write_to_path(str(here / "ca.crt"))
        pair.private_key_pem.write_to_path(str(here / "tls.key"))
        pair.cert_chain_pems[0].write_to_path(str(here / "tls.crt"))
    return {place: folder / place.strip("/") for place in mounts}


def environment(overlay: str, pod: Mapping[str, Any], places: Mapping[str, Path]) -> dict[str, str]:
    """What the container sees, with the mounts found where they are here."""
    own = {it["name"]: it["value"] for it in pod["spec"]["containers"][0].get("env", []) if "value" in it}
    values = settings_of(overlay, "temporal") | own
    for place, here in places.items():
        values = {name: value.replace(f"{place}/", f"{here}/") for name, value in values.items()}
    return values


@pytest.mark.parametrize("overlay", SELF_HOSTED)
def test_every_pod_reaches_a_cluster_of_ones_own_with_certificates_that_it_mounts(overlay: str, tmp_path: Path) -> None:
    for name, pod in pods_with_temporal(overlay).items():
        places = mounted(pod, tmp_path / name)
        config = connect_config(environment(overlay, pod, places))
        assert (config["target_host"], config["namespace"]) == (f"{FRONTEND}:7233", "edition-migration")
        tls = config["tls"]
        assert isinstance(tls, TLSConfig)
        assert tls.domain == FRONTEND
        folders = [(it / "ca.crt", it / "tls.crt", it / "tls.key") for it in places.values()]
        assert tls.server_root_ca_cert in {authority.read_bytes() for authority, _, _ in folders}
        pair = (tls.client_cert, tls.client_private_key)
        assert pair in {(certificate.read_bytes(), key.read_bytes()) for _, certificate, key in folders}


@pytest.mark.parametrize("overlay", CLOUD)
def test_every_pod_reaches_temporal_cloud_with_the_key_of_its_secret(overlay: str) -> None:
    for pod in pods_with_temporal(overlay).values():
        container = pod["spec"]["containers"][0]
        assert {"secretRef": {"name": "temporal", "optional": True}} in container["envFrom"]
        config = connect_config(environment(overlay, pod, {}) | {"TEMPORAL_API_KEY": "a key"})
        assert config["target_host"] == "eu-central-1.aws.api.temporal.io:7233"
        assert (config["namespace"], config["api_key"]) == ("edition-migration.a1b2c", "a key")


@pytest.mark.parametrize("overlay", CLOUD)
def test_the_key_of_temporal_cloud_is_one_and_the_same(overlay: str) -> None:
    keys = [it["spec"]["secretTargetRef"] for it in kinds_of(overlay, "TriggerAuthentication")]
    keys += [[it["spec"]["apiKeySecretRef"]] for it in kinds_of(overlay, "Connection")]
    assert [{(it["name"], it["key"]) for it in them} for them in keys] == [{("temporal", "TEMPORAL_API_KEY")}]


@pytest.mark.parametrize("overlay", SELF_HOSTED)
def test_the_certificate_for_a_cluster_of_ones_own_is_one_and_the_same(overlay: str) -> None:
    triggers = {it["key"]: it["name"] for auth in kinds_of(overlay, "TriggerAuthentication") for it in secrets_of(auth)}
    assert triggers in ({}, {"ca.crt": SECRET, "tls.crt": SECRET, "tls.key": SECRET})
    assert {it["spec"]["mutualTLSSecretRef"]["name"] for it in kinds_of(overlay, "Connection")} <= {SECRET}


def secrets_of(authentication: Mapping[str, Any]) -> list[dict[str, str]]:
    return authentication["spec"]["secretTargetRef"]


@pytest.mark.parametrize("overlay", SCALED)
def test_the_scaler_looks_where_the_workers_work(overlay: str) -> None:
    temporal = settings_of(overlay, "temporal")
    [scaled] = kinds_of(overlay, "ScaledObject")
    [trigger] = scaled["spec"]["triggers"]
    assert (scaled["metadata"]["name"], trigger["metadata"]["taskQueue"]) == ("worker", "migration")
    assert trigger["metadata"]["endpoint"] == temporal["TEMPORAL_ADDRESS"]
    assert trigger["metadata"]["namespace"] == temporal["TEMPORAL_NAMESPACE"]
    assert trigger["metadata"].get("tlsServerName") == temporal.get("TEMPORAL_TLS_SERVER_NAME")


@pytest.mark.parametrize("overlay", CONTROLLED)
def test_the_controllers_connection_is_the_one_of_the_workers(overlay: str) -> None:
    temporal = settings_of(overlay, "temporal")
    [connection] = kinds_of(overlay, "Connection")
    assert connection["spec"]["hostPort"] == temporal["TEMPORAL_ADDRESS"]
    assert connection["spec"].get("tls", {}).get("serverName") == temporal.get("TEMPORAL_TLS_SERVER_NAME")
    options = [it["spec"]["workerOptions"] for it in kinds_of(overlay, "WorkerDeployment")]
    expected = {"connectionRef": {"name": "temporal"}, "temporalNamespace": temporal["TEMPORAL_NAMESPACE"]}
    assert options == [expected, expected]
