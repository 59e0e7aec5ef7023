"""Keeps the catalogs of translations in step with what is said: `python -m docs.mails.catalogs`.

Sentences stand in templates, and those about passwords in the domain. New ones come into every catalog untranslated,
and what is said no more goes; a test fails until somebody has translated them. Nothing is guessed.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from edition_migration.domain.languages import LANGUAGES, SOURCE_LANGUAGE

ROOT = Path(__file__).parents[2] / "edition_migration"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "Sentence": None, "marked": None}
NOISE = tuple(f'"{name}' for name in ("Project-", "Report-", "POT-", "PO-", "Last-", "Language-Team", "Generated-"))


class Speaker(NamedTuple):
    """Files that say sentences, as patterns below `edition_migration`, and the folder of their catalogs."""

    name: str
    files: tuple[str, ...]
    catalogs: Path


SPEAKERS = (
    Speaker(
        "mails",
        ("adapters/mails/wording.py", "adapters/mails/templates/*.txt"),
        ROOT / "adapters" / "mails" / "catalogs",
    ),
    Speaker("pages", ("web/*.py", "web/pages/*.html", "domain/password*.py"), ROOT / "web" / "catalogs"),
)
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def said(speaker: Speaker) -> Catalog:
    """Every sentence of the speaker, with the files that say it."""
    catalog = Catalog(charset="utf-8")
    for message, file in _sentences(speaker):
        catalog.add(message, locations=[(file, 0)])
    return catalog


def _sentences(speaker: Speaker) -> Iterator[tuple[str | tuple[str, ...], str]]:
    for pattern in speaker.files:
        for file in sorted(ROOT.glob(pattern)):
            method = "python" if file.suffix == ".py" else "jinja2"
            for found in extract_from_file(method, file, keywords=KEYWORDS, options=OPTIONS):
                yield found[1], file.relative_to(ROOT).as_posix()


def kept(speaker: Speaker, language: str) -> Catalog:
    """The committed catalog of a language."""
    with (speaker.catalogs / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def update(speaker: Speaker, language: str) -> None:
    """Brings a catalog to what is said; translations that still fit stay."""
    catalog = kept(speaker, language)
    catalog.update(said(speaker), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    (speaker.catalogs / f"{language}.po").write_text(_written(catalog))


def _written(catalog: Catalog) -> str:
    """Without the dates and names of a header, which would differ each time and say nothing."""
    written = BytesIO()
    write_po(written, catalog, width=100, ignore_obsolete=True, include_lineno=False)
    lines = written.getvalue().decode().strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith(NOISE)) + "\n"


if __name__ == "__main__":
    for each in SPEAKERS:
        for target in LANGUAGES:
            if target != SOURCE_LANGUAGE:
                update(each, target)
