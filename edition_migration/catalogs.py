"""Translations from their .po files, read as they are: nothing is compiled before. Used by mails and pages.

The files are kept complete by `python -m docs.mails.catalogs` and by a test.
"""

from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edition_migration.domain.languages import LANGUAGES, SOURCE_LANGUAGE


def load_catalogs(folder: Path) -> dict[str, NullTranslations]:
    """By language: `<folder>/<language>.po`, and for the source language the messages themselves."""
    return {
        language: NullTranslations() if language == SOURCE_LANGUAGE else _translations(folder / f"{language}.po")
        for language in LANGUAGES
    }


def _translations(file: Path) -> GNUTranslations:
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=file.stem))
    compiled.seek(0)
    return GNUTranslations(compiled)
