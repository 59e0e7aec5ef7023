"""Lists of users, and whom a command on everybody means, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.adapters.csv_files import CsvFiles
from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.chosen_users import Choice, ChosenUsers
from edition_migration.application.filters import NO_FILTER, Filter, state_named
from edition_migration.application.listings import Listings, Scope
from edition_migration.domain.commands import CommandKind
from edition_migration.domain.errors import InvalidInput, NotFound
from edition_migration.domain.migration import Attention
from edition_migration.domain.states import AccountStatus, InactiveReason
from edition_migration.domain.states import MigrationState as S
from tests import builders
from tests.builders import NOW
from tests.doubles import MovableClock
from tests.fixtures import records

LONG_AGO = NOW - timedelta(days=5)


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    """u1 to u4 pending; u5 selected; u6 parked; u7 awaits his password; u8 expired and u9 migrated."""
    rows = [
        builders.migration("u1", state=S.IN_REVIEW),
        builders.migration("u2", state=S.IN_REVIEW, since=LONG_AGO),
        builders.migration("u3", state=S.BLOCKED),
        builders.migration("u4", state=S.IN_REVIEW),
        builders.migration("u5", state=S.IN_REVIEW, wave_id="w1"),
        builders.migration("u6", state=S.INSTRUCTED, wave_id="w1", attention=Attention.UNDELIVERABLE),
        builders.migration("u7", state=S.AWAITING_PASSWORD, wave_id="w1"),
        builders.migration("u8", state=S.EXPIRED, reason="deadline"),
        builders.migration("u9", state=S.CANCELLED),
        builders.migration("u9", generation=2, state=S.MIGRATED),
    ]
    held = {"account_status": AccountStatus.INACTIVE, "inactive_reason": InactiveReason.GUEST_PENDING, "org_id": "acme"}
    users = [builders.user(f"u{n}", email=f"u{n}@acme.example", **held) for n in range(1, 9)]
    users += [builders.user("u9", email="u9@acme.example", client_version=None, org_id="acme")]
    async with store.write() as uow:
        await uow.organizations.put(builders.organization(administrators=("u4@acme.example",)))
        await uow.domains.put(builders.domain())
        await uow.users.put(users)
        await uow.waves.add(records.wave("w1"), "")
        await uow.migrations.add(rows)
        await uow.commit()
    return store


@pytest.mark.parametrize(
    ("scope", "fitting", "found"),
    [
        (Scope.PENDING, NO_FILTER, "u1 u2 u3 u4"),
        (Scope.PARKED, NO_FILTER, "u6"),
        (Scope.EVERYBODY, NO_FILTER, "u1 u2 u3 u4 u5 u6 u7 u8 u9"),
        (Scope.PENDING, Filter(states=(S.BLOCKED,)), "u3"),
        (Scope.PENDING, Filter(older_than=timedelta(days=5)), "u2"),
        (Scope.EVERYBODY, Filter(states=(S.EXPIRED, S.MIGRATED)), "u8 u9"),
        (Scope.EVERYBODY, Filter(states=(S.CANCELLED,)), ""),
        (Scope.EVERYBODY, Filter(reason="deadline"), "u8"),
        (Scope.EVERYBODY, Filter(reason="Undeliverable"), "u6"),
        (Scope.EVERYBODY, Filter(reason="guest_pending", states=(S.EXPIRED,)), "u8"),
        (Scope.EVERYBODY, Filter(client="unknown"), "u9"),
        (Scope.EVERYBODY, Filter(domain="ACME.example", states=(S.BLOCKED,)), "u3"),
    ],
)
async def test_a_list_holds_all_who_fit_each_part(filled: SqlStore, scope: Scope, fitting: Filter, found: str) -> None:
    listings = Listings(store=filled, clock=MovableClock(), message_domain="mail.example")
    page = await listings.page(scope, None, fitting, limit=100)
    assert [it.user_id for it in page.users] == found.split()
    assert page.total == len(page.users)
    assert [it.user_id async for lines in listings.all(scope, None, fitting) for it in lines] == found.split()
    behind = [it for it in found.split() if it > "u5"]
    assert await listings.count(scope, None, fitting, "u5") == len(behind)


async def test_pages_join_without_gap_or_overlap(filled: SqlStore) -> None:
    listings = Listings(store=filled, clock=MovableClock(), message_domain="mail.example")
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await listings.page(Scope.PENDING, None, NO_FILTER, limit=3, after=after)
        seen += [it.user_id for it in page.users]
        after = page.next
    assert seen == ["u1", "u2", "u3", "u4"]
    assert page.total == 4
    assert page.users[0].next_step == "select the user, or exclude him"


def test_the_words_of_a_filter_are_the_same_for_all_who_mean_the_same() -> None:
    typed = Filter(domain="ACME.example", states=(S.EXPIRED, S.BLOCKED, S.EXPIRED), reason="Policy")
    meant = Filter(domain="acme.example", states=(S.BLOCKED, S.EXPIRED), reason="policy")
    assert typed.words == meant.words != Filter(domain="acme.example", states=(S.BLOCKED,), reason="policy").words
    assert NO_FILTER.words == ""


@pytest.mark.parametrize(
    ("kind", "fitting", "found"),
    [
        (CommandKind.SELECT, NO_FILTER, "u1 u2 u3"),
        (CommandKind.SELECT, Filter(states=(S.EXPIRED,)), "u8"),
        (CommandKind.DESELECT, NO_FILTER, "u5"),
        (CommandKind.EXCLUDE, NO_FILTER, "u1 u2 u3 u4"),
        (CommandKind.ACTIVATE, NO_FILTER, "u6"),
        (CommandKind.RETRY, NO_FILTER, "u6"),
        (CommandKind.EXTEND_DEADLINE, NO_FILTER, "u7"),
        (CommandKind.CANCEL, Filter(states=(S.AWAITING_PASSWORD,)), "u7"),
        (CommandKind.UNDO, NO_FILTER, "u9"),
    ],
)
async def test_everybody_means_whom_the_command_can_change(
    filled: SqlStore, kind: CommandKind, fitting: Filter, found: str
) -> None:
    chosen = await _chosen(filled, Choice(kind=kind, org_id=None, is_all=True, fitting=fitting))
    assert chosen == found.split()


async def test_whoever_is_named_is_meant_in_this_order_each_once(filled: SqlStore) -> None:
    choice: dict[str, Any] = {"kind": CommandKind.CANCEL, "org_id": None, "names": ("u8", "u7", "u1", "u7")}
    assert await _chosen(filled, Choice(**choice)) == ["u8", "u7", "u1"]
    assert await _chosen(filled, Choice(**choice, limit=1)) == ["u8"]


async def test_a_state_in_which_nothing_can_be_done_is_refused(filled: SqlStore) -> None:
    choice = Choice(kind=CommandKind.UNDO, org_id=None, is_all=True, fitting=Filter(states=(S.BLOCKED,)))
    with pytest.raises(InvalidInput) as refused:
        await _chosen(filled, choice)
    assert str(refused.value.problems[0]) == "--state: is no state of those who are meant here; use one of MIGRATED"


async def test_a_domain_that_the_organization_never_had_is_no_empty_list(filled: SqlStore) -> None:
    with pytest.raises(NotFound) as refused:
        await Listings(store=filled, clock=MovableClock(), message_domain="mail.example").page(
            Scope.EVERYBODY, None, Filter(domain="acme.exampel"), limit=10
        )
    assert refused.value.nearest == ("acme.example",)


def test_a_state_is_named_in_any_case_and_a_wrong_one_gets_the_nearest() -> None:
    assert state_named("in_review") is S.IN_REVIEW
    with pytest.raises(InvalidInput) as refused:
        state_named("in-reviw")
    assert str(refused.value.problems[0]) == "--state: is no state of a migration; use one like IN_REVIEW"


async def _chosen(store: SqlStore, choice: Choice) -> list[str]:
    return list((await ChosenUsers(store=store, files=CsvFiles(), clock=MovableClock()).of(choice)).user_ids)
