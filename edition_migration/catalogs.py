"""Translations from their .po files, read as they are: nothing is compiled before. Used by mails and pages.

The files are kept complete by `python -m docs.mails.catalogs` and by a test. In a template `_("... %(name)s ...")` says
a sentence in the reader's language and fills it from what the template knows, and `ngettext` does so with a plural. A
name that nobody knows is an error, not a hole.
"""

from collections.abc import Iterator, Mapping
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import cast

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

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


def teach(templates: Environment, words: NullTranslations) -> None:
    """Lets templates speak the language of `words`."""

    @pass_context
    def say(context: Context, message: str, **values: object) -> str:
        return words.gettext(message) % _Known(context, values)

    @pass_context
    def say_plural(context: Context, one: str, many: str, count: int, **values: object) -> str:
        return words.ngettext(one, many, count) % _Known(context, values)

    said: dict[str, object] = {"_": say, "ngettext": say_plural}
    cast(dict[str, object], templates.globals).update(said)


class _Known(Mapping[str, object]):
    """What a sentence may name: the values given with it, then all that its template knows."""

    def __init__(self, context: Context, values: Mapping[str, object]) -> None:
        self._context = context
        self._values = values

    def __getitem__(self, name: str) -> object:
        return self._values[name] if name in self._values else self._context.resolve(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
