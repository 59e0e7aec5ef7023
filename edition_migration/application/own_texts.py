"""Organizations' own texts of mails: kept after a check, shown, taken back. Used by `starter.py mails`.

A text is never changed: setting and undoing add revisions, so that a mail on its way finds the words it began with.
"""

from edition_migration.application.own_text_views import (
    KeptProblem,
    KeptProblemsView,
    OwnTextAnswer,
    OwnTextLine,
    OwnTextName,
    OwnTextOrder,
    OwnTextsView,
    OwnTextView,
    UndoOrder,
)
from edition_migration.application.queries import organization_named
from edition_migration.domain.errors import Conflict, InvalidInput
from edition_migration.domain.mail import MailKind
from edition_migration.domain.organization import Organization
from edition_migration.domain.own_texts import (
    OwnTextDraft,
    OwnTextResult,
    OwnTextRevision,
    check_name,
    check_own_text,
)
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store, UnitOfWork


class OwnTexts:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def show(self, org: str | None = None) -> OwnTextsView:
        """All texts that are or were the organization's own. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org)).org_id
            texts = tuple(_line(it) for it in await uow.own_texts.newest_of_all(org_id))
        return OwnTextsView(org_id=org_id, texts=texts)

    async def text(self, name: OwnTextName) -> OwnTextView:
        """One text in full. Raises NotFound, InvalidInput (no such mail or language)."""
        async with self._store.read() as uow:
            organization = await organization_named(uow, name.org)
            language = _language(organization, name)
            kind = check_name(name.kind, language)
            newest = await uow.own_texts.newest(organization.org_id, kind, language)
        return _view(organization.org_id, kind, language, newest)

    async def check(self, name: OwnTextName, subject: str, body: str) -> OwnTextDraft:
        """The text as it would be kept. Raises NotFound, and InvalidInput with every problem."""
        async with self._store.read() as uow:
            organization = await organization_named(uow, name.org)
        return check_own_text(name.kind, _language(organization, name), subject, body)

    async def check_kept(self, org: str | None = None) -> KeptProblemsView:
        """What kept texts break of today's rules; none where all are good. Raises NotFound."""
        async with self._store.read() as uow:
            org_id = (await organization_named(uow, org)).org_id
            texts = await uow.own_texts.newest_of_all(org_id)
        return KeptProblemsView(org_id=org_id, problems=tuple(it for text in texts for it in _problems(text)))

    async def set(self, order: OwnTextOrder) -> OwnTextAnswer:
        """Keeps a text, which holds from the next mail on.

        Raises NotFound, InvalidInput with every problem, Conflict where the command id was used for something else.
        """
        async with self._store.write() as uow:
            organization = await organization_named(uow, order.org)
            draft = check_own_text(order.kind, _language(organization, order), order.subject, order.body)
            await uow.organizations.hold(organization.org_id)
            first = await uow.own_texts.by_command(organization.org_id, order.command_id)
            if first is not None:
                return _first_answer(first, draft.kind, draft.language, (draft.subject, draft.body))
            newest = await uow.own_texts.newest(organization.org_id, draft.kind, draft.language)
            if newest is not None and (newest.subject, newest.body) == (draft.subject, draft.body):
                return _answer(newest, OwnTextResult.UNCHANGED)
            answer = await _add(uow, self._forth(organization.org_id, newest, draft, order))
            await uow.commit()
        return answer

    def _forth(
        self, org_id: str, newest: OwnTextRevision | None, draft: OwnTextDraft, order: OwnTextOrder
    ) -> OwnTextRevision:
        return OwnTextRevision(
            org_id=org_id,
            command_id=order.command_id,
            kind=draft.kind,
            language=draft.language,
            subject=draft.subject,
            body=draft.body,
            previous=newest.revision if newest is not None and newest.body is not None else None,
            result=OwnTextResult.SET,
            actor=order.actor,
            at=self._clock.now(),
        )

    async def undo(self, order: UndoOrder) -> OwnTextAnswer:
        """Goes back to the own text before this one, and from the first one to ours.

        Raises NotFound, InvalidInput, Conflict where the command id was used for something else.
        """
        async with self._store.write() as uow:
            organization = await organization_named(uow, order.org)
            language = _language(organization, order)
            kind = check_name(order.kind, language)
            await uow.organizations.hold(organization.org_id)
            first = await uow.own_texts.by_command(organization.org_id, order.command_id)
            if first is not None:
                return _first_answer(first, kind, language, None)
            newest = await uow.own_texts.newest(organization.org_id, kind, language)
            if newest is None or newest.body is None:
                holds = newest.revision if newest else 0
                unchanged = OwnTextResult.UNCHANGED
                return OwnTextAnswer(
                    org_id=organization.org_id, kind=kind, language=language, revision=holds, result=unchanged
                )
            answer = await _add(uow, await self._back(uow, newest, order))
            await uow.commit()
        return answer

    async def _back(self, uow: UnitOfWork, newest: OwnTextRevision, order: UndoOrder) -> OwnTextRevision:
        before = await uow.own_texts.get(newest.previous) if newest.previous is not None else None
        return OwnTextRevision(
            org_id=newest.org_id,
            command_id=order.command_id,
            kind=newest.kind,
            language=newest.language,
            subject=before.subject if before else None,
            body=before.body if before else None,
            previous=before.previous if before else None,
            result=OwnTextResult.RESTORED if before else OwnTextResult.OURS,
            actor=order.actor,
            at=self._clock.now(),
        )


def _language(organization: Organization, name: OwnTextName) -> str:
    return name.language or organization.settings.locale


async def _add(uow: UnitOfWork, text: OwnTextRevision) -> OwnTextAnswer:
    revision = await uow.own_texts.add(text)
    return OwnTextAnswer(
        org_id=text.org_id, kind=text.kind, language=text.language, revision=revision, result=text.result
    )


def _answer(text: OwnTextRevision, result: OwnTextResult) -> OwnTextAnswer:
    return OwnTextAnswer(
        org_id=text.org_id, kind=text.kind, language=text.language, revision=text.revision, result=result
    )


def _first_answer(
    first: OwnTextRevision, kind: MailKind, language: str, words: tuple[str, str] | None
) -> OwnTextAnswer:
    """`words` None: it was asked to undo. Raises Conflict where the first command was another."""
    was_set = first.result is OwnTextResult.SET
    is_same = was_set == (words is not None) and (words is None or words == (first.subject, first.body))
    if not is_same or (first.kind, first.language) != (kind, language):
        raise Conflict("this command id was used for another text", mend="leave the id out, or use a new one")
    return _answer(first, first.result)


def _line(text: OwnTextRevision) -> OwnTextLine:
    return OwnTextLine(
        kind=text.kind,
        language=text.language,
        is_own=text.body is not None,
        revision=text.revision,
        subject=text.subject or "",
        actor=text.actor,
        at=text.at,
    )


def _view(org_id: str, kind: MailKind, language: str, text: OwnTextRevision | None) -> OwnTextView:
    if text is None:
        return OwnTextView(org_id=org_id, kind=kind, language=language, is_own=False)
    return OwnTextView(org_id=org_id, body=text.body or "", **_line(text).model_dump())


def _problems(text: OwnTextRevision) -> list[KeptProblem]:
    if text.subject is None or text.body is None:
        return []
    try:
        check_own_text(text.kind, text.language, text.subject, text.body)
    except InvalidInput as refusal:
        return [
            KeptProblem(kind=text.kind, language=text.language, revision=text.revision, **problem._asdict())
            for problem in refusal.problems
        ]
    return []
