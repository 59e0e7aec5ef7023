"""The image's entry point and what gets into its build; `make image` builds and runs the image itself."""

import re
from pathlib import PurePosixPath

import pytest

from tests.deploy.manifests import DEPLOY, ROOT, entry_of_image

DOCKERFILE = (DEPLOY / "image" / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("worker", "--help"), "usage: worker.py"),
        (("web", "--help"), "usage: python -m edition_migration"),
        (("starter", "--help"), "starter.py"),
        (("--help",), "usage: edition-migration worker"),
    ],
)
def test_each_command_of_the_image_is_one_of_our_processes(arguments: tuple[str, ...], says: str) -> None:
    done = entry_of_image(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout


def test_another_command_is_refused_with_those_that_there_are() -> None:
    done = entry_of_image("bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "edition-migration: say worker, web or starter, not 'bash'\n"


def test_all_that_is_copied_into_the_image_and_nothing_else_gets_into_its_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    lines = re.findall(r"^COPY (?:--chmod=\S+ )?((?!--from).+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    within = {name if name in admitted else str(PurePosixPath(name).parent) for name in copied}
    assert "*" in ignored
    assert within == admitted
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_runs_as_a_user_of_its_own_and_is_given_no_secret() -> None:
    final = DOCKERFILE.rpartition("FROM ")[2]
    assert "\nUSER 10001:10001\n" in final
    assert re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE) == ["BASE", "CA_BUNDLE"]
    assert re.search(r"SECRET|PASSWORD|TOKEN|_KEY", DOCKERFILE) is None


def test_what_installs_the_packages_is_pinned_by_hash() -> None:
    requirements = (DEPLOY / "image" / "uv.txt").read_text()
    pinned = re.findall(r"^(\S+)==", requirements, re.MULTILINE)
    assert pinned == ["uv"]
    assert requirements.count("--hash=sha256:") > 1
    assert "--require-hashes" in DOCKERFILE
    assert "--locked" in DOCKERFILE
