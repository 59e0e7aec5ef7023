"""The rules of a new password in words, to be read before one is typed. The failures' words are in `passwords.py`."""

from edition_migration.domain.organization import PasswordRules
from edition_migration.domain.sentences import Sentence


def advice(rules: PasswordRules) -> tuple[Sentence, ...]:
    """One sentence a rule, the most telling first; only rules that hold for this organization."""
    length = {"minimum": rules.minimum_length, "maximum": rules.maximum_length}
    sentences = [
        Sentence("Use %(minimum)s to %(maximum)s characters. A few unrelated words are easy to remember.", length)
    ]
    if rules.minimum_letters:
        sentences.append(Sentence("Use letters, at least %(number)s.", {"number": rules.minimum_letters}))
    if rules.minimum_digits:
        sentences.append(Sentence("Use digits, at least %(number)s.", {"number": rules.minimum_digits}))
    sentences.append(Sentence("Leave out your name, your address and the name of your organization."))
    if rules.unacceptable_words:
        sentences.append(Sentence("Some words are not accepted by your organization."))
    sentences.append(Sentence("Choose one that you use nowhere else, and not one that many people use."))
    return tuple(sentences)
