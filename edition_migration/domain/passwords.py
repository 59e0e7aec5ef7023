"""What a new password must be: all failed rules at once, each with a stable code and a sentence for the user.

Length counts and no composition is asked (NIST SP 800-63B-4), unless the organization adds the product's own rules
(design section 7). Used by the password page before anything is hashed. Nothing here keeps or logs the password.
"""

import gzip
import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import NamedTuple

from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.sentences import Sentence, marked

Strength = Callable[[str, Sequence[str]], int]
"""Score 0 to 4 of a password, told the words that are easily guessed for this user."""

MINIMUM_STRENGTH = 3
"""Three is the meter's "safely unguessable": about 10^8 guesses, beyond what throttled sign-in lets anybody try."""
SHORTEST_OWN_WORD = 4
"""A shorter part of a name ("Al", "Kim") stands in too many good passwords."""


class FailureCode(StrEnum):
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_FEW_LETTERS = "too_few_letters"
    TOO_FEW_DIGITS = "too_few_digits"
    CONTROL_CHARACTER = "control_character"
    UNACCEPTABLE_WORD = "unacceptable_word"
    OWN_WORD = "own_word"
    COMMON = "common"
    TOO_WEAK = "too_weak"


SENTENCES = {
    FailureCode.TOO_SHORT: marked("It needs at least %(number)s characters."),
    FailureCode.TOO_LONG: marked("It can have at most %(number)s characters."),
    FailureCode.TOO_FEW_LETTERS: marked("It needs more letters, at least %(number)s."),
    FailureCode.TOO_FEW_DIGITS: marked("It needs more digits, at least %(number)s."),
    FailureCode.CONTROL_CHARACTER: marked("It contains a character that cannot be typed again."),
    FailureCode.UNACCEPTABLE_WORD: marked("It contains a word that your organization forbids."),
    FailureCode.OWN_WORD: marked("It contains your name, address or organization."),
    FailureCode.COMMON: marked("It is among the passwords that many people use."),
    FailureCode.TOO_WEAK: marked("It is easy to guess. Add a few unrelated words."),
}


class Failure(NamedTuple):
    """One rule that a password breaks, in words for its user."""

    code: FailureCode
    sentence: Sentence


def _failure(code: FailureCode, number: int | None = None) -> Failure:
    return Failure(code, Sentence(SENTENCES[code], {} if number is None else {"number": number}))


def normalize(password: str) -> str:
    """The form that is counted, checked and hashed, whatever keyboard it came from (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, rules: PasswordRules, words: Sequence[str], strength: Strength) -> tuple[Failure, ...]:
    """Every rule that `password` breaks, none when it is good.

    `words` are the user's own: his name, the local part of his address, the organization's name.
    """
    text = normalize(password)
    own_words = _parts(words)
    failures = [*_of_length(text, rules), *_of_composition(text, rules)]
    if _has_any(text, rules.unacceptable_words):
        failures.append(_failure(FailureCode.UNACCEPTABLE_WORD))
    if _has_any(text, own_words):
        failures.append(_failure(FailureCode.OWN_WORD))
    if text.casefold() in _common_passwords():
        failures.append(_failure(FailureCode.COMMON))
    if strength(text, [*own_words, *rules.unacceptable_words]) < MINIMUM_STRENGTH:
        failures.append(_failure(FailureCode.TOO_WEAK))
    return tuple(failures)


def _of_length(text: str, rules: PasswordRules) -> list[Failure]:
    if len(text) < rules.minimum_length:
        return [_failure(FailureCode.TOO_SHORT, rules.minimum_length)]
    if len(text) > rules.maximum_length:
        return [_failure(FailureCode.TOO_LONG, rules.maximum_length)]
    return []


def _of_composition(text: str, rules: PasswordRules) -> list[Failure]:
    failures: list[Failure] = []
    if sum(char.isalpha() for char in text) < rules.minimum_letters:
        failures.append(_failure(FailureCode.TOO_FEW_LETTERS, rules.minimum_letters))
    if sum(char.isdecimal() for char in text) < rules.minimum_digits:
        failures.append(_failure(FailureCode.TOO_FEW_DIGITS, rules.minimum_digits))
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        failures.append(_failure(FailureCode.CONTROL_CHARACTER))
    return failures


def _has_any(text: str, words: Sequence[str]) -> bool:
    """Case does not matter; an empty word forbids nothing."""
    folded = text.casefold()
    return any(word in folded for word in (normalize(word).casefold().strip() for word in words) if word)


def _parts(words: Sequence[str]) -> list[str]:
    """Each text and the words it is made of, without short ones: "Ada Lovelace" gives also "Lovelace"."""
    parts = [part for word in words for part in (word, *re.split(r"[\W_]+", word))]
    return [part for part in dict.fromkeys(parts) if len(part) >= SHORTEST_OWN_WORD]


@cache
def _common_passwords() -> frozenset[str]:
    """Read once, at the first question; origin and license in `data/README.md`."""
    packed = resources.files("edition_migration.domain").joinpath("data/common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("utf-8").splitlines())
