"""Workers say which code they run without compiling every module that is loaded."""

from edition_migration.temporal.build_id import build_id


def test_build_id_is_short_and_the_same_again() -> None:
    first = build_id()
    build_id.cache_clear()
    assert build_id() == first
    assert len(first) == 16
