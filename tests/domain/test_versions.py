"""5.x or earlier is blocked; what is not known counts as old."""

import pytest

from edition_migration.domain.versions import is_old_client


@pytest.mark.parametrize(
    "version", ["5.3.1", "5", "5.99.999", "4.10", " 5.1 ", "0", "5.4.1-beta", "5.9+4711", "6.0-beta", "6-rc.1+7"]
)
def test_an_earlier_client_is_old(version: str) -> None:
    assert is_old_client(version, "6.0")


@pytest.mark.parametrize("version", ["6.0", "6", "6.0.0", "6.0.1", "10.0", " 7.2 ", "06.0", "6.0.1-beta", "6.0+4711"])
def test_the_minimum_and_later_is_not_old(version: str) -> None:
    assert not is_old_client(version, "6.0")


@pytest.mark.parametrize(
    "version",
    [
        None,
        "",
        "six",
        "6.x",
        "6.",
        ".6",
        "v6.0",
        "6,1",
        "-7",
        "7-",
        "7+",
        "7 beta",
        "7b1",
        "7-\u00df",
        "\u0667.0",
        "6" * 10,
    ],
)
def test_an_unknown_or_malformed_version_counts_as_old(version: str | None) -> None:
    assert is_old_client(version, "6.0")


def test_parts_are_numbers() -> None:
    assert is_old_client("5.9", "5.10")
    assert not is_old_client("5.10", "5.9")
