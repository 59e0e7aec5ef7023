"""The sign-in gate on both databases: who hears what, at what cost, and what each answer leaves behind."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.sign_in import WRONG, SignIn, SignInAnswer
from edition_migration.domain.gate import SignInResult
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.token import digest_of
from edition_migration.domain.user import User
from edition_migration.ports.store import Store
from edition_migration.ports.store_events import InboxRow, InboxState
from tests import builders
from tests.doubles import CountingHasher, MovableClock, StillPace

PASSWORD = "the password that is known"
ADDRESS = "ada.lovelace@acme.example"
HASH = CountingHasher.quick(PASSWORD)
BUSINESS = {"edition": Edition.BUSINESS, "org_id": "acme", "client_version": "6.1"}
TOMBSTONE = {"is_deleted": True, "email": None, "domain": None, "display_name": "", "password_hash": None}


@dataclass
class Gate:
    store: Store
    clock: MovableClock
    hasher: CountingHasher
    pace: StillPace
    sign_in: SignIn

    async def add(self, **changes: Any) -> User:
        user = builders.user(**{"password_hash": HASH, **changes})
        async with self.store.write() as uow:
            await uow.users.put([user])
            await uow.commit()
        return user

    async def attempt(
        self, version: str | None = "6.1", password: str = PASSWORD, email: str = ADDRESS
    ) -> SignInAnswer:
        return await self.sign_in.attempt(email, password, version)

    async def sessions(self, user_id: str = "u1") -> int:
        async with self.store.read() as uow:
            return await uow.sessions.open_count(user_id)

    async def inbox(self) -> list[InboxRow]:
        async with self.store.read() as uow:
            return list(await uow.inbox.listing("acme", 100))

    async def bells(self) -> list[str]:
        async with self.store.read() as uow:
            return [bell.org_id for bell in await uow.doorbells.oldest(100)]


@pytest.fixture
async def gate(store: Store) -> Gate:
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.domains.put(builders.domain())
        await uow.commit()
    clock, hasher, pace = MovableClock(), CountingHasher(), StillPace()
    sign_in = SignIn(store=store, clock=clock, hasher=hasher, pace=pace, refusal_seconds=0.5)
    return Gate(store, clock, hasher, pace, sign_in)


async def test_business_user_gets_a_session_of_which_the_digest_is_kept(gate: Gate) -> None:
    await gate.add(**BUSINESS)
    answer = await gate.attempt()
    assert answer.result is SignInResult.SIGNED_IN
    assert answer.session_token is not None
    assert len(answer.session_token) == 43
    assert digest_of(answer.session_token) != answer.session_token
    assert await gate.sessions() == 1
    assert gate.pace.slept == []


async def test_address_is_found_in_any_case(gate: Gate) -> None:
    await gate.add(**BUSINESS)
    assert (await gate.attempt(email="Ada.Lovelace@ACME.example")).result is SignInResult.SIGNED_IN


async def test_guest_of_no_provisioned_domain_signs_in_with_any_client(gate: Gate) -> None:
    await gate.add(email="ada@home.example", domain="home.example")
    for version in ("4.0", "6.1", None):
        assert (await gate.attempt(version, email="ada@home.example")).result is SignInResult.SIGNED_IN


@pytest.mark.parametrize(
    "domain",
    [
        {"block_at": None},
        {"block_at": builders.NOW + timedelta(seconds=1)},
        {"is_claimed": False},
    ],
)
async def test_guest_of_a_domain_that_does_not_block_signs_in(gate: Gate, domain: dict[str, Any]) -> None:
    async with gate.store.write() as uow:
        await uow.domains.put(builders.domain(**domain))
        await uow.commit()
    await gate.add()
    assert (await gate.attempt("5.2")).result is SignInResult.SIGNED_IN


@pytest.mark.parametrize(
    ("recorded", "presented"), [("5.2", "5.2"), ("5.2", "6.1"), ("6.1", "5.9"), (None, "6.1"), ("6.1", None)]
)
async def test_guest_of_a_blocked_domain_is_refused_by_either_old_client(
    gate: Gate, recorded: str | None, presented: str | None
) -> None:
    await gate.add(client_version=recorded)
    answer = await gate.attempt(presented)
    assert answer == SignInAnswer(
        SignInResult.DEACTIVATED,
        message="Your account waits for its migration.",
        help_url="https://acme.example/help",
    )
    assert await gate.sessions() == 0


async def test_guest_of_a_blocked_domain_with_a_new_client_signs_in(gate: Gate) -> None:
    await gate.add(client_version="6.0")
    assert (await gate.attempt("6.0")).result is SignInResult.SIGNED_IN
    assert await gate.inbox() == []


async def test_guest_without_migration_is_detected_once(gate: Gate) -> None:
    await gate.add()
    await gate.attempt("5.2")
    await gate.attempt("5.2")
    (row,) = await gate.inbox()
    assert (row.type, row.state, row.user_id) == ("user.detected", InboxState.PENDING, "u1")
    assert json.loads(row.body)["data"] == {"org_id": "acme", "user_id": "u1", "client_version": "5.2"}
    assert ADDRESS not in row.body
    assert await gate.bells() == ["acme"]


async def test_ten_sign_ins_at_once_detect_once(gate: Gate) -> None:
    await gate.add()
    answers = await asyncio.gather(*(gate.attempt("5.2") for _ in range(10)))
    assert {answer.result for answer in answers} == {SignInResult.DEACTIVATED}
    assert len(await gate.inbox()) == 1


async def test_new_client_of_a_blocked_guest_is_not_reported_as_a_fact(gate: Gate) -> None:
    await gate.add(client_version="5.2")
    await gate.attempt("6.1")
    (row,) = await gate.inbox()
    assert json.loads(row.body)["data"] == {"org_id": "acme", "user_id": "u1"}


async def test_words_that_are_no_version_are_refused_and_not_reported_as_one(gate: Gate) -> None:
    await gate.add(client_version="6.1")
    assert (await gate.attempt("six")).result is SignInResult.DEACTIVATED
    (row,) = await gate.inbox()
    assert json.loads(row.body)["data"] == {"org_id": "acme", "user_id": "u1"}


async def test_guest_with_a_migration_is_not_detected(gate: Gate) -> None:
    await gate.add()
    async with gate.store.write() as uow:
        await uow.migrations.add([builders.migration()])
        await uow.commit()
    assert (await gate.attempt("5.2")).result is SignInResult.DEACTIVATED
    assert await gate.inbox() == []


@pytest.mark.parametrize("reason", list(InactiveReason))
async def test_inactive_account_hears_it_is_deactivated(gate: Gate, reason: InactiveReason) -> None:
    await gate.add(**BUSINESS, account_status=AccountStatus.INACTIVE, inactive_reason=reason)
    answer = await gate.attempt()
    assert (answer.result, answer.help_url) == (SignInResult.DEACTIVATED, "https://acme.example/help")
    assert await gate.sessions() == 0


@pytest.mark.parametrize("credential", [CredentialState.LOCKED, CredentialState.RESET_ISSUED])
async def test_old_password_is_recognized_and_told_to_choose(gate: Gate, credential: CredentialState) -> None:
    await gate.add(**BUSINESS, credential_state=credential)
    assert await gate.attempt() == SignInAnswer(SignInResult.PASSWORD_NOT_CHOSEN)
    assert await gate.attempt(password="another") == WRONG
    assert await gate.sessions() == 0


@pytest.mark.parametrize("version", ["5.9.9", None, "unreadable"])
async def test_business_user_with_an_old_client_is_given_the_download(gate: Gate, version: str | None) -> None:
    await gate.add(**BUSINESS)
    answer = await gate.attempt(version)
    assert answer == SignInAnswer(SignInResult.CLIENT_TOO_OLD, download_url="https://acme.example/client")
    assert await gate.sessions() == 0


@pytest.mark.parametrize(
    ("changes", "email", "looked_at"),
    [
        ({**BUSINESS}, ADDRESS, HASH),
        ({**BUSINESS}, "nobody@acme.example", None),
        ({**BUSINESS}, "no address at all", None),
        (TOMBSTONE, ADDRESS, None),
        ({**BUSINESS, "password_hash": None}, ADDRESS, None),
        ({**BUSINESS, "credential_state": CredentialState.FEDERATED}, ADDRESS, None),
        ({**BUSINESS, "account_status": AccountStatus.INACTIVE}, ADDRESS, HASH),
        ({**BUSINESS, "credential_state": CredentialState.LOCKED}, ADDRESS, HASH),
        ({"client_version": "5.2"}, ADDRESS, HASH),
    ],
)
async def test_whoever_does_not_know_the_password_hears_one_thing(
    gate: Gate, changes: dict[str, Any], email: str, looked_at: str | None
) -> None:
    """One verification and the same time, whatever there is to find."""
    await gate.add(**changes)
    assert await gate.attempt("5.2", password="a guess", email=email) is WRONG
    assert gate.hasher.verified == [looked_at]
    assert gate.pace.seconds == 0.5
    assert await gate.inbox() == []


async def test_refusal_sleeps_only_what_the_work_left(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(password: str) -> None:
        gate.pace.seconds += 0.4

    monkeypatch.setattr(gate.hasher, "verify_nothing", slow)
    await gate.attempt(email="nobody@acme.example")
    assert gate.pace.slept == [pytest.approx(0.1)]


async def test_federated_user_cannot_sign_in_by_password(gate: Gate) -> None:
    await gate.add(**BUSINESS, credential_state=CredentialState.FEDERATED)
    assert await gate.attempt() is WRONG


async def test_block_committed_during_the_verification_still_refuses(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await gate.add(**BUSINESS)

    async def verify_while_blocked(password: str, password_hash: str) -> bool:
        await gate.add(**BUSINESS, account_status=AccountStatus.INACTIVE, inactive_reason=InactiveReason.POLICY)
        return password_hash == user.password_hash

    monkeypatch.setattr(gate.hasher, "verify", verify_while_blocked)
    assert (await gate.attempt()).result is SignInResult.DEACTIVATED
    assert await gate.sessions() == 0


async def test_password_changed_during_the_verification_refuses_the_old_one(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.add(**BUSINESS)

    async def verify_while_changed(password: str, password_hash: str) -> bool:
        await gate.add(**BUSINESS, password_hash=CountingHasher.quick("a newer one"))
        return True

    monkeypatch.setattr(gate.hasher, "verify", verify_while_changed)
    assert await gate.attempt() is WRONG
    assert await gate.sessions() == 0


async def test_outdated_hash_is_replaced_after_a_good_sign_in(gate: Gate) -> None:
    await gate.add(**BUSINESS, password_hash=CountingHasher.quick(PASSWORD, "old"))
    answer = await gate.attempt()
    assert answer.outdated is not None
    assert PASSWORD not in repr(answer)
    await gate.sign_in.strengthen(answer.outdated)
    async with gate.store.read() as uow:
        user = await uow.users.get("u1")
    assert user is not None
    assert user.password_hash == HASH
    assert (await gate.attempt()).outdated is None


async def test_outdated_hash_of_a_changed_password_is_left_alone(gate: Gate) -> None:
    await gate.add(**BUSINESS, password_hash=CountingHasher.quick(PASSWORD, "old"))
    answer = await gate.attempt()
    newer = await gate.add(**BUSINESS, password_hash=CountingHasher.quick("a newer one"))
    assert answer.outdated is not None
    await gate.sign_in.strengthen(answer.outdated)
    async with gate.store.read() as uow:
        user = await uow.users.get("u1")
    assert user is not None
    assert user.password_hash == newer.password_hash
