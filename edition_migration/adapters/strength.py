"""The strength meter behind the password rules: zxcvbn (the Rust port). Given to `domain.passwords.check`."""

from collections.abc import Sequence

from zxcvbn_rs_py import zxcvbn

MAXIMUM_MEASURED = 100
"""The meter's work grows faster than the text; a longer one is judged by its beginning."""


def strength(password: str, words: Sequence[str]) -> int:
    """Score 0 (at once) to 4 (very hard to guess); `words` count as known to whoever guesses."""
    measured = password[:MAXIMUM_MEASURED].encode(errors="replace").decode()  # a lone surrogate cannot reach Rust
    return int(zxcvbn(measured, list(words)).score)
