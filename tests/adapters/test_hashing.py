"""Password hashing: kinds of hashes, forms of the same text, equal work for nobody, and the bound."""

import asyncio
import threading

import bcrypt
import pytest

from edition_migration.adapters.hashing import PwdlibHasher
from edition_migration.domain.errors import Busy


def quick(**changes: int) -> PwdlibHasher:
    return PwdlibHasher(**{"memory_kib": 64, "passes": 1, "lanes": 1, **changes})


async def test_own_hash_is_argon2id_and_matches_its_password_only() -> None:
    hasher = quick()
    stored = await hasher.hash("quiet harbor lantern meadow")
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await hasher.verify("quiet harbor lantern meadow", stored)
    assert not await hasher.verify("quiet harbor lantern meadoW", stored)
    assert not hasher.is_outdated(stored)


async def test_default_cost_is_above_the_minimum_of_asvs() -> None:
    assert (await PwdlibHasher().hash("x")).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_hash_of_other_cost_or_kind_is_outdated() -> None:
    assert quick(passes=2).is_outdated(await quick().hash("x"))
    assert quick().is_outdated(bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode())


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
async def test_imported_bcrypt_hash_is_recognized(prefix: bytes) -> None:
    stored = bcrypt.hashpw(b"tulip", bcrypt.gensalt(4, prefix)).decode()
    assert await quick().verify("tulip", stored)
    assert not await quick().verify("tulips", stored)


async def test_imported_bcrypt_hash_of_a_long_password_is_recognized() -> None:
    password = "long " * 20
    stored = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    assert await quick().verify(password, stored)


async def test_whole_of_a_long_password_counts_in_our_own_hash() -> None:
    stored = await quick().hash("long " * 20 + "a")
    assert not await quick().verify("long " * 20 + "b", stored)


async def test_same_text_in_another_composition_is_the_same_password() -> None:
    stored = await quick().hash("caf\u00e9 au lait with sugar")
    assert await quick().verify("cafe\u0301 au lait with sugar", stored)


async def test_imported_hash_of_a_text_as_typed_is_recognized() -> None:
    stored = bcrypt.hashpw("x\u00b2 + y\u00b2".encode(), bcrypt.gensalt(4)).decode()
    assert await quick().verify("x\u00b2 + y\u00b2", stored)


async def test_unknown_kind_of_hash_is_false() -> None:
    assert not await quick().verify("x", "plain text")


async def test_nobody_is_verified_with_the_cost_of_a_real_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = quick()
    looked_at: list[str] = []
    verify = hasher._hashes.verify  # pyright: ignore[reportPrivateUsage]

    def noting(password: str, stored: str) -> bool:
        looked_at.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(hasher._hashes, "verify", noting)  # pyright: ignore[reportPrivateUsage]
    await hasher.verify_nothing("anything")
    assert [stored.rpartition("$")[0].rpartition("$")[0] for stored in looked_at] == ["$argon2id$v=19$m=64,t=1,p=1"]


async def test_more_than_threads_and_queue_are_refused_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = quick(threads=1, queue=1)
    gate = threading.Event()
    monkeypatch.setattr(hasher._hashes, "hash", lambda password: gate.wait(10) and password)  # pyright: ignore[reportPrivateUsage]
    running = [asyncio.ensure_future(hasher.hash(text)) for text in ("a", "b")]
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="too many passwords"):
        await hasher.hash("c")
    gate.set()
    assert await asyncio.gather(*running) == ["a", "b"]
    assert await hasher.hash("d") == "d"
