"""What an overlay of `deploy/kubernetes` is made of. Knows as much of kustomize as these overlays use, and no more.

It leaves out the namespace, the image's full name and the hash in the names of ConfigMaps. Where there is a kubectl,
`python -m tests.deploy.against_kubectl` compares it with what kustomize itself builds.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonpatch
import kubernetes_validate
import yaml

from tests.deploy.manifests import DEPLOY, documents

FOLDER = DEPLOY / "kubernetes"
KNOWN = {
    *("apiVersion", "kind", "namespace", "images"),
    *("resources", "components", "configMapGenerator", "patches", "replacements"),
}
OVERLAYS = sorted(it.name for it in (FOLDER / "overlays").iterdir())
CONTROLLED = [it for it in OVERLAYS if it.endswith("-controller")]
"""Whose workers Temporal's worker controller runs."""
SERVING = {"web", "worker", "mail-worker"}
"""The pods that are asked by port."""
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest Kubernetes that production.md asks for, and the newest."""
MONITORING = FOLDER / "monitoring"
"""Applied beside an overlay, where the Prometheus operator runs."""

Resource = dict[str, Any]


def built(overlay: str) -> list[Resource]:
    """All resources of an overlay. Raises ValueError for what this reader does not know."""
    return resources_of(FOLDER / "overlays" / overlay)


def resources_of(folder: Path) -> list[Resource]:
    """Those of a folder's kustomization; raises as `built`."""
    return _applied(folder, [])


def kinds_of(overlay: str, kind: str) -> list[Resource]:
    return [it for it in built(overlay) if it["kind"] == kind]


def files_of(folder: Path) -> Iterator[Path]:
    """Every file that this folder's kustomization reads, itself among them."""
    kustomization = _kustomization(folder)
    yield folder / "kustomization.yaml"
    for name in (*kustomization.get("resources", []), *kustomization.get("components", [])):
        target = (folder / name).resolve()
        yield from files_of(target) if target.is_dir() else [target]
    named = [env for it in kustomization.get("configMapGenerator", []) for env in it["envs"]]
    named += [it["path"] for it in kustomization.get("patches", []) if "path" in it]
    yield from (folder / name for name in named)


def pods_of(overlay: str) -> dict[str, Resource]:
    """The pod templates of an overlay by the name of what makes the pods."""
    return {it["metadata"]["name"]: it["spec"]["template"] for it in built(overlay) if "template" in it.get("spec", {})}


def ports_of(pod: Resource) -> dict[str, int]:
    """The ports of a pod template by their names."""
    return {it["name"]: it["containerPort"] for it in pod["spec"]["containers"][0].get("ports", [])}


def settings_of(overlay: str, name: str) -> dict[str, str]:
    """The data of an overlay's ConfigMap."""
    [data] = [it["data"] for it in kinds_of(overlay, "ConfigMap") if it["metadata"]["name"] == name]
    return data


def _applied(folder: Path, resources: list[Resource]) -> list[Resource]:
    """These resources, changed and added to by the folder's kustomization, in the order in which kustomize does it."""
    kustomization = _kustomization(folder)
    for name in kustomization.get("resources", []):
        target = (folder / name).resolve()
        resources += resources_of(target) if target.is_dir() else documents(target)
    for name in kustomization.get("components", []):
        resources = _applied((folder / name).resolve(), resources)
    resources += [_config_map(folder, it) for it in kustomization.get("configMapGenerator", [])]
    for patch in kustomization.get("patches", []):
        text = patch.get("patch") or (folder / patch["path"]).read_text()
        operations = yaml.safe_load(text)
        resources = [
            jsonpatch.apply_patch(it, operations) if _is_meant(it, patch["target"]) else it for it in resources
        ]
    for replacement in kustomization.get("replacements", []):
        _replace(replacement, resources)
    return resources


def _kustomization(folder: Path) -> Resource:
    file = folder / "kustomization.yaml"
    [kustomization] = documents(file)
    if unknown := kustomization.keys() - KNOWN:
        raise ValueError(f"{file} uses {sorted(unknown)}")
    return kustomization


def _config_map(folder: Path, generator: Resource) -> Resource:
    lines = [line for file in generator["envs"] for line in (folder / file).read_text().splitlines()]
    data = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data}


def _is_meant(resource: Resource, target: Mapping[str, str]) -> bool:
    facts = {"kind": resource["kind"], "name": resource["metadata"]["name"]}
    return all(re.fullmatch(pattern, facts[key]) for key, pattern in target.items())


def _replace(replacement: Resource, resources: list[Resource]) -> None:
    source = dict(replacement["source"])
    path = source.pop("fieldPath").split(".")
    [value] = [_at(it, path) for it in resources if _is_meant(it, source)]
    for target in replacement["targets"]:
        for resource in (it for it in resources if _is_meant(it, target["select"])):
            for *parents, last in (it.split(".") for it in target["fieldPaths"]):
                _at(resource, parents)[last] = value


def _at(node: Any, path: list[str]) -> Any:
    """The node at the end of the path; mappings that are missing are made."""
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    return node
