"""How mails, links and details of the journal read in a timeline. Used by `application/timeline.py`."""

from datetime import UTC, datetime

from edition_migration.domain.mail import UNSENT, Mail, MailState
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
_ACTIONS = {"hold": "hold, as his domain is gone", "end_hold": "end of the hold"}
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
    """What became of a mail that the relay took. Of one that it took twice, since it came back, this is the last time:
    the row keeps no more, and the number of the try says that there were others."""
    if _is_tried_again(mail):
        return "accepted by the relay; later it came back" + (", and goes out again" if mail.state in UNSENT else "")
    tries = f" (try {mail.attempts})" if mail.attempts > 1 else ""
    later = _LATER.get(mail.state)
    return f"accepted by the relay{tries}" + (f"; {later}" if later else "")


def _is_tried_again(mail: Mail) -> bool:
    """Whether it was put back after the relay had taken it."""
    is_sent_since = mail.accepted_at is not None and mail.sending_at is not None and mail.sending_at > mail.accepted_at
    return is_sent_since or mail.state in UNSENT


def link_made(token: ResetToken, now: datetime) -> str:
    """A new link and what became of it; its secret is nowhere."""
    asked = "made, the user asked for it" if token.is_requested else "made"
    return f"{asked}; {_FATES.get(token.state) or _life(token, now)}"


def _life(token: ResetToken, now: datetime) -> str:
    if token.expires_at is None:
        return "it works"
    word = "worked" if token.expires_at <= now else "works"
    return f"it {word} until {token.expires_at:%Y-%m-%d %H:%M} UTC"


def action(of_entry: str) -> str:
    """What the journal calls it, unless that says too little."""
    return _ACTIONS.get(of_entry, of_entry)


def detail(of_entry: "dict[str, str | int | bool | None]") -> str:
    """` (name=value, ...)` of what the journal keeps beside an entry; empty without."""
    shown = pairs(of_entry)
    return f" ({shown})" if shown else ""


def pairs(of_entry: "dict[str, str | int | bool | None]") -> str:
    """`name=value, ...`, but `until 2026-12-02 10:34 UTC` of a time."""
    return ", ".join(_pair(name, value) for name, value in of_entry.items() if value is not None)


def _pair(name: str, value: str | int | bool) -> str:
    at = _time(value) if isinstance(value, str) else None
    return f"{name}={value}" if at is None else f"{name} {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _time(value: str) -> datetime | None:
    """A moment as the journal writes one: with its zone."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
