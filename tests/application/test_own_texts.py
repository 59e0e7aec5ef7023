"""Organizations' own texts: kept, shown, taken back, and said by the mails that are sent from then on."""

import pytest

from edition_migration.application.own_text_views import (
    KeptProblem,
    OwnTextAnswer,
    OwnTextLine,
    OwnTextName,
    OwnTextOrder,
    UndoOrder,
)
from edition_migration.application.own_texts import OwnTexts
from edition_migration.domain.errors import Conflict, InvalidInput, NotFound
from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import OwnTextDraft, OwnTextResult, OwnTextRevision
from edition_migration.ports.store import Store
from tests.builders import NOW, organization
from tests.doubles import MovableClock

WELCOME = OwnTextName(kind="welcome", language="de")


@pytest.fixture
async def texts(store: Store) -> OwnTexts:
    async with store.write() as uow:
        await uow.organizations.put(organization(locale="de"))
        await uow.commit()
    return OwnTexts(store=store, clock=MovableClock())


def order(
    subject: str = "Willkommen", body: str = "Hallo %USERNAME%.", *, key: str = "c1", kind: str = "welcome"
) -> OwnTextOrder:
    return OwnTextOrder(kind=kind, language="de", subject=subject, body=body, actor="staff-1", command_id=key)


def undo(key: str) -> UndoOrder:
    return UndoOrder(kind="welcome", language="de", actor="staff-2", command_id=key)


async def body_of(texts: OwnTexts) -> str:
    return (await texts.text(WELCOME)).body


async def test_a_text_that_is_set_holds_and_is_shown_with_who_wrote_it(texts: OwnTexts) -> None:
    answer = await texts.set(order())
    assert (answer.org_id, answer.kind, answer.language, answer.result) == ("acme", "welcome", "de", OwnTextResult.SET)
    view = await texts.show()
    line = OwnTextLine(
        kind=MailKind.WELCOME,
        language="de",
        is_own=True,
        revision=answer.revision,
        subject="Willkommen",
        actor="staff-1",
        at=NOW,
    )
    assert view.texts == (line,)
    shown = await texts.text(WELCOME)
    assert (shown.is_own, shown.subject, shown.body) == (True, "Willkommen", "Hallo %USERNAME%.")


async def test_without_a_language_the_organizations_own_is_meant(texts: OwnTexts) -> None:
    await texts.set(order().model_copy(update={"language": None}))
    assert (await texts.text(OwnTextName(org="acme", kind="welcome"))).language == "de"
    assert (await texts.check(OwnTextName(kind="welcome"), "Hi", "Ho")).language == "de"


async def test_undo_goes_back_to_the_text_before_then_to_ours_and_then_changes_nothing(texts: OwnTexts) -> None:
    await texts.set(order(body="one", key="c1"))
    await texts.set(order(body="two", key="c2"))
    await texts.set(order(body="three", key="c3"))
    results = [(await texts.undo(undo(key))).result for key in ("u1", "u2")]
    assert (results, await body_of(texts)) == ([OwnTextResult.RESTORED, OwnTextResult.RESTORED], "one")
    assert (await texts.undo(undo("u3"))).result is OwnTextResult.OURS
    shown = await texts.text(WELCOME)
    assert (shown.is_own, shown.subject, shown.body, shown.actor) == (False, "", "", "staff-2")
    assert (await texts.undo(undo("u4"))).result is OwnTextResult.UNCHANGED


async def test_a_text_set_after_an_undo_goes_back_to_what_the_undo_had_restored(texts: OwnTexts) -> None:
    await texts.set(order(body="one", key="c1"))
    await texts.set(order(body="two", key="c2"))
    await texts.undo(undo("u1"))
    await texts.set(order(body="three", key="c3"))
    await texts.undo(undo("u2"))
    assert await body_of(texts) == "one"
    assert (await texts.undo(undo("u3"))).result is OwnTextResult.OURS


async def test_the_first_text_after_ours_goes_back_to_ours(texts: OwnTexts) -> None:
    await texts.set(order(body="one", key="c1"))
    await texts.undo(undo("u1"))
    await texts.set(order(body="two", key="c2"))
    assert (await texts.undo(undo("u2"))).result is OwnTextResult.OURS


async def test_the_same_text_again_changes_nothing(texts: OwnTexts) -> None:
    first = await texts.set(order(key="c1"))
    again = await texts.set(order(key="c2"))
    assert again == first.model_copy(update={"result": OwnTextResult.UNCHANGED})
    assert (await texts.undo(undo("u1"))).result is OwnTextResult.OURS


async def test_a_repeat_gets_the_first_answer_whatever_came_between(texts: OwnTexts) -> None:
    first = await texts.set(order(body="one", key="c1"))
    await texts.set(order(body="two", key="c2"))
    assert await texts.set(order(body="one", key="c1")) == first
    back = await texts.undo(undo("u1"))
    assert await texts.undo(undo("u1")) == back
    assert await body_of(texts) == "one"


@pytest.mark.parametrize("changed", [{"body": "two"}, {"subject": "Other"}, {"kind": "undone"}])
async def test_a_command_id_is_for_one_text(texts: OwnTexts, changed: dict[str, str]) -> None:
    await texts.set(order(body="one", key="c1"))
    with pytest.raises(Conflict, match="this command id was used for another text"):
        await texts.set(order(**{"body": "one", **changed}, key="c1"))
    with pytest.raises(Conflict):
        await texts.undo(undo("c1"))


async def test_a_bad_text_is_refused_and_nothing_is_kept(texts: OwnTexts) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await texts.set(order(body="<b>%NAME%</b>"))
    assert [problem.path for problem in refusal.value.problems] == ["body", "body"]
    assert (await texts.show()).texts == ()


async def test_a_check_keeps_nothing(texts: OwnTexts) -> None:
    assert await texts.check(WELCOME, "Hi", "Ho") == OwnTextDraft(MailKind.WELCOME, "de", "Hi", "Ho")
    assert (await texts.show()).texts == ()


async def test_unknown_organizations_and_mails_are_named(texts: OwnTexts) -> None:
    with pytest.raises(NotFound):
        await texts.show("acne")
    with pytest.raises(InvalidInput):
        await texts.text(OwnTextName(kind="wave_report"))
    assert (await texts.text(OwnTextName(kind="undone"))).is_own is False


async def test_kept_texts_are_checked_by_todays_rules(store: Store, texts: OwnTexts) -> None:
    await texts.set(order())
    assert (await texts.check_kept()).problems == ()
    async with store.write() as uow:
        old = OwnTextRevision(
            "acme", "old", MailKind.WELCOME, "en", "Hi", "See %OTHER%", None, OwnTextResult.SET, "staff-1", NOW
        )
        revision = await uow.own_texts.add(old)
        await uow.commit()
    assert (await texts.check_kept()).problems == (
        KeptProblem(
            kind=MailKind.WELCOME,
            language="en",
            revision=revision,
            path="body",
            reason="names %OTHER%, which nobody knows",
            mend="use %USERNAME%, %CLIENTDOWNLOADURL%, or remove it",
        ),
    )


async def test_one_organizations_texts_are_no_others(store: Store, texts: OwnTexts) -> None:
    async with store.write() as uow:
        await uow.organizations.put(organization(org_id="other"))
        await uow.commit()
    answer = await texts.set(order().model_copy(update={"org": "acme"}))
    assert isinstance(answer, OwnTextAnswer)
    assert (await texts.show("other")).texts == ()
    assert (await texts.set(order().model_copy(update={"org": "other"}))).result is OwnTextResult.SET
