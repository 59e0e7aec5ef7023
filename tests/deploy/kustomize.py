"""What an overlay of `deploy/kubernetes` is made of. Knows as much of kustomize as these overlays use, and no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deploy.manifests import DEPLOY, documents

FOLDER = DEPLOY / "kubernetes"
KNOWN = {"apiVersion", "kind", "namespace", "resources", "images"}
OVERLAYS = sorted(it.name for it in (FOLDER / "overlays").iterdir())
MONITORING = FOLDER / "monitoring"
"""Applied beside an overlay, where the Prometheus operator runs."""


def built(overlay: str) -> list[dict[str, Any]]:
    """All resources of an overlay. Raises ValueError for what this reader does not know."""
    return resources_of(FOLDER / "overlays" / overlay)


def resources_of(folder: Path) -> list[dict[str, Any]]:
    """Those of a folder's kustomization; raises as `built`."""
    return [it for file in files_of(folder) if file.name != "kustomization.yaml" for it in documents(file)]


def files_of(folder: Path) -> Iterator[Path]:
    """Every file that this folder's kustomization reads, itself among them."""
    file = folder / "kustomization.yaml"
    kustomization = documents(file)[0]
    if unknown := kustomization.keys() - KNOWN:
        raise ValueError(f"{file} uses {sorted(unknown)}")
    yield file
    for name in kustomization["resources"]:
        target = (folder / name).resolve()
        if target.is_dir():
            yield from files_of(target)
        else:
            yield target


def pods_of(overlay: str) -> dict[str, dict[str, Any]]:
    """The pod templates of an overlay by the name of what makes the pods."""
    return {it["metadata"]["name"]: it["spec"]["template"] for it in built(overlay) if "template" in it.get("spec", {})}
