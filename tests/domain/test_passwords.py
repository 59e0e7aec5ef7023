"""All failed rules at once; length is counted in code points after NFKC."""

from collections.abc import Sequence

import pytest

from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.passwords import Failure, FailureCode, check, normalize
from edition_migration.domain.sentences import Sentence

GOOD = "violet kettle harbour"
RULES = PasswordRules()


def strong(_password: str, _words: Sequence[str]) -> int:
    return 3


def codes(password: str, rules: PasswordRules = RULES, words: Sequence[str] = (), strength=strong) -> list[str]:
    return [failure.code for failure in check(password, rules, words, strength)]


def test_a_good_password_breaks_no_rule() -> None:
    assert check(GOOD, RULES, ("Ada Lovelace", "ada.l", "Acme"), strong) == ()


@pytest.mark.parametrize(("length", "failed"), [(0, True), (14, True), (15, False), (128, False), (129, True)])
def test_the_length_is_15_to_128(length: int, failed: bool) -> None:
    expected = [] if not failed else ["too_short" if length < 15 else "too_long"]
    assert codes("x\u00e9" * (length // 2) + "x" * (length % 2)) == expected


def test_length_is_counted_after_nfkc() -> None:
    assert normalize("e\u0301\uff21") == "\u00e9A"
    assert codes("e\u0301" * 14) == ["too_short"]
    assert codes("\ufb03" * 5) == []


def test_the_sentence_says_what_is_missing() -> None:
    assert check("x", RULES, (), strong) == (
        Failure(FailureCode.TOO_SHORT, Sentence("It needs at least %(number)s characters.", {"number": 15})),
    )
    assert [str(failure.sentence) for failure in check("x", RULES, (), strong)] == ["It needs at least 15 characters."]


def test_no_composition_is_asked_by_default() -> None:
    assert codes(" " * 15) == []


def test_an_organization_may_ask_for_letters_and_digits() -> None:
    rules = PasswordRules(minimum_length=8, minimum_letters=2, minimum_digits=2)
    assert codes("--------", rules) == ["too_few_letters", "too_few_digits"]
    assert codes("ab12----", rules) == []
    assert codes("\u00e4\u0416\u0661\u0662----", rules) == []


@pytest.mark.parametrize("password", ["violet ACME harbour x", "xx\uff21\uff23\uff2d\uff25 harbour violet"])
def test_a_forbidden_word_counts_in_any_case_and_width(password: str) -> None:
    assert codes(password, PasswordRules(unacceptable_words=("acme",))) == ["unacceptable_word"]


def test_an_empty_forbidden_word_forbids_nothing() -> None:
    assert codes(GOOD, PasswordRules(unacceptable_words=("", "  "))) == []


@pytest.mark.parametrize("word", ["Violet", "violet.kettle", "Al Harbour", "KETTLE Ltd"])
def test_the_users_own_words_are_refused(word: str) -> None:
    assert codes(GOOD, words=[word]) == ["own_word"]


def test_a_short_own_word_is_let_pass() -> None:
    assert codes(GOOD, words=["le", "Al Le"]) == []


def test_a_common_password_is_refused_in_any_case() -> None:
    assert codes("Qwertyuiop123456"[:10], PasswordRules(minimum_length=8)) == ["common"]
    assert codes("PASSWORD", PasswordRules(minimum_length=8)) == ["common"]


@pytest.mark.parametrize(("score", "expected"), [(0, ["too_weak"]), (2, ["too_weak"]), (3, []), (4, [])])
def test_the_meter_must_say_three(score: int, expected: list[str]) -> None:
    assert codes(GOOD, strength=lambda _password, _words: score) == expected


def test_the_meter_is_told_the_users_words() -> None:
    told: list[object] = []
    check(GOOD, PasswordRules(unacceptable_words=("acme",)), ("Ada Lovelace",), lambda *given: told.extend(given) or 4)
    assert told == [GOOD, ["Ada Lovelace", "Lovelace", "acme"]]


@pytest.mark.parametrize("char", ["\x00", "\n", "\ud800"])
def test_a_character_that_cannot_be_typed_is_refused(char: str) -> None:
    assert codes(GOOD + char) == ["control_character"]


def test_all_failed_rules_come_at_once() -> None:
    rules = PasswordRules(minimum_letters=8, minimum_digits=2, unacceptable_words=("word",))
    failed = codes("passWORD\x00"[:8], rules, ["Pass Word"], lambda _password, _words: 0)
    assert failed == ["too_short", "too_few_digits", "unacceptable_word", "own_word", "common", "too_weak"]
