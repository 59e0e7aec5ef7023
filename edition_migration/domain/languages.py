"""Languages that our own words are written in, and which one a reader gets. Used by mails, own texts and the pages."""

SOURCE_LANGUAGE = "en"
"""What templates are written in, and what is read where nothing better is there."""

LANGUAGES = (SOURCE_LANGUAGE, "de")


def language_of(locale: str) -> str:
    """The language of "de-CH" or "de_CH" is "de"; of nonsense, some word that no catalog is called."""
    return locale.replace("_", "-").partition("-")[0].lower()


def locale_read(own: str | None, organizations: str) -> str:
    """The locale that we write to somebody in: his own where we have its language, else his organization's."""
    return own if own and language_of(own) in LANGUAGES else organizations


def our_language(locale: str) -> str:
    """The language of ours that a reader of `locale` gets: his own where we have it, else English."""
    language = language_of(locale)
    return language if language in LANGUAGES else SOURCE_LANGUAGE
