"""What happened to one user, in order and from every table that says something of him, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from edition_migration.adapters.store.store import SqlStore
from edition_migration.application.timeline import Kind, Timelines, TimelineView
from edition_migration.domain.errors import NotFound
from edition_migration.domain.holds import HeldBy
from edition_migration.domain.mail import MailKind, MailState
from edition_migration.domain.organization import QuietHours
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import ResetToken, TokenState, digest_of
from edition_migration.ports.store_events import InboxRow, InboxState
from edition_migration.ports.store_people import Session
from edition_migration.temporal.ui import TemporalUi
from tests import builders
from tests.doubles import MovableClock
from tests.fixtures import records

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
UI = TemporalUi("https://temporal.example/", "default")


def at(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


@pytest.fixture
async def lived(store: SqlStore) -> SqlStore:
    """Ada, blocked after a sign-in and selected, with two links, the second used; her welcome is refused."""
    async with store.write() as uow:
        await uow.organizations.put(builders.organization())
        await uow.users.put([builders.user("ada", zone="Europe/Berlin", email="ada@acme.example")])
        await uow.sessions.add(Session("s1", "ada", digest_of("s1"), at(-30)))
        await uow.inbox.receive(event("user.detected"))
        row = builders.migration("ada", state=S.MIGRATED, since=at(90), signed_in_at=None)
        await uow.migrations.add([row])
        await uow.sessions.end_all(["ada"], at(1))
        entries = [
            records.entry(
                "block", user_id="ada", at=at(0), action="block", actor="provisioning", source=None, target=S.BLOCKED
            ),
            records.entry(
                "c1",
                user_id="ada",
                at=at(2),
                action="select",
                actor="staff-7",
                source=S.IN_REVIEW,
                target=S.SELECTED,
                detail={"wave": "w1", "note": None},
            ),
            records.entry(
                "password/t2",
                user_id="ada",
                at=at(80),
                action="choose_password",
                actor="user",
                source=S.AWAITING_PASSWORD,
                target=S.PASSWORD_SET,
            ),
        ]
        await uow.journal.add(entries)
        await uow.pauses.begin("acme", at(10), "staff-7")
        await uow.pauses.end("acme", at(20), "staff-8")
        await uow.pauses.begin("acme", at(95), "staff-7")
        await uow.tokens.add(link("t1", TokenState.DEAD, 30))
        await uow.tokens.add(link("t2", TokenState.USED, 60, is_requested=True))
        await uow.mails.queue(
            [
                records.mail("m1", user_id="ada", kind=MailKind.RESET_PASSWORD, token_id="t1", created_at=at(30)),
                records.mail("m2", user_id="ada", kind=MailKind.NEW_LINK, token_id="t2", created_at=at(60)),
                records.mail("m3", user_id="ada", kind=MailKind.REMINDER, created_at=at(61)),
                records.mail("m4", user_id="ada", kind=MailKind.WELCOME, created_at=at(90)),
            ]
        )
        await uow.mails.mark("m1", [MailState.QUEUED], MailState.SENDING, at(31))
        await uow.mails.mark("m1", [MailState.SENDING], MailState.ACCEPTED, at(32), reply_code=250)
        await uow.mails.mark("m1", [MailState.ACCEPTED], MailState.DELIVERED, at(40))
        await uow.mails.mark("m2", [MailState.QUEUED], MailState.SENDING, at(62))
        await uow.mails.mark("m2", [MailState.SENDING], MailState.DEFERRED, at(62), reply_code=451)
        await uow.mails.mark("m2", [MailState.DEFERRED], MailState.SENDING, at(63))
        await uow.mails.mark("m2", [MailState.SENDING], MailState.ACCEPTED, at(64), reply_code=250)
        await uow.mails.mark("m3", [MailState.QUEUED], MailState.SUPPRESSED, at(65))
        await uow.mails.mark("m4", [MailState.QUEUED], MailState.SENDING, at(91))
        await uow.mails.mark("m4", [MailState.SENDING], MailState.BOUNCED, at(91), reply_code=550)
        await uow.commit()
    return store


def event(kind: str) -> InboxRow:
    return InboxRow(0, "/gate", f"id-{kind}", kind, "acme", "{}", "d", at(-20), InboxState.APPLIED, user_id="ada")


def link(token_id: str, state: TokenState, minutes: float, *, is_requested: bool = False) -> ResetToken:
    ends = at(minutes) + timedelta(days=7)
    return records.token(
        token_id, user_id="ada", state=state, created_at=at(minutes), expires_at=ends, is_requested=is_requested
    )


async def timeline(store: SqlStore, name: str = "ada", org_id: str | None = None, ui: TemporalUi = UI) -> TimelineView:
    return await Timelines(store=store, clock=MovableClock(at(120)), pages=ui).of_user(name, org_id)


async def test_everything_stands_in_its_order_with_who_did_it(lived: SqlStore) -> None:
    view = await timeline(lived)
    assert [((it.at - BEGIN).total_seconds() / 60, it.kind, it.text, it.actor) for it in view.lines] == [
        (-30, Kind.SESSION, "signed in", "user"),
        (-20, Kind.EVENT, "event user.detected: applied", "provisioning"),
        (0, Kind.JOURNAL, "block", "provisioning"),
        (1, Kind.SESSION, "session of 2026-11-02 08:30 UTC ended", None),
        (2, Kind.JOURNAL, "select (wave=w1)", "staff-7"),
        (10, Kind.PAUSE, "the organization paused", "staff-7"),
        (20, Kind.PAUSE, "the organization resumed", "staff-8"),
        (30, Kind.LINK, "link 1: made; dead by now: a newer one, a password or the end took its place", "workflow"),
        (30, Kind.MAIL, "mail reset_password: queued", None),
        (31, Kind.LINK, "link 1: goes out, and works from now on", "workflow"),
        (32, Kind.MAIL, "mail reset_password: accepted by the relay; later reported as delivered", "relay"),
        (60, Kind.LINK, "link 2: made, the user asked for it; used to choose the password", "user"),
        (60, Kind.MAIL, "mail new_link: queued", None),
        (61, Kind.MAIL, "mail reminder: queued; not sent any more", None),
        (63, Kind.LINK, "link 2: goes out, and works from now on", "workflow"),
        (64, Kind.MAIL, "mail new_link: accepted by the relay (try 2)", "relay"),
        (80, Kind.JOURNAL, "choose_password", "user"),
        (90, Kind.MAIL, "mail welcome: queued", None),
        (91, Kind.MAIL, "mail welcome: refused for good (550)", "relay"),
    ]
    select = view.lines[4]
    assert (select.generation, select.source, select.target) == (1, S.IN_REVIEW, S.SELECTED)


SENT = (MailState.SENDING, MailState.ACCEPTED)
BACK = (*SENT, MailState.BOUNCED)


@pytest.mark.parametrize(
    ("course", "said"),
    [
        (BACK, ["queued", "accepted by the relay; later it came back"]),
        ((*BACK, MailState.QUEUED), ["queued", "accepted by the relay; later it came back, and goes out again"]),
        (
            (*BACK, MailState.QUEUED, MailState.SENDING),
            ["queued", "accepted by the relay; later it came back, and goes out again", "is being sent (try 2)"],
        ),
        ((*BACK, MailState.QUEUED, *SENT), ["queued", "accepted by the relay (try 2)"]),
        (
            (*BACK, MailState.QUEUED, MailState.SENDING, MailState.BOUNCED),
            ["queued", "accepted by the relay; later it came back", "refused for good (try 2)"],
        ),
    ],
)
async def test_a_mail_that_came_back_and_goes_again_is_told_as_far_as_its_row_knows(
    lived: SqlStore, course: tuple[MailState, ...], said: list[str]
) -> None:
    async with lived.write() as uow:
        await uow.pauses.end("acme", at(100), "staff-7")
        await uow.users.put([builders.user("bob")])
        await uow.migrations.add([builders.migration("bob", state=S.INSTRUCTED)])
        await uow.mails.queue([records.mail("m7", user_id="bob", created_at=at(0))])
        for minute, state in enumerate(course, 1):
            await uow.mails.mark("m7", list(MailState), state, at(minute))
        await uow.commit()
    shown = [it.text for it in (await timeline(lived, "bob")).lines if it.kind is Kind.MAIL]
    assert shown == [f"mail instructions: {it}" for it in said]


async def test_times_that_the_journal_keeps_are_words(lived: SqlStore) -> None:
    async with lived.write() as uow:
        await uow.users.put([builders.user("bob")])
        await uow.migrations.add([builders.migration("bob", state=S.AWAITING_PASSWORD)])
        until = {"until": "2026-12-02T11:34:43.268316+01:00", "note": "2026-12-02"}
        held = records.entry("h1", user_id="bob", at=at(0), action="hold", target=S.AWAITING_PASSWORD, detail=until)
        await uow.journal.add([held])
        await uow.commit()
    (line,) = [it for it in (await timeline(lived, "bob")).lines if it.kind is Kind.JOURNAL]
    assert line.text == "hold, as his domain is gone (note=2026-12-02, until 2026-12-02 10:34 UTC)"


async def test_what_holds_the_user_and_his_mail_is_told_with_its_end(lived: SqlStore) -> None:
    async with lived.write() as uow:
        await uow.pauses.end("acme", at(100), "staff-7")
        await uow.organizations.put(builders.organization(quiet_hours=QuietHours(begins="10:30", ends="16:00")))
        await uow.users.put([builders.user("bob", zone="Europe/Berlin")])
        await uow.migrations.add([builders.migration("bob", state=S.INSTRUCTED)])
        await uow.mails.queue([records.mail("m7", user_id="bob", created_at=at(110))])
        await uow.commit()
    view = await timeline(lived, "bob")
    assert [it.text for it in view.lines if it.kind is Kind.MAIL] == [
        "mail instructions: queued; held by quiet hours until 2026-11-02 15:00 UTC"
    ]
    assert (view.held_by, view.held_until) == (HeldBy.QUIET_HOURS, datetime(2026, 11, 2, 15, tzinfo=UTC))
    assert (view.next, view.who) == (
        "the quiet hours end, then: once the relay has accepted the instructions, the user is activated",
        "nobody",
    )


async def test_where_the_user_stands_and_where_his_workflow_is_seen(lived: SqlStore) -> None:
    view = await timeline(lived, "Ada@ACME.example", "acme")
    assert (view.user_id, view.org_id, view.zone, view.state) == ("ada", "acme", "Europe/Berlin", S.MIGRATED)
    assert view.workflow_id == "migration/acme/ada/1"
    assert view.workflow_page == "https://temporal.example/namespaces/default/workflows/migration%2Facme%2Fada%2F1"
    assert (await timeline(lived, ui=TemporalUi(None, "default"))).workflow_page is None


async def test_no_address_and_no_name_is_in_it(lived: SqlStore) -> None:
    shown = (await timeline(lived)).model_dump_json()
    assert [it for it in ("@acme", "User ada", digest_of("t1")) if it in shown] == []


async def test_a_live_link_says_until_when_and_an_outlived_one_when_it_ended(lived: SqlStore) -> None:
    async with lived.write() as uow:
        for number, (user_id, minutes) in enumerate((("bob", 60), ("eve", 60 - 7 * 24 * 60)), 10):
            await uow.users.put([builders.user(user_id)])
            await uow.migrations.add([builders.migration(user_id, state=S.AWAITING_PASSWORD, since=at(minutes))])
            ends = at(minutes) + timedelta(days=7)
            await uow.tokens.add(
                records.token(
                    f"t{number}", user_id=user_id, state=TokenState.LIVE, created_at=at(minutes), expires_at=ends
                )
            )
        await uow.commit()
    assert [it.text for it in (await timeline(lived, "bob")).lines if it.kind is Kind.LINK] == [
        "link 1: made; it works until 2026-11-09 10:00 UTC"
    ]
    assert [(it.at, it.text) for it in (await timeline(lived, "eve")).lines if it.kind is Kind.LINK] == [
        (at(60 - 7 * 24 * 60), "link 1: made; it worked until 2026-11-02 10:00 UTC"),
        (at(60), "link 1: has expired unused"),
    ]


async def test_all_generations_are_in_it(lived: SqlStore) -> None:
    async with lived.write() as uow:
        await uow.migrations.add([builders.migration("ada", generation=2, state=S.BLOCKED, since=at(200))])
        again = records.entry(
            "again", user_id="ada", generation=2, at=at(200), action="select", source=None, target=S.BLOCKED
        )
        await uow.journal.add([again])
        await uow.mails.queue([records.mail("m9", user_id="ada", generation=2, created_at=at(201))])
        await uow.commit()
    view = await timeline(lived)
    assert [it.generation for it in view.lines if it.kind is Kind.JOURNAL] == [1, 1, 1, 2]
    assert (view.lines[-1].text, view.lines[-1].generation) == (
        "mail instructions: queued; held by the organization's pause",
        2,
    )
    assert (view.state, view.workflow_id) == (S.BLOCKED, "migration/acme/ada/2")


async def test_of_several_organizations_the_one_named_is_told(lived: SqlStore) -> None:
    async with lived.write() as uow:
        await uow.organizations.put(builders.organization(org_id="globex"))
        await uow.migrations.add([builders.migration("ada", org_id="globex", state=S.EXPIRED, since=at(-900))])
        early = records.entry(
            "block", org_id="globex", user_id="ada", at=at(-950), action="block", source=None, target=S.BLOCKED
        )
        await uow.journal.add([early])
        await uow.commit()
    view = await timeline(lived, "ada", "globex")
    assert [(it.kind, it.text) for it in view.lines] == [
        (Kind.JOURNAL, "block"),
        (Kind.SESSION, "signed in"),
        (Kind.SESSION, "session of 2026-11-02 08:30 UTC ended"),
    ]
    assert (view.org_id, view.state) == ("globex", S.EXPIRED)
    with pytest.raises(NotFound, match="there is no organization of this id"):
        await timeline(lived, "ada", "initech")


async def test_a_user_without_a_migration_has_his_sign_ins_only(lived: SqlStore) -> None:
    async with lived.write() as uow:
        await uow.users.put([builders.user("guest")])
        await uow.sessions.add(Session("s9", "guest", digest_of("s9"), at(5)))
        await uow.commit()
    view = await timeline(lived, "guest")
    assert [it.text for it in view.lines] == ["signed in"]
    assert (view.state, view.workflow_id, view.workflow_page) == (None, None, None)
