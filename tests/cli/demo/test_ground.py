"""What is left of a demo's folder: nothing, but for the logs of one that failed."""

from pathlib import Path

import pytest

from edition_migration.cli.demo.failure import DemoFailed
from edition_migration.cli.demo.ground import STATE, lay


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "users.csv").write_text("user_id\n")
    return tmp_path


def test_it_is_gone_once_the_demo_has_ended(root: Path) -> None:
    with lay(root) as ground:
        assert (ground.state / "examples" / "users.csv").read_text() == "user_id\n"
        assert ground.env_file.stat().st_mode & 0o777 == 0o600
    assert not (root / STATE).exists()


def test_it_is_gone_also_where_the_demo_is_interrupted(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lay(root):
        raise KeyboardInterrupt
    assert not (root / STATE).exists()


def test_the_logs_of_a_demo_that_failed_are_kept_until_the_next(root: Path) -> None:
    with pytest.raises(DemoFailed, match="no reason"), lay(root):
        raise DemoFailed("no reason")
    (root / STATE / "worker.log").write_text("its last words")
    with lay(root) as ground:
        assert not (ground.state / "worker.log").exists()


def test_one_at_a_time_in_a_checkout(root: Path) -> None:
    with lay(root) as ground:
        with pytest.raises(DemoFailed, match=r"another demo runs in .*; end it with Ctrl-C first"), lay(root):
            pytest.fail("there is one already")
        assert ground.env_file.exists()
