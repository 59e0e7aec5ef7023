"""Which hashes of today's passwords an import takes: PHC strings of argon2, and bcrypt.

The cost is bounded: a hash is verified at every sign-in, so an absurd one would stop the gate.
"""

import re

from edition_migration.domain.validation import broken

MAXIMUM_ARGON2_MEMORY_KIB = 1_048_576
MAXIMUM_ARGON2_TIME = 20
MAXIMUM_ARGON2_LANES = 16
MAXIMUM_BCRYPT_COST = 16

_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=(?:16|19)\$m=(?P<memory>[0-9]{1,9}),t=(?P<time>[0-9]{1,9}),p=(?P<lanes>[0-9]{1,9})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}"
)
_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")


def password_hash(text: str) -> str:
    """The hash as given. As a validator it refuses what the sign-in gate could not verify, or not cheaply enough."""
    if argon2 := _ARGON2.fullmatch(text):
        memory, time, lanes = (int(argon2[name]) for name in ("memory", "time", "lanes"))
        if not (8 * lanes <= memory <= MAXIMUM_ARGON2_MEMORY_KIB) or not 1 <= time <= MAXIMUM_ARGON2_TIME:
            raise broken("has a cost out of bounds", "leave the hash empty, the user gets a link anyway")
        if not 1 <= lanes <= MAXIMUM_ARGON2_LANES:
            raise broken("has a cost out of bounds", "leave the hash empty, the user gets a link anyway")
        return text
    if bcrypt := _BCRYPT.fullmatch(text):
        if not 4 <= int(bcrypt["cost"]) <= MAXIMUM_BCRYPT_COST:
            raise broken("has a cost out of bounds", "leave the hash empty, the user gets a link anyway")
        return text
    raise broken("is no argon2 or bcrypt hash", "give a string like $argon2id$v=19$... or $2b$..., or -")
