"""docs/mails.md shows every mail with the subjects that it has, and its pictures are there and small."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.mails.pictures import FOLDER, LINK_BASE, NOW
from edition_migration.adapters.mails.renderer import TemplateRenderer
from edition_migration.application.mail_samples import sample_context
from edition_migration.domain.languages import LANGUAGES
from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import LONGEST_BODY, LONGEST_SUBJECT, Variable
from tests.builders import organization

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "mails.md").read_text()
LABELS = {"en": "Subject", "de": "Betreff"}


@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_has_its_section_with_its_subjects_and_pictures(kind: MailKind) -> None:
    section = PAGE.partition(f"### `{kind}`\n")[2].partition("\n##")[0]
    acme = organization(name="Acme Cooperative", zone="Europe/Berlin")
    for language in LANGUAGES:
        subject = TemplateRenderer().render(sample_context(kind, language, acme, LINK_BASE, NOW)).subject
        assert f"- {LABELS[language]}: {subject}\n" in section
        assert f"(pictures/mails/{language}/{kind}.png)" in section


def test_every_command_that_a_mail_names_is_one_of_the_command_line() -> None:
    helped = [sys.executable, "starter.py", "--help"]
    shown = subprocess.run(helped, cwd=DOCS.parent, capture_output=True, text=True, check=True).stdout
    verbs = set(re.findall(r"^  ([a-z-]+)  ", shown, flags=re.MULTILINE))
    named: set[str] = set()
    for kind in MailKind:
        for language in LANGUAGES:
            text = TemplateRenderer().render(sample_context(kind, language, organization(), LINK_BASE, NOW)).text
            named |= set(re.findall(r"starter\.py ([a-z-]+)", text))
    assert named == {"pending", "select", "exclude", "cancel", "status", "parked", "fix-address", "retry"}
    assert named <= verbs


def test_every_picture_is_shown_and_every_shown_one_is_there() -> None:
    kept = {path.relative_to(DOCS).as_posix() for part in ("mails", "page") for path in (FOLDER / part).rglob("*.png")}
    assert set(re.findall(r"\]\((pictures/[^)]+)\)", PAGE)) == kept


def test_pictures_are_small() -> None:
    sizes = [path.stat().st_size for part in ("mails", "page") for path in (FOLDER / part).rglob("*.png")]
    assert max(sizes) < 200_000
    assert sum(sizes) < 3_000_000


def test_the_rules_of_own_texts_are_the_codes() -> None:
    rules = PAGE.partition("## Own texts\n")[2]
    assert f"at most {LONGEST_SUBJECT} characters, a body at most {LONGEST_BODY:,}." in rules
    assert all(f"`{variable.written}`" in rules for variable in Variable)
