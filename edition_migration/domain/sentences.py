"""Sentences for users, said in their language where they are shown. Used by password rules and the pages.

`Sentence(...)` and `marked(...)` are also what `python -m docs.mails.catalogs` looks for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """English with named values in it, `%(number)s`, if there are any; as text it is English."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])

    def said(self, translate: Callable[[str], str]) -> str:
        words = translate(self.message)
        return words % self.values if self.values else words

    def __str__(self) -> str:
        return self.said(str)


def marked(message: str) -> str:
    """`message` itself, which may be shown in another language later."""
    return message
