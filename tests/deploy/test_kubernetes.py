"""The overlays by Kubernetes' own schemas, and by what a schema cannot see. They were not applied to a cluster."""

from typing import Any

import kubernetes_validate
import pytest
from pydantic import TypeAdapter, ValidationError

from edition_migration.domain.durations import Duration
from edition_migration.web.server import DRAIN_SECONDS
from tests.deploy.custom_resources import SPECS, made_by_the_controller
from tests.deploy.kustomize import (
    CONTROLLED,
    FOLDER,
    MONITORING,
    OVERLAYS,
    SERVING,
    VERSIONS,
    built,
    files_of,
    kinds_of,
    pods_of,
    settings_of,
)
from tests.deploy.manifests import COMMANDS, NAMESPACE, unknown_settings

DRAIN_TIME = "EDITION_MIGRATION_DRAIN_TIME"


def is_builtin(resource: dict[str, Any]) -> bool:
    group = resource["apiVersion"].partition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def deployments_of(overlay: str) -> list[dict[str, Any]]:
    return [*kinds_of(overlay, "Deployment"), *made_by_the_controller(overlay)]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_is_right_by_the_schema_of_kubernetes(overlay: str, version: str) -> None:
    checked = [it for it in built(overlay) if is_builtin(it) and it["kind"] != "Deployment"]
    checked += deployments_of(overlay)
    assert len(checked) == 14
    for resource in checked:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_schema_finds_a_misspelt_key() -> None:
    web = next(it for it in kinds_of("cloud", "Deployment") if it["metadata"]["name"] == "web")
    web["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(web, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_resources_of_others_are_what_their_sources_say(overlay: str) -> None:
    others = [it for it in built(overlay) if not is_builtin(it)]
    for it in others:
        SPECS[it["apiVersion"], it["kind"]].model_validate(it["spec"])
    kinds = {"Connection", "WorkerDeployment"} if overlay in CONTROLLED else {"ScaledObject", "TriggerAuthentication"}
    assert {it["kind"] for it in others} == kinds


def test_a_field_that_their_sources_do_not_know_is_found() -> None:
    [scaled] = kinds_of("cloud", "ScaledObject")
    scaled["spec"]["triggers"][0]["metadata"]["queueName"] = "migration"
    with pytest.raises(ValidationError, match="queueName"):
        SPECS[scaled["apiVersion"], scaled["kind"]].model_validate(scaled["spec"])


def test_no_manifest_lies_about_that_nothing_uses() -> None:
    folders = [MONITORING, *(FOLDER / "overlays" / overlay for overlay in OVERLAYS)]
    assert {file for folder in folders for file in files_of(folder)} == {it for it in FOLDER.rglob("*") if it.is_file()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_two_resources_of_an_overlay_have_one_name_and_none_is_a_secret(overlay: str) -> None:
    names = [(it["kind"], it["metadata"]["name"]) for it in built(overlay)]
    assert len(set(names)) == len(names)
    assert "Secret" not in {kind for kind, _ in names}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_two_volumes_or_mounts_of_a_pod_are_the_same_whatever_the_controller_adds(overlay: str) -> None:
    for pod in (it["spec"]["template"]["spec"] for it in (*deployments_of(overlay), *kinds_of(overlay, "Job"))):
        volumes = [it["name"] for it in pod["volumes"]]
        mounts = pod["containers"][0]["volumeMounts"]
        assert sorted(set(volumes)) == sorted(volumes)
        assert sorted(it["name"] for it in mounts) == sorted(volumes)
        assert len({it["mountPath"] for it in mounts}) == len(mounts)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_runs_a_command_of_the_image_but_the_one_that_waits_for_commands(overlay: str) -> None:
    containers = {name: pod["spec"]["containers"] for name, pod in pods_of(overlay).items()}
    [waiting] = containers.pop("starter")
    assert waiting["command"] == ["sh", "-c", "trap exit TERM; sleep infinity & wait"]
    namespace = [] if overlay.startswith("cloud") else [NAMESPACE]
    assert {name: [it["args"] for it in them] for name, them in containers.items()} == {
        name: [[*arguments, *namespace] if name == "setup" else arguments] for name, arguments in COMMANDS.items()
    }
    assert {it["image"] for them in containers.values() for it in (*them, waiting)} == {"edition-migration"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_of_ours_is_a_setting_and_all_it_names_is_there(overlay: str) -> None:
    settings = settings_of(overlay, "edition-migration")
    assert unknown_settings(settings) == []
    assert all(name.startswith("TEMPORAL_") for name in settings_of(overlay, "temporal"))
    for pod in pods_of(overlay).values():
        container = pod["spec"]["containers"][0]
        named = [it["configMapRef"]["name"] for it in container["envFrom"] if "configMapRef" in it]
        assert named == ["edition-migration", "temporal"]
        paths = {it["mountPath"] for it in container["volumeMounts"]}
        assert settings["EDITION_MIGRATION_SECRETS_DIR"] in paths


def test_settings_are_generated_so_that_pods_are_replaced_when_one_changes() -> None:
    texts = {file: file.read_text() for file in FOLDER.rglob("*.yaml")}
    assert [
        file for file, text in texts.items() if text.startswith("kind: ConfigMap") or "\nkind: ConfigMap" in text
    ] == []
    assert [file for file, text in texts.items() if "disableNameSuffixHash" in text] == []


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
    drain = TypeAdapter(Duration).validate_python(settings_of(overlay, "edition-migration")[DRAIN_TIME])
    for name, pod in pods_of(overlay).items():
        assert pod["spec"]["terminationGracePeriodSeconds"] > drain.total_seconds()
        container = pod["spec"]["containers"][0]
        probes = {key: it["httpGet"]["path"] for key, it in container.items() if key.endswith("Probe")}
        expected = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        assert probes == (expected if name in SERVING else {})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_web_pod_that_goes_takes_connections_until_everybody_knows_and_then_has_time_to_drain(overlay: str) -> None:
    pod = pods_of(overlay)["web"]["spec"]
    rest = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert rest == 10
    assert pod["terminationGracePeriodSeconds"] > rest + DRAIN_SECONDS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_setup_that_failed_leaves_its_pod_and_log(overlay: str) -> None:
    [job] = kinds_of(overlay, "Job")
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


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
    assert scaled <= {it["metadata"]["name"] for it in kinds_of(overlay, "Deployment")}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_node_can_be_drained_always_and_one_pod_of_each_kind_is_left_meanwhile(overlay: str) -> None:
    for budget in kinds_of(overlay, "PodDisruptionBudget"):
        assert budget["spec"]["minAvailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    scaled = {it["metadata"]["name"]: it["spec"]["minReplicaCount"] for it in kinds_of(overlay, "ScaledObject")}
    makers = (*kinds_of(overlay, "Deployment"), *kinds_of(overlay, "WorkerDeployment"))
    own = {it["metadata"]["name"]: it["spec"]["replicas"] for it in makers if "replicas" in it["spec"]}
    assert own | scaled == {"starter": 1, "web": 2, "worker": 2, "mail-worker": 2}
    assert own.keys() & scaled.keys() == set(), "two would quarrel about the number"
