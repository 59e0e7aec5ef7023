"""Single words of a mail: names made safe, times in the reader's zone, organizations' own variables.

Used by the renderer only.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.units import format_unit

from edition_migration.ports.mails import MailContext

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OWN_VARIABLE = re.compile(r"%(USERNAME|CLIENTDOWNLOADURL|NEWPASSWORDURL)%")


def one_line(value: str) -> str:
    """`value` on one line: controls and line breaks are spaces, marks that turn the reading order are gone.

    A name can then neither add a header, nor a paragraph, nor turn the words around it.
    """
    visible = (" " if unicodedata.category(char) in _BREAKING else char for char in value if char not in _BIDI_CONTROLS)
    return " ".join("".join(visible).split())


def moment(when: datetime, zone: str, locale: str) -> str:
    """For example "Tuesday, 3 March 2026, 17:00 (Europe/Berlin)". A zone that nobody knows is read as UTC."""
    name, info = _zone(zone)
    return f"{format_datetime(when, 'EEEE, d MMMM y, HH:mm', tzinfo=info, locale=locale)} ({name})"


def time_left(span: timedelta, locale: str) -> str | None:
    """For example "6 days", from two days on, or "31 hours": never more than there is. None where it is no hour."""
    hours = int(span / timedelta(hours=1))
    if hours < 1:
        return None
    count, unit = (hours, "duration-hour") if hours < 48 else (hours // 24, "duration-day")
    return format_unit(count, unit, locale=locale)


def _zone(zone: str) -> tuple[str, tzinfo]:
    try:
        return zone, ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        return "UTC", UTC


def fill_own_text(own: str, context: MailContext) -> str:
    """The product's three variables, replaced in one pass, so that a name that looks like a variable stays a name."""
    values = {
        "USERNAME": one_line(context.user_name),
        "CLIENTDOWNLOADURL": context.client_download_url,
        "NEWPASSWORDURL": context.link or "",
    }
    return _OWN_VARIABLE.sub(lambda match: values[match[1]], own)
