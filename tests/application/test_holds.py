"""What is shown of a held mail and a held migration: what holds it, and until when; a look takes no slot of a pace."""

from datetime import timedelta
from typing import Any

import pytest

from edition_migration.application.holds import standing
from edition_migration.application.mail_holds import Holds, hold_of
from edition_migration.domain.holds import HeldBy, Hold
from edition_migration.domain.mail import Mail, MailKind, MailState
from edition_migration.domain.migration import Attention
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.states import MigrationState as S
from edition_migration.ports.store import Store
from tests.builders import NOW, migration, organization, user
from tests.fixtures.records import mail

# NOW is a Sunday, 12:00 UTC.
MONDAY_8 = NOW + timedelta(hours=20)
IN_AN_HOUR = NOW + timedelta(hours=1)
QUIET: dict[str, Any] = {"quiet_hours": QuietHours()}


async def given(store: Store, *mails: Mail, row: dict[str, Any] | None = None, **settings: Any) -> None:
    """One user, INSTRUCTED unless `row` says otherwise, with these mails."""
    async with store.write() as uow:
        await uow.organizations.put(organization(**settings))
        await uow.users.put([user("u1", org_id="acme")])
        await uow.migrations.add([migration("u1", **{"state": S.INSTRUCTED, **(row or {})})])
        await uow.mails.queue(mails)
        await uow.commit()


async def paused(store: Store, *scopes: str) -> None:
    async with store.write() as uow:
        for scope in scopes:
            await uow.pauses.begin(scope, NOW, "staff-1")
        await uow.commit()


async def held(store: Store) -> tuple[Hold | None, str, str]:
    """What holds the user, what comes next, and who must act."""
    async with store.read() as uow:
        row = await uow.migrations.get(migration("u1").ref)
        assert row is not None
        seen, hold = await standing(uow, row, NOW)
    return hold, seen.next, seen.who


async def shown(store: Store, present: Any = NOW) -> list[Hold | None]:
    async with store.read() as uow:
        holds = await Holds.at(uow, "acme", present)
        return [await holds.shown(it) for it in await uow.mails.of_migration(migration("u1").ref)]


async def test_quiet_hours_hold_who_waits_for_his_mail_until_the_morning(store: Store) -> None:
    await given(store, mail(), **QUIET)
    assert await shown(store) == [Hold(HeldBy.QUIET_HOURS, MONDAY_8)]
    assert await held(store) == (
        Hold(HeldBy.QUIET_HOURS, MONDAY_8),
        "the quiet hours end, then: once the relay has accepted the instructions, the user is activated",
        "nobody",
    )
    assert await shown(store, MONDAY_8) == [None]


async def test_a_held_reminder_holds_nobody(store: Store) -> None:
    row = {"state": S.AWAITING_PASSWORD, "deadline_at": MONDAY_8}
    await given(store, mail(kind=MailKind.REMINDER), row=row, **QUIET)
    assert await shown(store) == [Hold(HeldBy.QUIET_HOURS, MONDAY_8)]
    assert await held(store) == (None, "the user chooses a password", "user")


async def test_a_look_takes_no_slot_of_the_pace_and_says_which_was_taken(store: Store) -> None:
    await given(store, mail(), mail("m2", kind=MailKind.WELCOME), mails_per_second=1 / 3600)
    assert await shown(store) == [None, None]
    async with store.write() as uow:
        first, second = await uow.mails.of_migration(migration("u1").ref)
        assert await hold_of(uow, first, NOW) is None
        assert await hold_of(uow, second, NOW) == Hold(HeldBy.PACE, IN_AN_HOUR)
        await uow.commit()
    assert await shown(store) == [None, Hold(HeldBy.PACE, IN_AN_HOUR)]


@pytest.mark.parametrize(
    ("scopes", "by", "next_", "who"),
    [
        (["acme"], HeldBy.PAUSE, "the pause ends (`starter.py resume`), then: instructions are sent", "administrator"),
        (
            ["acme", "*"],
            HeldBy.SERVICE_PAUSE,
            "the pause of the whole service ends (`starter.py resume --service`), then: instructions are sent",
            "operator",
        ),
    ],
)
async def test_a_pause_holds_who_is_selected(store: Store, scopes: list[str], by: HeldBy, next_: str, who: str) -> None:
    await given(store, row={"state": S.SELECTED})
    await paused(store, *scopes)
    assert await held(store) == (Hold(by), next_, who)


@pytest.mark.parametrize("state", [S.IN_REVIEW, S.PASSWORD_SET, S.MIGRATED])
async def test_a_pause_does_not_hold_who_is_not_stopped_by_it_but_his_mail(store: Store, state: S) -> None:
    await given(store, mail(kind=MailKind.WELCOME), row={"state": state})
    await paused(store, "acme")
    assert (await held(store))[0] is None
    assert await shown(store) == [Hold(HeldBy.PAUSE)]


async def test_whose_domain_is_gone_is_held_until_the_hold_ends_and_so_is_his_link(store: Store) -> None:
    row = {"state": S.AWAITING_PASSWORD, "hold_ends_at": IN_AN_HOUR, "deadline_at": MONDAY_8}
    await given(store, mail(kind=MailKind.NEW_LINK), mail("m2", kind=MailKind.ADDRESS_CHANGED), row=row)
    hold = Hold(HeldBy.DOMAIN_GONE, IN_AN_HOUR)
    assert await shown(store) == [hold, None]
    assert await held(store) == (
        hold,
        "his domain comes back; else he is a guest again when the hold ends",
        "administrator",
    )


@pytest.mark.parametrize("attention", [Attention.UNDELIVERABLE, Attention.COMPLAINT])
async def test_who_is_parked_waits_for_whoever_mends_it_and_not_for_the_morning(
    store: Store, attention: Attention
) -> None:
    await given(store, mail(), row={"attention": attention}, **QUIET)
    assert (await shown(store), (await held(store))[0]) == ([None], None)


@pytest.mark.parametrize(
    ("kind", "attention", "hold"),
    [
        (MailKind.INSTRUCTIONS, None, None),
        (MailKind.CANCELLED, None, Hold(HeldBy.QUIET_HOURS, MONDAY_8)),
        (MailKind.CANCELLED, Attention.UNDELIVERABLE, Hold(HeldBy.QUIET_HOURS, MONDAY_8)),
        (MailKind.CANCELLED, Attention.COMPLAINT, None),
    ],
)
async def test_after_the_end_only_what_is_said_of_it_is_held(
    store: Store, kind: MailKind, attention: Attention | None, hold: Hold | None
) -> None:
    await given(store, mail(kind=kind), row={"state": S.CANCELLED, "attention": attention}, **QUIET)
    assert await shown(store) == [hold]


@pytest.mark.parametrize(
    ("state", "kind", "hold"),
    [
        (MailState.DEFERRED, MailKind.INSTRUCTIONS, Hold(HeldBy.QUIET_HOURS, MONDAY_8)),
        (MailState.UNKNOWN, MailKind.INSTRUCTIONS, Hold(HeldBy.QUIET_HOURS, MONDAY_8)),
        (MailState.UNKNOWN, MailKind.REMINDER, None),
        (MailState.SENDING, MailKind.INSTRUCTIONS, None),
        (MailState.SUPPRESSED, MailKind.INSTRUCTIONS, None),
    ],
)
async def test_only_what_is_still_to_be_sent_is_held(
    store: Store, state: MailState, kind: MailKind, hold: Hold | None
) -> None:
    await given(store, mail(kind=kind, state=state), **QUIET)
    assert await shown(store) == [hold]


@pytest.mark.parametrize(
    ("not_before", "until", "by"),
    [
        (None, MONDAY_8, HeldBy.QUIET_HOURS),
        (IN_AN_HOUR, IN_AN_HOUR, HeldBy.PACE),
        (None, IN_AN_HOUR, HeldBy.RELAY),
    ],
)
async def test_what_the_organizations_postman_passes_says_why(
    store: Store, not_before: Any, until: Any, by: HeldBy
) -> None:
    await given(store, mail(not_before=not_before, held_until=until), **QUIET)
    assert await shown(store) == [Hold(by, until)]
