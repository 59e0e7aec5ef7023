"""Imports: rows into facts, bad rows beside good ones, repeats, and memory that does not grow with the file."""

import csv
import gc
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application import import_file
from edition_migration.application.import_file import CHUNK, ImportReport, Progress
from edition_migration.application.imports import ContactImport, UserImport
from edition_migration.domain.errors import InvalidInput
from edition_migration.domain.facts import stamp_of
from edition_migration.domain.states import AccountStatus, CredentialState, Edition, InactiveReason
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.user import User
from tests import builders
from tests.builders import NOW
from tests.doubles import MovableClock

HASH = "$2b$04$5yGdot2mZPxyPmOxMnHmwOF0WgCnoEx5iLrH.k.U6EC37DcYD8TWW"


class Desk:
    """Writes files and imports them."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.store = store
        self.file = folder / "users.csv"
        self.result = folder / "result.csv"
        self.clock = MovableClock()
        self.users = UserImport(store=store, clock=self.clock, files=CsvFiles())
        self.contacts = ContactImport(store=store, files=CsvFiles())

    async def import_users(self, text: str, **options: Any) -> ImportReport:
        self.clock.move(timedelta(seconds=1))
        self.file.write_text(text, encoding="utf-8")
        return await self.users.run(self.file, self.result, **options)

    async def import_contacts(self, text: str, **options: Any) -> ImportReport:
        self.file.write_text(text, encoding="utf-8")
        return await self.contacts.run(self.file, self.result, **options)

    def results(self) -> list[tuple[str, str]]:
        """Status and reason of each row."""
        with self.result.open(encoding="utf-8", newline="") as file:
            return [(row["importStatus"], row["importReason"]) for row in csv.DictReader(file)]

    async def user(self, email: str) -> User:
        async with self.store.read() as uow:
            found = await uow.users.by_email(email)
        assert found is not None
        return found

    async def put(self, *rows: Any) -> None:
        """Organization acme with its domain, and these users or migrations."""
        async with self.store.write() as uow:
            await uow.organizations.put(builders.organization())
            await uow.domains.put(builders.domain())
            await uow.users.put([row for row in rows if isinstance(row, User)])
            await uow.migrations.add([row for row in rows if not isinstance(row, User)])
            await uow.commit()

    async def bells(self) -> list[tuple[str, str | None]]:
        async with self.store.read() as uow:
            return [(bell.org_id, bell.user_id) for bell in await uow.doorbells.oldest(100)]


@pytest.fixture
def desk(store: SqlStore, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


async def test_a_row_becomes_a_user_with_all_its_facts(desk: Desk) -> None:
    report = await desk.import_users(
        "email,userId,displayName,locale,timeZone,edition,clientVersion,status,inactiveReason,storageUsed,policyGroup,"
        "passwordHash,jobTitle,building\n"
        f"Ana@Acme.example,e1,Ana Kos,de,Europe/Vienna,guest,5.2,inactive,left_company,120,Finance,{HASH},Buyer,north\n"
    )
    assert (report.counts, report.skipped_columns, report.is_written) == ({"created": 1}, ("building",), True)
    user = await desk.user("ana@acme.example")
    assert (user.user_id, user.domain, user.display_name, user.locale, user.zone) == (
        "e1",
        "acme.example",
        "Ana Kos",
        "de",
        "Europe/Vienna",
    )
    assert (user.edition, user.client_version, user.storage_used_mb, user.policy_group) == (
        Edition.GUEST,
        "5.2",
        120,
        "Finance",
    )
    assert (user.account_status, user.inactive_reason) == (AccountStatus.INACTIVE, InactiveReason.LEFT_COMPANY)
    assert (user.reported_status, user.reported_inactive_reason) == (
        AccountStatus.INACTIVE,
        InactiveReason.LEFT_COMPANY,
    )
    assert (user.credential_state, user.password_hash, user.org_id) == (CredentialState.SET, HASH, None)


async def test_without_id_and_password_a_user_gets_an_opaque_id_and_no_credential(desk: Desk) -> None:
    await desk.import_users("displayName,email\n-,ana@acme.example\n")
    user = await desk.user("ana@acme.example")
    assert len(user.user_id) == 32
    assert "@" not in user.user_id
    assert (user.credential_state, user.password_hash, user.account_status) == (
        CredentialState.LOCKED,
        None,
        AccountStatus.ACTIVE,
    )


async def test_an_existing_address_is_overwritten_and_keeps_its_id(desk: Desk) -> None:
    await desk.import_users(f"email,userId,displayName,passwordHash\nana@acme.example,e1,Ana,{HASH}\n")
    await desk.import_users("email,userId,displayName,passwordHash\nANA@acme.example,e2,Ana Kos,-\n")
    user = await desk.user("ana@acme.example")
    assert (user.user_id, user.display_name, user.password_hash) == ("e1", "Ana Kos", HASH)
    assert desk.results() == [("updated", "")]


async def test_a_column_that_the_file_lacks_stays_as_it_is(desk: Desk) -> None:
    await desk.import_users("email,displayName,locale\nana@acme.example,Ana,de\n")
    await desk.import_users("email,locale\nana@acme.example,-\n")
    user = await desk.user("ana@acme.example")
    assert (user.display_name, user.locale) == ("Ana", None)


async def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    text = f"email,displayName,passwordHash\nana@acme.example,Ana,{HASH}\nbo@acme.example,Bo,-\n"
    await desk.import_users(text)
    before = await desk.user("ana@acme.example")
    report = await desk.import_users(text)
    after = await desk.user("ana@acme.example")
    assert report.counts == {"unchanged": 2}
    assert (after.user_id, after.display_name, after.password_hash) == (before.user_id, "Ana", HASH)


async def test_bad_rows_are_named_and_never_stop_good_ones(desk: Desk) -> None:
    report = await desk.import_users(
        "email,displayName,storageUsed,userId\n"
        "ana@acme.example,Ana,10,-\n"
        "nobody,=cmd|' /C calc'!A0,ten,-\n"
        "N/A,-,-,-\n"
        "Ana@Acme.example,Ana again,-,-\n"
        "bo@acme.example,Bo,1,e1\n"
        "cy@acme.example,Cy,1,e1\n"
    )
    assert desk.results() == [
        ("created", ""),
        (
            "refused",
            "email: has no @; give one address like name@example.com | "
            "storageUsed: is no whole number of MB; write digits only, e.g. 250, or -",
        ),
        ("refused", "email: is N/A; write - for an empty value"),
        ("refused", "duplicate_in_file: the same as row 2"),
        ("created", ""),
        ("refused", "duplicate_in_file: the same as row 6"),
    ]
    assert (report.rows, report.counts, report.refused) == (6, {"created": 2, "refused": 4}, 4)
    assert "'=cmd" in desk.result.read_text(encoding="utf-8")
    assert (await desk.user("ana@acme.example")).display_name == "Ana"


async def test_strict_writes_nothing_at_all_if_one_row_is_refused(desk: Desk) -> None:
    report = await desk.import_users("email\nana@acme.example\nnobody\n", is_strict=True)
    assert not report.is_written
    assert desk.results() == [
        ("not_imported", "other rows are refused, and the import is strict"),
        ("refused", "email: has no @; give one address like name@example.com"),
    ]
    async with desk.store.read() as uow:
        assert await uow.users.by_email("ana@acme.example") is None


async def test_strict_counts_duplicates_as_refused(desk: Desk) -> None:
    report = await desk.import_users("email\nana@acme.example\nana@acme.example\n", is_strict=True)
    assert (report.is_written, report.counts) == (False, {"not_imported": 1, "refused": 1})


async def test_strict_writes_a_file_without_fault(desk: Desk) -> None:
    report = await desk.import_users("email\nana@acme.example\n", is_strict=True)
    assert (report.is_written, report.counts) == (True, {"created": 1})


async def test_an_id_of_another_address_is_refused(desk: Desk) -> None:
    await desk.put(builders.user("e1"))
    await desk.import_users("email,userId\nana@acme.example,e1\n")
    assert desk.results() == [
        ("refused", "user_id_taken: userId belongs to another address; send user.email_changed to rename a user")
    ]


async def test_a_file_without_addresses_is_refused_before_anything_is_written(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await desk.import_users("Email,displayName\nana@acme.example,Ana\n")
    assert [str(problem) for problem in refusal.value.problems] == [
        "email: the column is missing; add a column named exactly email"
    ]
    assert not desk.result.exists()


async def test_a_file_broken_far_below_is_refused_before_anything_is_written(desk: Desk) -> None:
    rows = "".join(f"u{number}@acme.example,x\n" for number in range(CHUNK + 10))
    with pytest.raises(InvalidInput, match=r"^row 512: has 3 cells, the header 2"):
        await desk.import_users(f"email,displayName\n{rows}a,b,c\n")
    async with desk.store.read() as uow:
        assert await uow.users.by_email("u0@acme.example") is None


async def test_a_newer_event_is_not_overwritten(desk: Desk) -> None:
    newer = stamp_of("7", NOW, "order-1")
    await desk.put(builders.user("e1", stamps={"display_name": newer, "email": newer}))
    await desk.import_users("email,displayName,locale\ne1@acme.example,Old name,de\n")
    user = await desk.user("e1@acme.example")
    assert (user.display_name, user.locale) == ("User e1", "de")
    await desk.put(builders.user("e1", stamps=dict.fromkeys(("display_name", "email"), newer)))
    await desk.import_users("email,displayName\ne1@acme.example,Old name\n")
    assert desk.results() == [("superseded", "newer events said otherwise")]


async def test_a_deleted_user_is_not_revived_by_his_id(desk: Desk) -> None:
    await desk.put(builders.user("e1", email=None, domain=None, is_deleted=True))
    await desk.import_users("email,userId\nana@acme.example,e1\n")
    assert desk.results() == [("superseded", "the user of this id was deleted; leave userId out to make a new one")]
    async with desk.store.read() as uow:
        assert await uow.users.by_email("ana@acme.example") is None


async def test_a_blocked_guest_stays_blocked_and_his_facts_are_kept(desk: Desk) -> None:
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    await desk.put(builders.user("e1", **held), builders.migration("e1", state=S.IN_REVIEW))
    await desk.import_users(f"email,displayName,status,passwordHash\ne1@acme.example,New,active,{HASH}\n")
    user = await desk.user("e1@acme.example")
    assert (user.account_status, user.inactive_reason, user.display_name) == (
        AccountStatus.INACTIVE,
        InactiveReason.GUEST_PENDING,
        "New",
    )
    assert (user.credential_state, user.password_hash) == (CredentialState.SET, HASH)
    assert desk.results() == [("updated", "")]


async def test_a_pending_guest_who_left_the_company_is_skipped(desk: Desk) -> None:
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    await desk.put(builders.user("e1", **held), builders.migration("e1", state=S.IN_REVIEW))
    await desk.import_users("email,status,inactiveReason\ne1@acme.example,inactive,left_company\n")
    async with desk.store.read() as uow:
        row = await uow.migrations.latest("acme", "e1")
    assert row is not None
    assert (row.state, row.reason) == (S.SKIPPED, "left_company")
    user = await desk.user("e1@acme.example")
    assert (user.account_status, user.inactive_reason) == (AccountStatus.INACTIVE, InactiveReason.LEFT_COMPANY)


@pytest.mark.parametrize("state", [S.AWAITING_PASSWORD, S.PASSWORD_SET, S.MIGRATED])
async def test_an_old_password_never_replaces_the_new_one(desk: Desk, state: S) -> None:
    ours = {"org_id": "acme", "edition": Edition.BUSINESS, "password_hash": "$2b$new"}
    await desk.put(builders.user("e1", **ours), builders.migration("e1", state=state))
    await desk.import_users(f"email,edition,status,passwordHash\ne1@acme.example,guest,active,{HASH}\n")
    user = await desk.user("e1@acme.example")
    assert (user.password_hash, user.edition, user.account_status) == (
        "$2b$new",
        Edition.BUSINESS,
        AccountStatus.ACTIVE,
    )


async def test_a_federated_credential_is_never_replaced(desk: Desk) -> None:
    await desk.put(builders.user("e1", credential_state=CredentialState.FEDERATED))
    await desk.import_users(f"email,passwordHash\ne1@acme.example,{HASH}\n")
    user = await desk.user("e1@acme.example")
    assert (user.credential_state, user.password_hash) == (CredentialState.FEDERATED, None)


async def test_each_chunk_rings_each_organization_once(desk: Desk) -> None:
    await desk.put()
    rows = "".join(f"u{number}@{'acme' if number % 2 else 'globex'}.example\n" for number in range(CHUNK + 1))
    report = await desk.import_users(f"email\n{rows}")
    assert report.counts == {"created": CHUNK + 1}
    assert await desk.bells() == [("acme", None)]


async def test_progress_names_both_passes(desk: Desk) -> None:
    seen: list[Progress] = []
    rows = "".join(f"u{number}@acme.example\n" for number in range(CHUNK + 1))
    await desk.import_users(f"email\n{rows}", progress=seen.append)
    assert seen == [
        Progress(False, CHUNK, None),
        Progress(False, CHUNK + 1, None),
        Progress(True, CHUNK, CHUNK + 1),
        Progress(True, CHUNK + 1, CHUNK + 1),
    ]


async def test_a_result_can_be_imported_again(desk: Desk) -> None:
    await desk.import_users("email,displayName\nana@acme.example,Ana\n")
    report = await desk.import_users(desk.result.read_text(encoding="utf-8"))
    assert report.skipped_columns == ("importStatus", "importReason", "importNextStep")
    assert desk.result.read_text(encoding="utf-8").splitlines() == [
        "email,displayName,importStatus,importReason,importNextStep",
        "ana@acme.example,Ana,unchanged,,",
    ]


async def test_a_refused_row_says_what_to_do_next(desk: Desk) -> None:
    await desk.import_users("email,displayName\nN/A,Ana\n")
    with desk.result.open(encoding="utf-8", newline="") as file:
        assert [row["importNextStep"] for row in csv.DictReader(file)] == ["mend the row, and import it again"]


async def test_contacts_are_kept_for_owners_who_exist(desk: Desk) -> None:
    await desk.put(builders.user("e1"))
    report = await desk.import_contacts(
        "email,contactEmail,contactName,contactGroup\n"
        "E1@acme.example,pal@globex.example,Pal,Friends\n"
        "e1@acme.example,mate@globex.example,-,-\n"
        "e1@acme.example,PAL@globex.example,Pal 2,-\n"
        "nobody@acme.example,pal@globex.example,Pal,-\n"
        "e1@acme.example,nobody,-,-\n"
    )
    assert desk.results() == [
        ("imported", ""),
        ("imported", ""),
        ("refused", "duplicate_in_file: the same as row 2"),
        ("refused", "owner_unknown: no user has this email; import the users first"),
        ("refused", "contactEmail: has no @; give one address like name@example.com"),
    ]
    assert report.counts == {"imported": 2, "refused": 3}
    async with desk.store.read() as uow:
        assert await uow.contacts.count("e1") == 2


async def peak_of(rows: int, store: SqlStore, folder: Path) -> int:
    """Bytes at the highest point of importing so many rows; garbage is collected after each chunk."""
    file = folder / f"{rows}.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("email,displayName,clientVersion\n")
        out.writelines(f"u{number}@acme.example,User {number},5.2\n" for number in range(rows))
    users = UserImport(store=store, clock=MovableClock(), files=CsvFiles())
    gc.collect()
    tracemalloc.start()
    try:
        await users.run(file, folder / "result.csv", progress=lambda _: gc.collect(1) and None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_does_not_grow_with_the_file(
    sqlite_store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_file, "CHUNK", 50)
    store = SqlStore(sqlite_store_url)
    await peak_of(150, store, tmp_path)
    small, large = await peak_of(150, store, tmp_path), await peak_of(2000, store, tmp_path)
    await store.dispose()
    assert large - small < 400_000, "the 1850 rows more are a megabyte"
