"""One environment of templates for each language: the words of its catalog, the numbers of its readers.

Used by the renderer only. In a template `_("... %(name)s ...")` says a sentence in the reader's language and fills it
from what the template knows, and `ngettext` does so with a plural. A name that nobody knows is an error, not a hole.
"""

from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from pathlib import Path
from typing import cast

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

TEMPLATES = Path(__file__).with_name("templates")


def environment(language: str, words: NullTranslations) -> Environment:
    """Templates that speak `language`."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    @pass_context
    def say(context: Context, message: str, **values: object) -> str:
        return words.gettext(message) % _Known(context, values)

    @pass_context
    def say_plural(context: Context, one: str, many: str, count: int, **values: object) -> str:
        return words.ngettext(one, many, count) % _Known(context, values)

    def number(value: int) -> str:
        return format_decimal(value, locale=language)

    said: dict[str, object] = {"_": say, "ngettext": say_plural}
    cast(dict[str, object], templates.globals).update(said)
    templates.filters["number"] = number
    return templates


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
