"""Every mail of ours from its template, in text and HTML of the same words. Used by the delivery use case.

`templates/<kind>.txt` holds the words in English: the subject, the preheader on the second line, a blank line, the
body. `catalogs/<language>.po` holds them in other languages. The HTML part is made from the rendered words by
`templates/layout.html`, which is compiled from `layout.mjml`; so a translator writes one file and the parts cannot
differ.
"""

import re
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.numbers import format_decimal

from edition_migration.adapters.mails.blocks import read_blocks
from edition_migration.adapters.mails.languages import environment
from edition_migration.adapters.mails.wording import (
    conventions,
    fill_own_text,
    moment,
    one_line,
    test_notice,
    time_left,
)
from edition_migration.catalogs import load_catalogs
from edition_migration.domain.languages import our_language
from edition_migration.domain.mail import LINK_MAILS, UNASKED_MAILS
from edition_migration.domain.own_texts import Variable
from edition_migration.ports.mails import MailContent, MailContext

CATALOGS = Path(__file__).with_name("catalogs")
_SEVERAL_BLANK_LINES = re.compile(r"\n{3,}")


class _Words(NamedTuple):
    """What a mail says, before it is dressed."""

    language: str
    subject: str
    preheader: str
    text: str
    is_ours: bool


class TemplateRenderer:
    """Implements the port `Renderer`. Raises jinja2.UndefinedError where a template needs what the context lacks."""

    def __init__(self) -> None:
        self._catalogs = load_catalogs(CATALOGS)
        self._templates = {language: environment(language, it) for language, it in self._catalogs.items()}

    def render(self, context: MailContext) -> MailContent:
        """Subject, text and HTML. An organization's own subject and text replace ours and are never read as Jinja."""
        words = _own_words(context) or self._our_words(context)
        if context.is_test:
            words = self._marked(words, context)
        return MailContent(words.subject, words.text, self._html(words, context), words.preheader)

    def _our_words(self, context: MailContext) -> _Words:
        language = our_language(context.locale)
        template = self._templates[language].get_template(f"{context.kind}.txt")
        written = template.render(self._variables(context, language))
        subject, preheader, text = (*written.split("\n", 2), "", "")[:3]
        text = _SEVERAL_BLANK_LINES.sub("\n\n", text.strip()) + "\n"
        return _Words(language, one_line(subject), one_line(preheader), text, is_ours=True)

    def _marked(self, words: _Words, context: MailContext) -> _Words:
        """As a test, before anything that could be taken for true."""
        notice = test_notice(self._catalogs[our_language(words.language)], one_line(context.organization_name))
        return words._replace(subject=f"[Test] {words.subject}", preheader=notice, text=f"{notice}\n\n{words.text}")

    def _html(self, words: _Words, context: MailContext) -> str:
        layout = self._templates[our_language(words.language)].get_template("layout.html")
        blocks = list(read_blocks(words.text, _links(context)))
        return layout.render(words._asdict(), blocks=blocks) + "\n"

    def _variables(self, context: MailContext, language: str) -> dict[str, object]:
        """What a template may name. What the context does not hold is left out, so that using it is an error."""
        locale = conventions(context.locale)
        variables: dict[str, object] = {
            "user_name": one_line(context.user_name),
            "organization_name": one_line(context.organization_name),
            "client_download_url": context.client_download_url,
            "help_url": context.help_url,
            "is_single_sign_on": context.is_single_sign_on,
            "domains": context.domains,
            "is_again": context.is_again,
            "is_requested": context.is_requested,
            "is_former_address": context.is_former_address,
            "cancel_reason": context.cancel_reason,
            "is_guest_again": context.is_guest_again,
        }
        known = {"link": context.link, "capacity": context.capacity, "wave": context.wave}
        known |= self._times(context, locale, language)
        given = {name: value for name, value in known.items() if value is not None}
        return variables | _counts(context, language) | given

    def _times(self, context: MailContext, locale: Locale, language: str) -> dict[str, str | None]:
        """Moments in the reader's zone; how much time is left, only while there is some."""
        moments = {
            "expires": context.expires_at,
            "deadline": context.deadline_at,
            "blocked": context.block_at,
            "selected": context.wave.selected_at if context.wave else None,
        }
        words = self._catalogs[language]
        said = {name: moment(at, context.zone, locale, words) if at else None for name, at in moments.items()}
        if context.deadline_at is None or context.written_at is None:
            return said
        return {**said, "left": time_left(context.deadline_at - context.written_at, locale)}


def _counts(context: MailContext, language: str) -> dict[str, object]:
    """Each as a number, which chooses the plural, and as its reader writes it."""
    counts = {"pending": context.pending_count, "waiting": context.waiting_count, "parked": context.parked_count}
    numbers: dict[str, object] = {f"{name}_count": count for name, count in counts.items()}
    return numbers | {name: format_decimal(count, locale=language) for name, count in counts.items()}


def _own_words(context: MailContext) -> _Words | None:
    own = context.own_words
    if own is None:
        return None
    subject = one_line(fill_own_text(own.subject, context))
    return _Words(own.language, subject, "", _own_text(own.body, context), is_ours=False)


def _own_text(body: str, context: MailContext) -> str:
    """A mail that exists for its link carries it even if their text forgot it."""
    if context.kind in LINK_MAILS and Variable.NEWPASSWORDURL.written not in body:
        body += f"\n\n{Variable.NEWPASSWORDURL.written}"
    lines = fill_own_text(body, context).splitlines()
    text = "\n".join("- " + one_line(line[2:]) if line.startswith("- ") else one_line(line) for line in lines)
    return _SEVERAL_BLANK_LINES.sub("\n\n", text.strip()) + "\n"


def _links(context: MailContext) -> tuple[str, ...]:
    """The addresses that HTML may link."""
    if context.kind in UNASKED_MAILS:
        return ()
    return tuple(link for link in (context.link, context.client_download_url, context.help_url) if link)
