"""The reference of mails: who gets which, when, and what an organization's own text of it may name."""

from docs.site.tables import code, page, table
from edition_migration.domain.mail import ADMINISTRATOR_MAILS, AT_MOST_ONCE, MailKind, MailState
from edition_migration.domain.own_texts import OWN_TEXT_KINDS, allowed_variables, required_variable

K, M = MailKind, MailState
WHEN = {
    K.SERVICE_PROVISIONED: "the Business Edition is provisioned; it has the download URL",
    K.PENDING_DIGEST: "at the organization's interval, while guests are pending",
    K.CAPACITY_SHORT: "users wait for licenses or storage; at most once a day",
    K.UNDELIVERABLE: "users were parked since the last one: address refused, mail unwanted, policy; at most once a day",
    K.WAVE_REPORT: "nobody of a wave is open any more",
    K.COMING_SOON: "a warning period is set and has begun",
    K.ACCOUNT_DEACTIVATED: "the account was made inactive, and the user does not know it yet; without any link",
    K.INSTRUCTIONS: "the user was selected and has a license: the download URL, and that contacts are not transferred",
    K.RESET_PASSWORD: "the account was activated: the link to choose a password",
    K.REMINDER: "half and four fifths of the time are over, and a day before the deadline",
    K.NEW_LINK: "the user, or an administrator with `resend`, asked for a new link",
    K.WELCOME: "the migration is finished",
    K.EXPIRED: "the deadline passed without a password; only where an earlier mail was accepted",
    K.CANCELLED: "the migration was cancelled; only where an earlier mail was accepted",
    K.UNDONE: "the migration was taken back",
    K.ADDRESS_CHANGED: "the address changed; to the old and the new one, without any link",
}
MEANING = {
    M.QUEUED: "waits to be sent",
    M.SENDING: "is being handed to the relay",
    M.ACCEPTED: "the relay said 250; this is not yet delivered",
    M.DELIVERED: "`mail.delivered` said that the recipient's server has it",
    M.DEFERRED: "the relay put it off; it is tried again",
    M.BOUNCED: "refused for good, or `mail.bounced` said that it came back",
    M.COMPLAINED: "`mail.complained` said that the recipient called it unwanted",
    M.SUPPRESSED: "not sent any more, because it no longer applies",
    M.UNKNOWN: "the connection broke after the last byte: the relay may have it",
}


def mails_page() -> str:
    once = ", ".join(code(it) for it in MailKind if it in AT_MOST_ONCE)
    return page(
        "Mails",
        "What they look like: [mails](../mails.md).",
        "## To the user",
        table(("Mail", "When", "Variables of an own text"), [_user_mail(it) for it in OWN_TEXT_KINDS]),
        "A variable in bold must stand in the text. Own texts are plain text without HTML.",
        "## To the Notification Email",
        table(("Mail", "When"), [(code(it), WHEN[it]) for it in MailKind if it in ADMINISTRATOR_MAILS]),
        "## States of a mail",
        table(("State", "Means"), [(code(it), MEANING[it]) for it in MailState]),
        f"A mail whose outcome is unknown is sent again, byte for byte the same and with the same link; not so {once}.",
    )


def _user_mail(kind: MailKind) -> tuple[str, str, str]:
    required = required_variable(kind)
    names = [f"**{code(it.written)}**" if it is required else code(it.written) for it in allowed_variables(kind)]
    return code(kind), WHEN[kind], ", ".join(names)
