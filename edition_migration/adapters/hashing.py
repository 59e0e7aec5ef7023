"""Password hashing by pwdlib: argon2id for ours, bcrypt for what was imported; in few threads, with a short queue.

argon2's parameters default to the second recommendation of RFC 9106 (64 MiB, 3 passes, 4 lanes), above the minimum of
ASVS 5.0 Appendix C. Memory in use is `memory_kib` times `threads` at most.
"""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from edition_migration.domain.errors import Busy
from edition_migration.domain.passwords import normalize

T = TypeVar("T")

_BCRYPT_BYTES = 72
"""bcrypt never looked further; today's library refuses what is longer instead of cutting it."""


class PwdlibHasher:
    """The Hasher of the port. `threads` hash at once, `queue` more may wait, the next is refused as Busy."""

    def __init__(
        self, *, memory_kib: int = 65536, passes: int = 3, lanes: int = 4, threads: int = 2, queue: int = 32
    ) -> None:
        self._argon2 = Argon2Hasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
        self._hashes = PasswordHash((self._argon2, BcryptHasher()))
        self._nobody = _hash_of_nobody(memory_kib, passes, lanes)
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="password-hashing")
        self._limit = threads + queue
        self._unfinished = 0

    async def hash(self, password: str) -> str:
        return await self._in_thread(lambda: self._hashes.hash(normalize(password)))

    async def verify(self, password: str, password_hash: str) -> bool:
        return await self._in_thread(lambda: self._matches(password, password_hash))

    async def verify_nothing(self, password: str) -> None:
        await self._in_thread(lambda: self._matches(password, self._nobody))

    def is_outdated(self, password_hash: str) -> bool:
        return not Argon2Hasher.identify(password_hash) or self._argon2.check_needs_rehash(password_hash)

    def _matches(self, password: str, password_hash: str) -> bool:
        """How many forms are tried depends on the password given, never on the account."""
        outcomes = [self._verify_form(form, password_hash) for form in _forms(password)]
        return any(outcomes)

    def _verify_form(self, form: str, password_hash: str) -> bool:
        given: str | bytes = form.encode()[:_BCRYPT_BYTES] if BcryptHasher.identify(password_hash) else form
        try:
            return self._hashes.verify(given, password_hash)
        except UnknownHashError:
            self._hashes.verify(form, self._nobody)
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._unfinished >= self._limit:
            raise Busy("too many passwords wait to be hashed", mend="try again in some seconds")
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._unfinished -= 1


def _forms(password: str) -> tuple[str, ...]:
    """Ours are hashed in the normal form, imported ones as they were typed."""
    return tuple(dict.fromkeys((normalize(password), password)))


def _hash_of_nobody(memory_kib: int, passes: int, lanes: int) -> str:
    """A well-formed argon2id hash that no password has: checking it costs as much as checking a real one."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${digest}"
