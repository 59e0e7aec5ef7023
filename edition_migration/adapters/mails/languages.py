"""One environment of templates for each language: the words of its catalog, the numbers of its readers.

Used by the renderer only.
"""

from gettext import NullTranslations
from pathlib import Path

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from edition_migration.catalogs import teach

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

    def number(value: int) -> str:
        return format_decimal(value, locale=language)

    teach(templates, words)
    templates.filters["number"] = number
    return templates
