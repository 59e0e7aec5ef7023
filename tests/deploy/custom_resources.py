"""Fields of others' resources that our manifests use, as their own sources have them: no package brings their schemas.

KEDA 2.19 to 2.22: its documentation of ScaledObject and of the scaler `temporal`. Worker controller 1.8 to 1.11:
`api/v1alpha1`, and what it adds to a pod, `ApplyControllerPodSpecModifications`. Look there before adding a field.
"""

import copy
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tests.deploy.kustomize import kinds_of

Text = Annotated[str, StringConstraints(min_length=1)]
Address = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9.-]+:[0-9]+$")]
Minutes = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[mh]$")]


class Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Named(Fields):
    name: Text


class Parameter(Fields):
    parameter: Literal["apiKey", "ca", "cert", "key"]
    name: Text
    key: Text


class TriggerAuthentication(Fields):
    secret_target_ref: list[Parameter]


class Queue(Fields):
    """All are texts, numbers too."""

    endpoint: Address
    namespace: Text
    task_queue: Text
    queue_types: Annotated[str, StringConstraints(pattern=r"^(workflow|activity|nexus)(,(workflow|activity|nexus))*$")]
    target_queue_size: Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]
    tls_server_name: Text | None = None


class Trigger(Fields):
    type: Literal["temporal"]
    authentication_ref: Named
    metadata: Queue


class ScaledObject(Fields):
    scale_target_ref: Named
    min_replica_count: int
    max_replica_count: int
    cooldown_period: int
    triggers: list[Trigger]


class Tls(Fields):
    server_name: Text


class SecretKey(Named):
    key: Text


class Connection(Fields):
    host_port: Address
    tls: Tls | None = None
    mutual_tls_secret_ref: Named | None = Field(default=None, alias="mutualTLSSecretRef")
    api_key_secret_ref: SecretKey | None = Field(default=None, alias="apiKeySecretRef")


class WorkerOptions(Fields):
    connection_ref: Named
    temporal_namespace: Text


class Step(Fields):
    ramp_percentage: Annotated[int, Field(ge=1, le=99)]
    pause_duration: Minutes


class Rollout(Fields):
    strategy: Literal["Progressive"]
    steps: list[Step]


class Sunset(Fields):
    scaledown_delay: Minutes
    delete_delay: Minutes


class WorkerDeployment(Fields):
    replicas: int
    worker_options: WorkerOptions
    rollout: Rollout
    sunset: Sunset
    template: dict[str, Any]


SPECS: dict[tuple[str, str], type[Fields]] = {
    ("keda.sh/v1alpha1", "TriggerAuthentication"): TriggerAuthentication,
    ("keda.sh/v1alpha1", "ScaledObject"): ScaledObject,
    ("temporal.io/v1alpha1", "Connection"): Connection,
    ("temporal.io/v1alpha1", "WorkerDeployment"): WorkerDeployment,
}


def made_by_the_controller(overlay: str) -> list[dict[str, Any]]:
    """The Deployments that the worker controller makes of an overlay's WorkerDeployments; none where it has none."""
    [*connections] = kinds_of(overlay, "Connection")
    return [_made(it, connections[0]) for it in kinds_of(overlay, "WorkerDeployment")]


def _made(deployment: dict[str, Any], connection: dict[str, Any]) -> dict[str, Any]:
    template = copy.deepcopy(deployment["spec"]["template"])
    labels = {"temporal.io/deployment-name": deployment["metadata"]["name"], "temporal.io/build-id": "0-1-0"}
    template["metadata"]["labels"] |= labels
    pod, [container] = template["spec"], template["spec"]["containers"]
    values = {
        "TEMPORAL_ADDRESS": connection["spec"]["hostPort"],
        "TEMPORAL_NAMESPACE": deployment["spec"]["workerOptions"]["temporalNamespace"],
        "TEMPORAL_DEPLOYMENT_NAME": f"{deployment['metadata']['name']}/edition-migration",
        "TEMPORAL_WORKER_BUILD_ID": "0-1-0",
    }
    if "tls" in connection["spec"]:
        values["TEMPORAL_TLS_SERVER_NAME"] = connection["spec"]["tls"]["serverName"]
    if certificate := connection["spec"].get("mutualTLSSecretRef"):
        folder = "/etc/temporal/tls"
        values |= {
            "TEMPORAL_TLS": "true",
            "TEMPORAL_TLS_CLIENT_KEY_PATH": f"{folder}/tls.key",
            "TEMPORAL_TLS_CLIENT_CERT_PATH": f"{folder}/tls.crt",
        }
        container["volumeMounts"].append({"name": "temporal-tls", "mountPath": folder})
        pod["volumes"].append({"name": "temporal-tls", "secret": {"secretName": certificate["name"]}})
    container["env"] = [{"name": name, "value": value} for name, value in values.items()]
    if key := connection["spec"].get("apiKeySecretRef"):
        container["env"].append({"name": "TEMPORAL_API_KEY", "valueFrom": {"secretKeyRef": key}})
    metadata = {"name": re.sub(r"\W", "-", deployment["metadata"]["name"])}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
