"""Which language a visitor reads: what his browser asks for, and nothing that is known of an account.

A page that took the language of the account behind a link would tell a live link from an unknown one.
"""

import re

from starlette.requests import Request

from edition_migration.domain.languages import LANGUAGES, SOURCE_LANGUAGE, language_of

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*")
_MOST = 20
"""Wishes looked at; a browser sends a handful."""


def language_wanted(request: Request) -> str:
    """The best of ours by Accept-Language (RFC 9110, 12.5.4); English where it asks for none of them."""
    wishes = [_RANGE.fullmatch(part) for part in request.headers.get("accept-language", "").split(",")[:_MOST]]
    weighed = [(float(wish[2] or 1), language_of(wish[1])) for wish in wishes if wish is not None]
    ours = [(weight, language) for weight, language in weighed if weight > 0 and language in LANGUAGES]
    return max(ours, key=lambda it: it[0])[1] if ours else SOURCE_LANGUAGE
