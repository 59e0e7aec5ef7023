"""What an organization may write itself, and what it is told where it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.mail import LINK_MAILS, UNASKED_MAILS, MailKind
from edition_migration.domain.own_texts import (
    LONGEST_BODY,
    LONGEST_SUBJECT,
    OWN_TEXT_KINDS,
    OwnTextDraft,
    Variable,
    allowed_variables,
    check_name,
    check_own_text,
    required_variable,
)

ALL = "%USERNAME%, %CLIENTDOWNLOADURL%, %NEWPASSWORDURL%"
PLAIN = "write plain text: blank lines part paragraphs, and a line that begins with - is an item of a list"


def problems(kind: str = "welcome", language: str = "en", subject: str = "Hello", body: str = "Hi.") -> list[Problem]:
    try:
        check_own_text(kind, language, subject, body)
    except InvalidInput as refusal:
        return list(refusal.problems)
    return []


def test_a_good_text_is_kept_with_one_kind_of_line_end_and_no_blanks_around() -> None:
    draft = check_own_text("reset_password", "de", " Ihr Passwort ", "Guten Tag %USERNAME%\r\n\r\n%NEWPASSWORDURL%\r\n")
    body = "Guten Tag %USERNAME%\n\n%NEWPASSWORDURL%"
    assert draft == OwnTextDraft(MailKind.RESET_PASSWORD, "de", "Ihr Passwort", body)


def test_mails_to_users_may_be_written_and_those_to_administrators_stay_ours() -> None:
    assert len(OWN_TEXT_KINDS) == 11
    (problem,) = problems(kind="capacity_short")
    assert problem.path == "kind"
    assert problem.reason == "is a mail to administrators, which stays ours"
    assert problem.mend.startswith("use one like coming_soon, account_deactivated, instructions,")
    assert problems(kind="nonsense")[0].reason == "is no mail of ours"


@pytest.mark.parametrize("language", ["", "de-DE", "DE", "deu", "d", "d1"])
def test_a_language_is_two_small_letters(language: str) -> None:
    assert problems(language=language) == [
        Problem("language", "is no language", "give two small letters, like en or de")
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("%USER_NAME%", ("names %USER_NAME%, which nobody knows", "write %USERNAME%")),
        ("%username%", ("names %username%, which nobody knows", "write %USERNAME%")),
        ("%TOTAL%", ("names %TOTAL%, which nobody knows", "use %USERNAME%, %CLIENTDOWNLOADURL%, or remove it")),
        (
            "%NEWPASSWORDURL%",
            (
                "names %NEWPASSWORDURL%, which this mail cannot hold",
                "use %USERNAME%, %CLIENTDOWNLOADURL%, or remove it",
            ),
        ),
        ("Hello {{ name }}", ("holds a template of another system", f"use {ALL} only")),
        ("Hello ${name}", ("holds a template of another system", f"use {ALL} only")),
        ("<b>Hello</b>", ("holds HTML", PLAIN)),
        ("Hello<br/>there", ("holds HTML", PLAIN)),
        ("Fish &amp; chips", ("holds HTML", PLAIN)),
        ("<!-- note -->", ("holds HTML", PLAIN)),
        ("a\0b", ("holds a control character", "remove it")),
        ("a\u2028b", ("holds a control character", "remove it")),
        (" \n ", ("is empty", "write it, or take your own text back for ours")),
        ("x" * 10_001, ("has 10001 characters", "shorten it to 10000")),
    ],
)
def test_a_body_is_refused_with_its_reason_and_its_mend(text: str, problem: tuple[str, str]) -> None:
    assert problems(body=text) == [Problem("body", *problem)]


@pytest.mark.parametrize(
    "text",
    ["Save 20% today and 30% tomorrow", "a < b and b > c", "R & D", "50%", "- one\n- two", "{one}", "100%USERNAME%"],
)
def test_plain_writing_is_not_taken_for_something_else(text: str) -> None:
    assert problems(body=text) == []


@pytest.mark.parametrize(
    ("subject", "problem"),
    [
        ("two\nlines", ("has more than one line", "write it on one line")),
        ("", ("is empty", "write it, or take your own text back for ours")),
        ("x" * 151, ("has 151 characters", "shorten it to 150")),
        ("See https://evil.example", ("holds a web address", "put it into the body")),
        (
            "%CLIENTDOWNLOADURL%",
            ("names %CLIENTDOWNLOADURL%, which this subject cannot hold", "use %USERNAME%, or remove it"),
        ),
    ],
)
def test_a_subject_is_refused_with_its_reason_and_its_mend(subject: str, problem: tuple[str, str]) -> None:
    assert problems(subject=subject) == [Problem("subject", *problem)]


@pytest.mark.parametrize("kind", sorted(LINK_MAILS))
def test_a_mail_that_exists_for_its_link_must_name_it(kind: MailKind) -> None:
    reason = "lacks %NEWPASSWORDURL%, for which this mail exists"
    assert problems(kind=kind, body="Hello.") == [Problem("body", reason, "put it on its own line")]
    assert problems(kind=kind, body="Hello.\n\n%NEWPASSWORDURL%") == []


def test_instructions_must_name_the_client() -> None:
    reason = "lacks %CLIENTDOWNLOADURL%, for which this mail exists"
    assert problems(kind="instructions") == [Problem("body", reason, "put it on its own line")]


@pytest.mark.parametrize("kind", sorted(UNASKED_MAILS))
def test_a_mail_that_comes_unasked_may_name_no_address(kind: MailKind) -> None:
    assert allowed_variables(kind) == (Variable.USERNAME,)
    reason = "holds a web address; this mail comes unasked, and with a link it would look like phishing"
    for body in ("See http://a.example", "See HTTPS://a.example", "See www.a.example"):
        assert problems(kind=kind, body=body) == [Problem("body", reason, "remove it")]
    assert [it.path for it in problems(kind=kind, body="%CLIENTDOWNLOADURL%")] == ["body"]


def test_all_faults_are_named_at_once() -> None:
    found = problems(kind="reset_password", language="x", subject="", body="<b>%NAME%</b>")
    assert [problem.path for problem in found] == ["language", "subject", "body", "body", "body"]


def test_a_name_alone_is_checked_too() -> None:
    assert check_name("welcome", "fr") is MailKind.WELCOME
    with pytest.raises(InvalidInput):
        check_name("wave_report", "fr")


@pytest.mark.parametrize("kind", OWN_TEXT_KINDS)
def test_what_a_mail_requires_it_may_name(kind: MailKind) -> None:
    required = required_variable(kind)
    assert required is None or required in allowed_variables(kind)


@given(subject=st.text(max_size=200), body=st.text(max_size=500))
def test_whatever_is_written_is_refused_or_kept_and_kept_again_as_it_is(subject: str, body: str) -> None:
    try:
        draft = check_own_text("welcome", "en", subject, body)
    except InvalidInput:
        return
    assert len(draft.subject) <= LONGEST_SUBJECT
    assert len(draft.body) <= LONGEST_BODY
    assert check_own_text("welcome", "en", draft.subject, draft.body) == draft
