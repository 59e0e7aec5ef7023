"""Whom a relay's answer of 5xx is about: the address, the relay, or who knows. The table that decides who is parked.

Relays say it with an enhanced status code behind the reply code (RFC 2034), of which the subject counts (RFC 3463); one
that gives none is believed by what RFC 5321, section 4.2.3, has the reply code mean.
"""

import re
from enum import StrEnum


class Blame(StrEnum):
    """`unclear`: every mail may be refused so, or this one alone. Only the answers to others tell (`RelayBreaker`)."""

    ADDRESS = "address"
    LIKELY_ADDRESS = "likely_address"
    UNCLEAR = "unclear"
    RELAY = "relay"


_OF_THE_RELAY = frozenset({500, 502, 503, 504, 521, 530, 534, 535, 538, 555})
"""Unknown command or option, sequence, no mail at all (RFC 7504), login, encryption (RFC 4954, 3207)."""

_OF_THE_ADDRESS = frozenset({501, 550, 551, 553, 556})
"""Syntax, mailbox unavailable, not local, name not allowed; a domain that takes no mail (RFC 7504).

552 (no room) and 554 (failed, or no service) are not among them: relays say them of themselves as well.
"""

_STATUS = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\S)")
_ADDRESSING, _MAILBOX = "1", "2"
"""Subjects, RFC 3463, sections 3.2 and 3.3. System, network, protocol, content and policy may be anybody's."""
_SENDERS = ("7", "8")
"""Details of the first subject that are about the sender, which is ours."""


def blame_of(reply_code: int, text: str) -> Blame:
    """`text` is what follows the code. A refusal by policy, as 554 5.7.1 for a relay's lost permit, is unclear."""
    if reply_code in _OF_THE_RELAY:
        return Blame.RELAY
    status = _STATUS.match(text)
    if status is None:
        return Blame.LIKELY_ADDRESS if reply_code in _OF_THE_ADDRESS else Blame.UNCLEAR
    subject, detail = status.groups()
    if subject == _MAILBOX or (subject == _ADDRESSING and detail not in _SENDERS):
        return Blame.ADDRESS
    return Blame.UNCLEAR
