"""The overlays by Kubernetes' own schemas, and by what a schema cannot see. They were not applied to a cluster."""

from typing import Any

import kubernetes_validate
import pytest
from pydantic import TypeAdapter

from edition_migration.domain.durations import Duration
from tests.deploy.kustomize import FOLDER, MONITORING, OVERLAYS, built, files_of, pods_of
from tests.deploy.manifests import COMMANDS, unknown_settings

VERSIONS = ("1.31", kubernetes_validate.latest_version())
WORKER_DEPLOYMENT = {"replicas", "workerOptions", "rollout", "sunset", "template"}
"""What we use of the controller's WorkerDeployment, whose schema no package brings."""


def is_builtin(resource: dict[str, Any]) -> bool:
    group = resource["apiVersion"].partition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def as_deployment(resource: dict[str, Any]) -> dict[str, Any]:
    """A WorkerDeployment's pod template in the Deployment that the controller makes of it."""
    labels = resource["spec"]["template"]["metadata"]["labels"]
    spec = {"selector": {"matchLabels": labels}, "template": resource["spec"]["template"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": resource["metadata"], "spec": spec}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_is_right_by_the_schema_of_kubernetes(overlay: str, version: str) -> None:
    checked = [it for it in built(overlay) if is_builtin(it)]
    checked += [as_deployment(it) for it in built(overlay) if it["kind"] == "WorkerDeployment"]
    assert len(checked) >= 9
    for resource in checked:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_schema_finds_a_misspelt_key() -> None:
    web = next(it for it in built("cloud") if it["kind"] == "Deployment" and it["metadata"]["name"] == "web")
    web["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(web, VERSIONS[-1], strict=True)


def test_resources_of_others_are_the_kinds_that_we_name() -> None:
    others = {it["apiVersion"]: set[str]() for overlay in OVERLAYS for it in built(overlay) if not is_builtin(it)}
    for overlay in OVERLAYS:
        for it in built(overlay):
            others.get(it["apiVersion"], set()).add(it["kind"])
    assert others == {
        "keda.sh/v1alpha1": {"ScaledObject", "TriggerAuthentication"},
        "temporal.io/v1alpha1": {"Connection", "WorkerDeployment"},
    }
    versioned = [it["spec"].keys() for it in built("self-hosted-controller") if it["kind"] == "WorkerDeployment"]
    assert versioned == [WORKER_DEPLOYMENT, WORKER_DEPLOYMENT]


def test_no_manifest_lies_about_that_nothing_uses() -> None:
    folders = [MONITORING, *(FOLDER / "overlays" / overlay for overlay in OVERLAYS)]
    assert {file for folder in folders for file in files_of(folder)} == set(FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_two_resources_of_an_overlay_have_one_name_and_none_is_a_secret(overlay: str) -> None:
    names = [(it["kind"], it["metadata"]["name"]) for it in built(overlay)]
    assert len(set(names)) == len(names)
    assert "Secret" not in {kind for kind, _ in names}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_runs_a_command_of_the_image(overlay: str) -> None:
    pods = {name: pod["spec"]["containers"] for name, pod in pods_of(overlay).items()}
    assert {name: [it["args"] for it in containers] for name, containers in pods.items()} == {
        name: [arguments] for name, arguments in COMMANDS.items()
    }
    assert {it["image"] for containers in pods.values() for it in containers} == {"edition-migration"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_of_ours_is_a_setting_and_all_it_names_is_there(overlay: str) -> None:
    maps = {it["metadata"]["name"]: it["data"] for it in built(overlay) if it["kind"] == "ConfigMap"}
    assert set(maps) == {"edition-migration", "temporal"}
    assert unknown_settings(maps["edition-migration"]) == []
    assert all(name.startswith("TEMPORAL_") for name in maps["temporal"])
    for pod in pods_of(overlay).values():
        container = pod["spec"]["containers"][0]
        named = {it["configMapRef"]["name"] for it in container["envFrom"] if "configMapRef" in it}
        assert named == set(maps)
        paths = {it["mountPath"] for it in container["volumeMounts"]}
        assert maps["edition-migration"]["EDITION_MIGRATION_SECRETS_DIR"] in paths
        assert {it["name"] for it in container["volumeMounts"]} == {it["name"] for it in pod["spec"]["volumes"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_another_user_than_root_and_writes_nowhere_but_to_its_scratch(overlay: str) -> None:
    for pod in pods_of(overlay).values():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False
        container = pod["spec"]["containers"][0]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = [it["mountPath"] for it in container["volumeMounts"] if not it.get("readOnly")]
        assert writable == ["/tmp"]
        assert {"requests", "limits"} <= container["resources"].keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_serves_is_probed_and_drains_before_it_is_killed(overlay: str) -> None:
    settings = next(
        it["data"] for it in built(overlay) if it["metadata"]["name"] == "edition-migration" and "data" in it
    )
    drain = TypeAdapter(Duration).validate_python(settings["EDITION_MIGRATION_DRAIN_TIME"]).total_seconds()
    for name, pod in pods_of(overlay).items():
        assert pod["spec"]["terminationGracePeriodSeconds"] > drain
        container = pod["spec"]["containers"][0]
        probes = {key: it["httpGet"]["path"] for key, it in container.items() if key.endswith("Probe")}
        expected = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        assert probes == ({} if name == "setup" else expected)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_whatever_points_to_pods_or_to_their_makers_finds_them(overlay: str) -> None:
    pods = pods_of(overlay)
    resources = built(overlay)
    budgets = [it["spec"]["selector"]["matchLabels"] for it in resources if it["kind"] == "PodDisruptionBudget"]
    services = [it["spec"]["selector"] for it in resources if it["kind"] == "Service"]
    policies = [it["spec"]["podSelector"]["matchLabels"] for it in resources if it["kind"] == "NetworkPolicy"]
    for wanted in (*budgets, *services, *policies):
        assert [name for name, pod in pods.items() if wanted.items() <= pod["metadata"]["labels"].items()]
    assert len(budgets) == 3
    scaled = {it["spec"]["scaleTargetRef"]["name"] for it in resources if it["kind"] == "ScaledObject"}
    assert scaled <= {it["metadata"]["name"] for it in resources if it["kind"] == "Deployment"}


@pytest.mark.parametrize("overlay", ["cloud", "self-hosted"])
def test_the_scaler_looks_where_the_workers_work(overlay: str) -> None:
    resources = built(overlay)
    temporal = next(it["data"] for it in resources if it["metadata"]["name"] == "temporal" and "data" in it)
    triggers = {
        it["metadata"]["name"]: it["spec"]["triggers"][0]["metadata"]
        for it in resources
        if it["kind"] == "ScaledObject"
    }
    assert {name: it["taskQueue"] for name, it in triggers.items()} == {"worker": "migration", "mail-worker": "mail"}
    for trigger in triggers.values():
        assert trigger["endpoint"] == temporal["TEMPORAL_ADDRESS"]
        assert trigger["namespace"] == temporal["TEMPORAL_NAMESPACE"]
        assert trigger.get("tlsServerName") == temporal.get("TEMPORAL_TLS_SERVER_NAME")


def test_the_controllers_connection_is_the_one_of_the_workers() -> None:
    resources = built("self-hosted-controller")
    temporal = next(it["data"] for it in resources if it["metadata"]["name"] == "temporal" and "data" in it)
    connection = next(it["spec"] for it in resources if it["kind"] == "Connection")
    options = [it["spec"]["workerOptions"] for it in resources if it["kind"] == "WorkerDeployment"]
    assert connection["hostPort"] == temporal["TEMPORAL_ADDRESS"]
    assert connection["tls"]["serverName"] == temporal["TEMPORAL_TLS_SERVER_NAME"]
    expected = {"connectionRef": {"name": "temporal"}, "temporalNamespace": temporal["TEMPORAL_NAMESPACE"]}
    assert options == [expected, expected]
