"""The rules of a new password in words, to be read before one is typed. The failures' words are in `passwords.py`."""

from edition_migration.domain.organization import PasswordRules


def advice(rules: PasswordRules) -> tuple[str, ...]:
    """One sentence a rule, the most telling first; only rules that hold for this organization."""
    sentences = [
        f"Use {rules.minimum_length} to {rules.maximum_length} characters. A few unrelated words are easy to remember."
    ]
    if rules.minimum_letters:
        sentences.append(f"Use at least {rules.minimum_letters} letter(s).")
    if rules.minimum_digits:
        sentences.append(f"Use at least {rules.minimum_digits} digit(s).")
    sentences.append("Leave out your name, your address and the name of your organization.")
    if rules.unacceptable_words:
        sentences.append("Some words are not accepted by your organization.")
    sentences.append("Choose one that you use nowhere else, and not one that many people use.")
    return tuple(sentences)
