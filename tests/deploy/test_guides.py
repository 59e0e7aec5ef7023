"""What the guides say about containers: each name in their lines, each path to publish, each file to mount is there."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.kustomize import FOLDER, OVERLAYS, VERSIONS, built, pods_of
from tests.deploy.manifests import DEPLOY, ROOT, documents

PRODUCTION, RESTORE = (ROOT / "docs" / "how-to" / name for name in ("production.md", "restore.md"))
SERVICES = set(documents(DEPLOY / "compose" / "compose.yaml")[0]["services"])
ALL = {(it["kind"].lower(), it["metadata"]["name"]) for overlay in OVERLAYS for it in built(overlay)}
KINDS = {kind for kind, _ in ALL}
ROUTES = re.findall(r'Route\("(\S+?)"', (ROOT / "edition_migration" / "web" / "app.py").read_text())


def lines_of(page: Path, program: str) -> list[str]:
    """What blocks of `sh` say about this program, in aliases too, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    return [
        line.partition("='")[2].rstrip("'") if line.startswith("alias ") else line for line in lines if program in line
    ]


def named_by_kubectl(line: str) -> set[tuple[str, str]]:
    """Kinds and names: `deployment/starter`, or a kind and the plain words after it."""
    found, kind = set[tuple[str, str]](), ""
    for word in line.split():
        before, slash, name = word.partition("/")
        if slash and before in KINDS:
            found.add((before, name))
        elif word in KINDS:
            kind = word
        elif kind and re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"):
            found.add((kind, word))
        else:
            kind = ""
    return found


@pytest.mark.parametrize("page", [PRODUCTION, RESTORE], ids=lambda it: it.stem)
def test_what_kubectl_is_told_to_act_on_is_there(page: Path) -> None:
    acting = [line for line in lines_of(page, "kubectl") if "kubectl create" not in line]
    named = {found for line in acting for found in named_by_kubectl(line)}
    assert ("deployment", "starter") in named
    assert named <= ALL


def test_a_stop_with_kubectl_stops_whatever_serves_and_is_not_undone_by_keda() -> None:
    text = "\n".join(lines_of(RESTORE, "kubectl"))
    named = {it for line in lines_of(RESTORE, "kubectl") for it in named_by_kubectl(line)}
    assert {("deployment", it) for it in ("web", "worker", "mail-worker")} <= named
    assert {it for it in ALL if it[0] == "scaledobject"} <= named
    assert "autoscaling.keda.sh/paused-replicas=0" in text
    assert "autoscaling.keda.sh/paused-replicas-" in text


@pytest.mark.parametrize("page", [PRODUCTION, RESTORE], ids=lambda it: it.stem)
def test_what_compose_is_told_to_act_on_is_there(page: Path) -> None:
    lines = "\n".join(lines_of(page, "compose"))
    named = {
        name
        for names in re.findall(r"\b(?:stop|start|exec -T|run --rm -T)((?: [a-z-]+)+)", lines)
        for name in names.split()
    }
    words = {"edition-migration", "starter", "cat", "pg_dump", "pg_restore", "pg"}
    assert "worker" in named
    assert named - words <= SERVICES


def test_every_path_of_the_web_process_has_its_public() -> None:
    rows = re.findall(r"^\| (`/.+?) \| (.+) \|$", PRODUCTION.read_text(), re.MULTILINE)
    named = {path for paths, _ in rows for path in re.findall(r"`(/\S+)`", paths)}
    assert {path for path in named if not any(route.startswith(path) for route in ROUTES)} == set()
    assert [route for route in ROUTES if not any(route.startswith(path) for path in named)] == []


def test_the_ingress_publishes_what_is_for_outside_and_kubernetes_takes_it() -> None:
    [block] = re.findall(r"^```yaml\n(.*?)^```$", PRODUCTION.read_text(), re.MULTILINE | re.DOTALL)
    ingress: dict[str, Any] = yaml.safe_load(block)
    kubernetes_validate.validate(ingress, VERSIONS[0], strict=True)
    [rule] = ingress["spec"]["rules"]
    assert [it["path"] for it in rule["http"]["paths"]] == ["/password/", "/assets/", "/v1/events"]
    assert {it["backend"]["service"]["name"] for it in rule["http"]["paths"]} <= {
        name for kind, name in ALL if kind == "service"
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_file_that_a_setting_may_name_lies_in_a_mount_that_need_not_be_there(overlay: str) -> None:
    files = re.findall(r"^#\w+=(/run/\S+)$", (FOLDER / "base" / "settings.env").read_text(), re.MULTILINE)
    assert files == ["/run/authorities/relay.crt", "/run/authorities/postgresql.crt"]
    for pod in pods_of(overlay).values():
        mounts = {it["mountPath"]: it["name"] for it in pod["spec"]["containers"][0]["volumeMounts"]}
        volumes = {it["name"]: it for it in pod["spec"]["volumes"]}
        assert {volumes[mounts[str(Path(it).parent)]]["configMap"]["optional"] for it in files} == {True}
    assert all(
        it in PRODUCTION.read_text() for it in ("kubectl create configmap authorities", "relay.crt", "postgresql.crt")
    )
