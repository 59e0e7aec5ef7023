"""Every mail of ours from its template, in text and HTML of the same words. Used by the delivery use case.

`templates/<locale>/<kind>.txt` holds the words: the subject on the first line, a blank line, the body. The HTML part is
made from the rendered words by `templates/_layout.html`, so a translator writes one file and the parts cannot differ.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from edition_migration.adapters.mails.blocks import read_blocks
from edition_migration.adapters.mails.wording import fill_own_text, moment, one_line, time_left
from edition_migration.domain.mail import LINK_MAILS, MailKind
from edition_migration.ports.mails import MailContent, MailContext

TEMPLATES = Path(__file__).with_name("templates")
FALLBACK_LOCALE = "en"
_WITHOUT_LINKS = frozenset({MailKind.COMING_SOON, MailKind.ACCOUNT_DEACTIVATED, MailKind.ADDRESS_CHANGED})


class TemplateRenderer:
    """Implements the port `Renderer`. Raises jinja2.UndefinedError where a template needs what the context lacks."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._locales = frozenset(entry.name for entry in TEMPLATES.iterdir() if entry.is_dir())

    def render(self, context: MailContext) -> MailContent:
        """Subject, text and HTML. An organization's own subject or text replaces ours and is never read as Jinja."""
        locale = self._known_locale(context.locale)
        words = self._templates.get_template(f"{locale}/{context.kind}.txt").render(_variables(context, locale))
        subject, _, text = words.partition("\n")
        if context.own_subject is not None:
            subject = fill_own_text(context.own_subject, context)
        if context.own_text is not None:
            text = _own_text(context)
        subject, text = one_line(subject), text.strip() + "\n"
        return MailContent(subject, text, self._html(subject, text, context, locale))

    def _known_locale(self, wanted: str) -> str:
        """The language of "de-CH" is "de"; one that we have no templates for is read in English."""
        language = wanted.replace("_", "-").partition("-")[0].lower()
        return language if language in self._locales else FALLBACK_LOCALE

    def _html(self, subject: str, text: str, context: MailContext, locale: str) -> str:
        layout = self._templates.get_template("_layout.html")
        blocks = list(read_blocks(text, _links(context)))
        return layout.render(locale=locale, subject=subject, blocks=blocks)


def _variables(context: MailContext, locale: str) -> dict[str, object]:
    """What a template may name. What the context does not hold is left out, so that using it is an error."""
    variables: dict[str, object] = {
        "user_name": one_line(context.user_name),
        "organization_name": one_line(context.organization_name),
        "client_download_url": context.client_download_url,
        "help_url": context.help_url,
        "is_single_sign_on": context.is_single_sign_on,
        "pending_count": context.pending_count,
        "domains": context.domains,
        "is_requested": context.is_requested,
        "is_again": context.is_again,
        "is_former_address": context.is_former_address,
        "cancel_reason": context.cancel_reason,
        "waiting_count": context.waiting_count,
        "refused_count": context.refused_count,
    }
    known = {"link": context.link, "capacity": context.capacity, "wave": context.wave, **_times(context, locale)}
    return variables | {name: value for name, value in known.items() if value is not None}


def _times(context: MailContext, locale: str) -> dict[str, str | None]:
    """Moments in the reader's zone; how much time is left, only while there is some."""
    moments = {
        "expires": context.expires_at,
        "deadline": context.deadline_at,
        "blocked": context.block_at,
        "selected": context.wave.selected_at if context.wave else None,
    }
    words = {name: moment(at, context.zone, locale) if at else None for name, at in moments.items()}
    if context.deadline_at is None or context.written_at is None:
        return words
    return {**words, "left": time_left(context.deadline_at - context.written_at, locale)}


def _own_text(context: MailContext) -> str:
    """An organization's own text; a mail that exists for its link carries it even if their text forgot it."""
    own = context.own_text or ""
    if context.kind in LINK_MAILS and "%NEWPASSWORDURL%" not in own:
        own += "\n\n%NEWPASSWORDURL%"
    lines = fill_own_text(own, context).splitlines()
    return "\n".join("- " + one_line(line[2:]) if line.startswith("- ") else one_line(line) for line in lines)


def _links(context: MailContext) -> tuple[str, ...]:
    """The addresses that HTML may link. None in the mails that come unasked and would look like phishing."""
    if context.kind in _WITHOUT_LINKS:
        return ()
    return tuple(link for link in (context.link, context.client_download_url, context.help_url) if link)
