"""Which words of an organization's own a mail says. Used where mails are written, and by their previews."""

from edition_migration.domain.languages import language_of, our_language
from edition_migration.domain.mail import Mail, MailKind
from edition_migration.ports.mails import OwnWords
from edition_migration.ports.store import UnitOfWork


async def own_words(
    uow: UnitOfWork, org_id: str, kind: MailKind, wanted: str, read: str, *, until: int | None = None
) -> OwnWords | None:
    """Those in the language of the locale `wanted`, or else in the one of ours for the locale `read`.

    None where ours hold. `until` is the revision that was the newest one at the time meant; None means now.
    """
    for language in dict.fromkeys((language_of(wanted), our_language(read))):
        text = await uow.own_texts.newest(org_id, kind, language, until=until)
        if text is not None and text.subject is not None and text.body is not None:
            return OwnWords(language, text.subject, text.body)
    return None


async def words_of_mail(uow: UnitOfWork, mail: Mail, wanted: str, read: str) -> OwnWords | None:
    """Those that held when the mail was begun: a repeat says them again, whatever was written since."""
    if not mail.text_revision:
        return None  # there were none
    return await own_words(uow, mail.org_id, mail.kind, wanted, read, until=mail.text_revision)
