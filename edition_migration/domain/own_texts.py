"""An organization's own words for a mail to its users: what they may hold, checked before they are kept.

The form is plain writing (see `adapters/mails/blocks.py`) with the product's three variables. Mails to administrators
hold figures and stay ours. Used by the use cases of own texts, and by the renderer for the names of the variables.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, LINK_MAILS, UNASKED_MAILS, MailKind

LONGEST_SUBJECT = 150
LONGEST_BODY = 10_000


class Variable(StrEnum):
    """The product's own, written between percent signs."""

    USERNAME = "USERNAME"
    CLIENTDOWNLOADURL = "CLIENTDOWNLOADURL"
    NEWPASSWORDURL = "NEWPASSWORDURL"

    @property
    def written(self) -> str:
        return f"%{self.value}%"


OWN_TEXT_KINDS = tuple(kind for kind in MailKind if kind not in ADMINISTRATOR_MAILS)

_LANGUAGE = re.compile(r"[a-z]{2}")
_VARIABLE = re.compile(r"%([A-Za-z][A-Za-z0-9_]*)%")
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{")
_HTML = re.compile(r"</?[A-Za-z][^<>]*>|<!--|&(?:#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z]{2,8});")
_ADDRESS = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_PLAIN = "write plain text: blank lines part paragraphs, and a line that begins with - is an item of a list"


@dataclass(frozen=True, slots=True)
class OwnTextDraft:
    """A text that was checked; made by `check_own_text` only."""

    kind: MailKind
    language: str
    subject: str
    body: str


class OwnTextResult(StrEnum):
    """What a command did: kept a text, went back to the one before, or to ours; or found nothing to change."""

    SET = "set"
    RESTORED = "restored"
    OURS = "ours"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class OwnTextRevision:
    """A row of own_texts. Without subject and body ours holds again; `previous` is what `undo` goes back to."""

    org_id: str
    command_id: str
    kind: MailKind
    language: str
    subject: str | None
    body: str | None
    previous: int | None
    result: OwnTextResult
    actor: str
    at: datetime
    revision: int = 0


def allowed_variables(kind: MailKind) -> tuple[Variable, ...]:
    """What the body of this mail may name. A mail that comes unasked names no address, and few carry a link."""
    if kind in UNASKED_MAILS:
        return (Variable.USERNAME,)
    if kind in LINK_MAILS:
        return tuple(Variable)
    return (Variable.USERNAME, Variable.CLIENTDOWNLOADURL)


def required_variable(kind: MailKind) -> Variable | None:
    """What this mail exists for."""
    if kind in LINK_MAILS:
        return Variable.NEWPASSWORDURL
    return Variable.CLIENTDOWNLOADURL if kind is MailKind.INSTRUCTIONS else None


def check_own_text(kind: str, language: str, subject: str, body: str) -> OwnTextDraft:
    """The text as it is kept: NFC, one kind of line end, no blanks at its ends.

    Raises InvalidInput with every problem at once, at `kind`, `language`, `subject` and `body`.
    """
    subject, body = _normalized(subject), _normalized(body)
    known, problems = _which(kind, language)
    problems += _problems_of_text("subject", subject, LONGEST_SUBJECT)
    problems += _problems_of_text("body", body, LONGEST_BODY)
    if "\n" in subject:
        problems.append(Problem("subject", "has more than one line", "write it on one line"))
    if known is not None:
        problems += _problems_of_variables("subject", subject, (Variable.USERNAME,))
        problems += _problems_of_variables("body", body, allowed_variables(known))
        problems += _problems_of_purpose(known, subject, body)
    if problems or known is None:
        raise InvalidInput("the text cannot be used; nothing was changed", problems=tuple(problems))
    return OwnTextDraft(known, language, subject, body)


def check_name(kind: str, language: str) -> MailKind:
    """Which text is meant. Raises InvalidInput where there can be none."""
    known, problems = _which(kind, language)
    if problems or known is None:
        raise InvalidInput("there is no such text", problems=tuple(problems))
    return known


def _which(kind: str, language: str) -> tuple[MailKind | None, list[Problem]]:
    problems: list[Problem] = []
    known = next((it for it in OWN_TEXT_KINDS if it == kind), None)
    if known is None:
        reason = (
            "is a mail to administrators, which stays ours" if kind in ADMINISTRATOR_MAILS else "is no mail of ours"
        )
        problems.append(Problem("kind", reason, nearest_kinds(kind, OWN_TEXT_KINDS)))
    if not _LANGUAGE.fullmatch(language):
        problems.append(Problem("language", "is no language", "give two small letters, like en or de"))
    return known, problems


def nearest_kinds(name: str, kinds: Sequence[MailKind]) -> str:
    """What to write instead of a mail's name that is none of these."""
    return f"use one like {', '.join(get_close_matches(name, kinds) or kinds)}"


def _normalized(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _problems_of_text(path: str, text: str, longest: int) -> list[Problem]:
    problems: list[Problem] = []
    if not text:
        problems.append(Problem(path, "is empty", "write it, or take your own text back for ours"))
    if len(text) > longest:
        problems.append(Problem(path, f"has {len(text)} characters", f"shorten it to {longest}"))
    if any(unicodedata.category(char) in _BREAKING for char in text if char not in "\n\t"):
        problems.append(Problem(path, "holds a control character", "remove it"))
    if _HTML.search(text):
        problems.append(Problem(path, "holds HTML", _PLAIN))
    if _TEMPLATE.search(text):
        names = ", ".join(it.written for it in Variable)
        problems.append(Problem(path, "holds a template of another system", f"use {names} only"))
    return problems


def _problems_of_variables(path: str, text: str, allowed: tuple[Variable, ...]) -> list[Problem]:
    """One problem for each name that this mail cannot fill in, in the order of the text."""
    problems: list[Problem] = []
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        if name in allowed:
            continue
        is_ours = name in Variable.__members__
        reason = f"names %{name}%, which {'this ' + _where(path) + ' cannot hold' if is_ours else 'nobody knows'}"
        problems.append(Problem(path, reason, _mend_of(name, allowed)))
    return problems


def _where(path: str) -> str:
    return "subject" if path == "subject" else "mail"


def _mend_of(name: str, allowed: tuple[Variable, ...]) -> str:
    nearest = get_close_matches(name.upper(), allowed, n=1, cutoff=0.7)
    if nearest:
        return f"write %{nearest[0]}%"
    return f"use {', '.join(it.written for it in allowed)}, or remove it"


def _problems_of_purpose(kind: MailKind, subject: str, body: str) -> list[Problem]:
    problems: list[Problem] = []
    required = required_variable(kind)
    if required is not None and required.written not in body:
        problems.append(
            Problem("body", f"lacks {required.written}, for which this mail exists", "put it on its own line")
        )
    if _ADDRESS.search(subject):
        problems.append(Problem("subject", "holds a web address", "put it into the body"))
    if kind in UNASKED_MAILS and _ADDRESS.search(body):
        reason = "holds a web address; this mail comes unasked, and with a link it would look like phishing"
        problems.append(Problem("body", reason, "remove it"))
    return problems
