"""The meter scores 0 to 4 and is told what is easily guessed."""

from time import perf_counter

import pytest

from edition_migration.adapters.strength import strength


@pytest.mark.parametrize(
    ("password", "score"),
    [("", 0), ("passwordpassword", 0), ("aaaaaaaaaaaaaaaaaaaa", 0), ("correct horse battery staple", 4)],
)
def test_a_password_has_its_score(password: str, score: int) -> None:
    assert strength(password, ()) == score


def test_the_users_own_words_are_weak() -> None:
    assert strength("lovelaceexamplecorp", ()) > strength("lovelaceexamplecorp", ["lovelace", "examplecorp"])


def test_a_very_long_password_is_measured_in_bounded_time() -> None:
    strength("warm up", ())
    start = perf_counter()
    assert strength("Zq7-" * 5000, ()) < 4
    assert perf_counter() - start < 2


def test_a_lone_surrogate_is_measured_too() -> None:
    assert strength("\ud800" * 20, ()) < 3
