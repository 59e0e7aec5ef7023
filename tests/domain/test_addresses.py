"""One stored form for an address; bad ones are refused without being repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_migration.domain.addresses import domain_of, local_part_of, normalize_address, normalize_domain
from edition_migration.domain.errors import InvalidInput, Problem


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("Ada.Lovelace@Example.COM", "ada.lovelace@example.com"),
        ("ada+news@sub.example.com", "ada+news@sub.example.com"),
        ("ada@B\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("Jose\u0301@example.com", "jos\u00e9@example.com"),
    ],
)
def test_an_address_has_one_stored_form(given_text: str, stored: str) -> None:
    assert normalize_address(given_text) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ada@example.com\r\nBcc: x@example.com", "holds a space or a control character"),
        ("ada\x00@example.com", "holds a space or a control character"),
        ("ada lovelace@example.com", "holds a space or a control character"),
        ("ada\u200b@example.com", "holds a space or a control character"),
        ("\ud800@example.com", "holds a space or a control character"),
        ("", "has no @"),
        ("ada.example.com", "has no @"),
        ("@example.com", "has no valid name before the @"),
        (".ada@example.com", "has no valid name before the @"),
        ("a..da@example.com", "has no valid name before the @"),
        ("ada@home@example.com", "has no valid name before the @"),
        ('"ada"@example.com', "has no valid name before the @"),
        ("<ada@example.com", "has no valid name before the @"),
        ("a" * 65 + "@example.com", "has more than 64 octets before the @"),
        ("a" * 64 + "@" + ".".join(["a" * 60] * 3) + ".example.com", "is longer than 254 octets"),
        ("ada@localhost", "is no full domain name"),
        ("ada@127.0.0.1", "is no full domain name"),
        ("ada@[127.0.0.1]", "is no valid domain name"),
        ("ada@exa_mple.com", "is no valid domain name"),
        ("ada@-example.com", "is no valid domain name"),
        ("ada@example.com.", "is no valid domain name"),
    ],
)
def test_a_bad_address_is_refused_with_its_rule_only(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        normalize_address(text, "data.email")
    assert [(problem.path, problem.reason) for problem in refusal.value.problems] == [("data.email", reason)]


def test_the_error_names_the_mend_and_never_the_address() -> None:
    with pytest.raises(InvalidInput) as refusal:
        normalize_address("secret.person@localhost")
    assert refusal.value.problems == (
        Problem("email", "is no full domain name", "give a domain name like example.com"),
    )
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "com", "a..b", "exa mple.com", "example.com\n", "x" * 64 + ".com", "xn--zz.com"])
def test_a_bad_domain_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        normalize_domain(text)


def test_a_domain_is_stored_in_lower_case_a_labels() -> None:
    assert normalize_domain("B\u00dcCHER.Example") == "xn--bcher-kva.example"


def test_the_parts_of_an_address() -> None:
    assert (local_part_of("ada@example.com"), domain_of("ada@example.com")) == ("ada", "example.com")


@given(st.text(max_size=80))
def test_normalizing_twice_changes_nothing(text: str) -> None:
    try:
        stored = normalize_address(f"{text}@example.com")
    except InvalidInput:
        return
    assert normalize_address(stored) == stored
