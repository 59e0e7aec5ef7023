"""Public mail domains: whoever owns one of their addresses owns no organization, so nobody may provision them.

Used where a domain enters: provisioning events and `org apply`. The list is `data/public_mail_domains.txt`.
"""

from functools import cache
from importlib import resources


def is_public_mail_domain(domain: str) -> bool:
    """Whether `domain` (normalized) is a public mail service, or lies under one."""
    labels = domain.split(".")
    return any(".".join(labels[start:]) in _public_mail_domains() for start in range(len(labels) - 1))


@cache
def _public_mail_domains() -> frozenset[str]:
    """Read once, at the first question: nothing happens at import."""
    text = resources.files("edition_migration.domain").joinpath("data/public_mail_domains.txt").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))
