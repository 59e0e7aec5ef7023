"""What must come out, by hand in `examples/expected.csv`, and what did come out, compared user by user."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edition_migration.application.user_views import UserView
from edition_migration.domain.mail import MailKind, MailState


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sign_in_*` empty: was not tried. `reason` and `state` empty: no migration. `mails` are kinds, in order."""

    sign_in_before: str
    state: str
    reason: str
    mails: tuple[str, ...]
    sign_in_after: str


@dataclass(frozen=True, slots=True)
class Guest:
    """One line of `expected.csv`, with the client that `users.csv` names."""

    user_id: str
    email: str
    old_password: str
    client_version: str | None
    expected: Outcome


@dataclass(slots=True)
class Observed:
    """What was seen on the way: sign-in answers by user, and the passwords that users chose."""

    sign_in_before: dict[str, str] = field(default_factory=dict[str, str])
    sign_in_after: dict[str, str] = field(default_factory=dict[str, str])
    new_passwords: dict[str, str] = field(default_factory=dict[str, str], repr=False)


def read_guests(folder: Path) -> tuple[Guest, ...]:
    """The guests of the demo, from the two files of `folder`."""
    versions = {row["userId"]: row["clientVersion"] for row in _rows(folder / "users.csv")}
    return tuple(_guest(row, versions[row["userId"]]) for row in _rows(folder / "expected.csv"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _guest(row: Mapping[str, str], client_version: str) -> Guest:
    return Guest(
        user_id=row["userId"],
        email=row["email"],
        old_password=row["oldPassword"],
        client_version=None if client_version == "-" else client_version,
        expected=Outcome(
            sign_in_before=row["signInBefore"],
            state=row["state"],
            reason=row["reason"],
            mails=tuple(row["mails"].split()),
            sign_in_after=row["signInAfter"],
        ),
    )


def outcome_of(guest: Guest, view: UserView, observed: Observed, messages: int) -> Outcome:
    """What became of one user. Mails count where the relay accepted them and the mailbox holds as many.

    Reminders count as one: how many of them fit into seconds depends on the machine.
    """
    migration = view.migration
    accepted = tuple(mail for mail in view.mails if mail.state is MailState.ACCEPTED)
    mails = tuple(str(mail.kind) for mail in accepted if mail.kind is not MailKind.REMINDER or mail.round == 1)
    return Outcome(
        sign_in_before=observed.sign_in_before.get(guest.user_id, ""),
        state=str(migration.state) if migration else "",
        reason=(migration.reason or "") if migration else "",
        mails=mails if len(accepted) == messages else (*mails, f"but {messages} in the mailbox"),
        sign_in_after=observed.sign_in_after.get(guest.user_id, ""),
    )


def differences(guests: Sequence[Guest], actual: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The users of whom something else came out than expected."""
    return {guest.user_id: actual[guest.user_id] for guest in guests if actual[guest.user_id] != guest.expected}


COLUMNS = ("", "user", "before", "state", "reason", "mails", "after")


def table_rows(guests: Sequence[Guest], actual: Mapping[str, Outcome]) -> tuple[list[list[str]], list[bool]]:
    """One row a user; a wrong one is followed by a row of what was expected. The second list marks the wrong ones."""
    rows: list[list[str]] = []
    wrong: list[bool] = []
    for guest in guests:
        is_wrong = actual[guest.user_id] != guest.expected
        mark = "WRONG" if is_wrong else "ok"
        rows.append([mark, guest.email, *_cells(actual[guest.user_id], is_brief=not is_wrong)])
        wrong.append(is_wrong)
        if is_wrong:
            rows.append(["", "  expected", *_cells(guest.expected, is_brief=False)])
            wrong.append(is_wrong)
    return rows, wrong


def _cells(outcome: Outcome, *, is_brief: bool) -> list[str]:
    """Brief: how many mails, and the last one."""
    mails = " ".join(outcome.mails)
    if is_brief and outcome.mails:
        mails = f"{len(outcome.mails)}, last {outcome.mails[-1]}"
    cells = [outcome.sign_in_before, outcome.state, outcome.reason, mails, outcome.sign_in_after]
    return [cell or "-" for cell in cells]
