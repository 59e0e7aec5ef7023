"""Single words of a mail: names made safe, times and numbers as the reader writes them, organizations' own variables.

Used by the renderer only.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.units import format_unit

from edition_migration.domain.languages import language_of, our_language
from edition_migration.domain.own_texts import Variable
from edition_migration.ports.mails import MailContext

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OWN_VARIABLE = re.compile(f"%({'|'.join(Variable)})%")
_WITHOUT_TERRITORY = {"en": "en_150"}
"""English of no country: days before months and 24 hours, which nobody reads for something else."""


def one_line(value: str) -> str:
    """`value` on one line: controls and line breaks are spaces, marks that turn the reading order are gone.

    A name can then neither add a header, nor a paragraph, nor turn the words around it.
    """
    visible = (" " if unicodedata.category(char) in _BREAKING else char for char in value if char not in _BIDI_CONTROLS)
    return " ".join("".join(visible).split())


def conventions(locale: str) -> Locale:
    """How the reader writes dates: of his country where he names it, in a language that we write."""
    language = our_language(locale)
    if language_of(locale) == language and language != locale:
        try:
            return Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            pass
    return Locale.parse(_WITHOUT_TERRITORY.get(language, language))


def moment(when: datetime, zone: str, locale: Locale, words: NullTranslations) -> str:
    """For example "Tuesday, 3 March 2026, 17:00 (Europe/Berlin)". A zone that nobody knows is read as UTC."""
    name, info = _zone(zone)
    there = when.astimezone(info)
    date = format_date(there, "full", locale=locale)
    time = format_time(there, "short", tzinfo=info, locale=locale)
    return words.gettext("%(date)s, %(time)s (%(zone)s)") % {"date": date, "time": time, "zone": name}


def time_left(span: timedelta, locale: Locale) -> str | None:
    """For example "6 days", from two days on, or "31 hours": never more than there is. None where it is no hour."""
    hours = int(span / timedelta(hours=1))
    if hours < 1:
        return None
    count, unit = (hours, "duration-hour") if hours < 48 else (hours // 24, "duration-day")
    return format_unit(count, unit, locale=locale)


def test_notice(words: NullTranslations, organization_name: str) -> str:
    """The first line of a mail that somebody only wants to look at."""
    sentence = words.gettext(
        "This is a test of a mail of %(organization_name)s. It is about nobody, and its link leads nowhere."
    )
    return sentence % {"organization_name": organization_name}


def _zone(zone: str) -> tuple[str, tzinfo]:
    try:
        return zone, ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        return "UTC", UTC


def fill_own_text(own: str, context: MailContext) -> str:
    """The product's three variables, replaced in one pass, so that a name that looks like a variable stays a name."""
    values = {
        Variable.USERNAME: one_line(context.user_name),
        Variable.CLIENTDOWNLOADURL: context.client_download_url,
        Variable.NEWPASSWORDURL: context.link or "",
    }
    return _OWN_VARIABLE.sub(lambda match: values[Variable(match[1])], own)
