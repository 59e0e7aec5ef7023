"""How mails, links and details of the journal read in a timeline. Used by `application/timeline.py`."""

from datetime import datetime

from edition_migration.domain.mail import Mail, MailState
from edition_migration.domain.token import ResetToken, TokenState

_OUTCOMES = {
    MailState.QUEUED: "waits for another try",
    MailState.SENDING: "is being sent",
    MailState.DEFERRED: "put off by the relay",
    MailState.BOUNCED: "refused for good",
    MailState.SUPPRESSED: "not sent any more",
    MailState.UNKNOWN: "sent, and nobody knows whether it arrived",
}
_LATER = {
    MailState.DELIVERED: "later reported as delivered",
    MailState.BOUNCED: "later it came back",
    MailState.COMPLAINED: "later called unwanted by the user",
}
_FATES = {
    TokenState.ISSUED: "not mailed yet",
    TokenState.USED: "used to choose the password",
    TokenState.DEAD: "dead by now: a newer one, a password or the end took its place",
}


def outcome(mail: Mail) -> str:
    """What became of a mail that the relay has not accepted; empty where nothing has yet."""
    if not mail.attempts and mail.state is MailState.QUEUED:
        return ""
    tries = f", try {mail.attempts}" if mail.attempts > 1 else ""
    code = f" ({mail.reply_code}{tries})" if mail.reply_code else f" ({tries.removeprefix(', ')})" if tries else ""
    return f"{_OUTCOMES.get(mail.state, mail.state)}{code}"


def accepted(mail: Mail) -> str:
    """What became of a mail that the relay took."""
    later = _LATER.get(mail.state)
    return "accepted by the relay" + (f"; {later}" if later else "")


def link_made(token: ResetToken, now: datetime) -> str:
    """A new link and what became of it; its secret is nowhere."""
    asked = "made, the user asked for it" if token.is_requested else "made"
    return f"{asked}; {_FATES.get(token.state) or _life(token, now)}"


def _life(token: ResetToken, now: datetime) -> str:
    if token.expires_at is None:
        return "it works"
    word = "worked" if token.expires_at <= now else "works"
    return f"it {word} until {token.expires_at:%Y-%m-%d %H:%M} UTC"


def detail(of_entry: "dict[str, str | int | bool | None]") -> str:
    """` (name=value, ...)` of what the journal keeps beside an entry; empty without."""
    pairs = ", ".join(f"{name}={value}" for name, value in of_entry.items() if value is not None)
    return f" ({pairs})" if pairs else ""
