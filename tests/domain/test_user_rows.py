"""A row is taken whole or all its faults are named by column; `-` is empty, unknown columns are skipped."""

import pytest

from edition_migration.domain.csv_columns import (
    CONTACT_COLUMNS,
    KNOWN_CONTACT_COLUMNS,
    KNOWN_USER_COLUMNS,
    MANDATORY_CONTACT_COLUMNS,
    MANDATORY_USER_COLUMNS,
    USER_COLUMNS,
    read_header,
)
from edition_migration.domain.errors import Problem
from edition_migration.domain.states import AccountStatus, Edition, InactiveReason
from edition_migration.domain.user_rows import ContactRow, UserRow, parse_contact_row, parse_user_row

ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
BCRYPT = "$2b$12$" + "a" * 53


def user_row(**cells: str) -> UserRow:
    row = parse_user_row({"email": "ada@example.com", **cells})
    assert isinstance(row, UserRow), row
    return row


def faults(**cells: str) -> dict[str, str]:
    row = parse_user_row({"email": "ada@example.com", **cells})
    assert isinstance(row, tuple)
    return {problem.path: problem.reason for problem in row}


def test_every_column_leads_to_a_field() -> None:
    assert set(USER_COLUMNS.values()) == set(UserRow.model_fields)
    assert set(CONTACT_COLUMNS.values()) == set(ContactRow.model_fields)


def test_a_full_row_is_read() -> None:
    row = user_row(
        email=" Ada@Example.com ",
        userId="u-1",
        displayName="Ada L.",
        firstName="Ada",
        lastName="Lovelace",
        locale="en",
        timeZone="Europe/London",
        edition="guest",
        clientVersion="5.3.1",
        status="inactive",
        inactiveReason="left_company",
        storageUsed="250",
        policyGroup="sales",
        passwordHash=ARGON2,
        ISOcountry="826",
        jobTitle="Countess",
        favouriteColour="blue",
    )
    assert row.user_id == "u-1"
    assert row.facts() == {
        "email": "ada@example.com",
        "display_name": "Ada L.",
        "locale": "en",
        "zone": "Europe/London",
        "edition": Edition.GUEST,
        "client_version": "5.3.1",
        "reported_status": AccountStatus.INACTIVE,
        "reported_inactive_reason": InactiveReason.LEFT_COMPANY,
        "storage_used_mb": 250,
        "policy_group": "sales",
        "password_hash": ARGON2,
    }


def test_a_row_says_only_what_it_has_columns_for() -> None:
    assert user_row().facts() == {"email": "ada@example.com"}


def test_a_hyphen_clears() -> None:
    row = user_row(displayName="-", status="-", clientVersion="-", storageUsed="", passwordHash="-", edition=" - ")
    assert row.facts() == {
        "email": "ada@example.com",
        "display_name": "",
        "edition": Edition.GUEST,
        "client_version": None,
        "reported_status": AccountStatus.ACTIVE,
        "reported_inactive_reason": None,
        "storage_used_mb": 0,
        "password_hash": None,
    }


def test_first_and_last_name_stand_in_for_the_display_name() -> None:
    assert user_row(displayName="-", firstName="Ada", lastName="Lovelace").facts()["display_name"] == "Ada Lovelace"
    assert user_row(firstName="Ada", lastName="-").facts()["display_name"] == "Ada"


@pytest.mark.parametrize("email", ["-", "", " "])
def test_an_empty_mandatory_cell_is_a_fault(email: str) -> None:
    assert faults(email=email) == {"email": "is missing"}


@pytest.mark.parametrize("column", ["email", "displayName", "ISOcountry", "storageUsed"])
def test_not_available_is_no_value(column: str) -> None:
    assert faults(**{column: "n/a"}) == {column: "is N/A"}


def test_all_faults_of_a_row_come_at_once_by_column_name() -> None:
    assert faults(
        email="nobody",
        userId="ada@example.com",
        timeZone="Mars/Base",
        edition="gold",
        status="gone",
        inactiveReason="tired",
        storageUsed="-5",
        passwordHash="secret",
        ISOcountry="UK",
    ) == {
        "email": "has no @",
        "userId": "has not the form asked for",
        "timeZone": "is no known time zone",
        "edition": "is none of the words allowed",
        "status": "is none of the words allowed",
        "inactiveReason": "is none of the words allowed",
        "storageUsed": "is no whole number of MB",
        "passwordHash": "is no argon2 or bcrypt hash",
        "ISOcountry": "is no numeric ISO country code",
    }


@pytest.mark.parametrize("cells", [{"status": "active"}, {}])
def test_a_reason_needs_the_status_inactive(cells: dict[str, str]) -> None:
    assert faults(inactiveReason="policy", **cells) == {"inactiveReason": "is given without the status inactive"}


def test_a_client_version_can_be_compared() -> None:
    assert user_row(clientVersion="5.4.1-beta").client_version == "5.4.1-beta"
    assert faults(clientVersion="x") == {"clientVersion": "is no version that can be compared"}


@pytest.mark.parametrize("cell", ["1e3", "+5", "1.5", "\u0665", "99999999999", "2000000001"])
def test_storage_is_a_whole_number(cell: str) -> None:
    assert list(faults(storageUsed=cell)) == ["storageUsed"]


@pytest.mark.parametrize("text", [ARGON2, ARGON2.replace("argon2id", "argon2i"), BCRYPT, BCRYPT.replace("$2b", "$2y")])
def test_hashes_of_argon2_and_bcrypt_are_taken(text: str) -> None:
    assert user_row(passwordHash=text).password_hash == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5f4dcc3b5aa765d61d8327deb882cf99", "is no argon2 or bcrypt hash"),
        ("$5$rounds=5000$salt$hash", "is no argon2 or bcrypt hash"),
        (ARGON2.rpartition("$")[0], "is no argon2 or bcrypt hash"),
        (BCRYPT[:-1], "is no argon2 or bcrypt hash"),
        (ARGON2.replace("m=65536", "m=999999999"), "has a cost out of bounds"),
        (ARGON2.replace("t=3", "t=99"), "has a cost out of bounds"),
        (ARGON2.replace("p=4", "p=17"), "has a cost out of bounds"),
        (BCRYPT.replace("$12$", "$31$"), "has a cost out of bounds"),
    ],
)
def test_a_hash_that_cannot_be_verified_cheaply_is_refused(text: str, reason: str) -> None:
    assert faults(passwordHash=text) == {"passwordHash": reason}


def test_a_hash_is_not_shown() -> None:
    assert "argon2" not in repr(user_row(passwordHash=ARGON2))


def test_a_long_cell_is_refused_even_where_it_is_not_kept() -> None:
    assert faults(jobTitle="x" * 1001) == {"jobTitle": "is longer than 1000 characters"}


def test_a_contact_is_read() -> None:
    row = {"email": "ada@example.com", "contactEmail": "Bob@Example.org", "contactName": "Bob", "contactGroup": "-"}
    assert parse_contact_row(row) == ContactRow(
        email="ada@example.com", contact_email="bob@example.org", contact_name="Bob", contact_group=""
    )


def test_faults_of_a_contact_come_at_once() -> None:
    problems = parse_contact_row({"email": "-", "contactEmail": "bob"})
    assert isinstance(problems, tuple)
    assert [(problem.path, problem.reason) for problem in problems] == [
        ("email", "is missing"),
        ("contactEmail", "has no @"),
    ]


def test_a_header_names_what_is_skipped() -> None:
    header = read_header(
        ["colour", "edition", "email", "jobTitle", "Email"], MANDATORY_USER_COLUMNS, KNOWN_USER_COLUMNS
    )
    assert header.known == ("edition", "email", "jobTitle")
    assert header.skipped == ("colour", "Email")
    assert header.problems == ()


def test_a_header_without_a_mandatory_column_or_with_a_double_is_refused() -> None:
    header = read_header(["email", "email", "x", "x"], MANDATORY_CONTACT_COLUMNS, KNOWN_CONTACT_COLUMNS)
    assert header.problems == (
        Problem("contactEmail", "the column is missing", "add a column named exactly contactEmail"),
        Problem("email", "the column comes twice", "keep one of them"),
    )
