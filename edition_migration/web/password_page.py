"""The page where the user chooses a password: `/password/{token}`. Works without JavaScript.

GET and HEAD show the form and spend nothing. POST uses the link. `POST /password/{token}/new-link` answers everyone
the same. A link that cannot be used is answered with one page and status 410, whatever the reason.
"""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from edition_migration.application.credentials import ChoiceResult, PasswordForm
from edition_migration.domain.passwords import Failure
from edition_migration.domain.sentences import Sentence
from edition_migration.web.bodies import FORM_TYPE, parse_form, read_body, require_type
from edition_migration.web.csrf import Csrf, Ticket
from edition_migration.web.limits import Limiter, address_of
from edition_migration.web.rendering import Pages
from edition_migration.web.ringing import Ringer
from edition_migration.web.services import PasswordChoice, WebLimits

FORM_LIMIT = 8 * 1024
STALE_FORM = Sentence(
    "The form could not be confirmed as yours, perhaps because it was open for long. Please send it again."
)
NOT_THE_SAME = Sentence("The two entries are not the same.")


@dataclass(frozen=True, slots=True)
class _Problem:
    """A line of the summary, linked to its field."""

    field: str
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    label: Sentence
    sentences: tuple[Sentence, ...]
    hint: str = ""

    @property
    def described_by(self) -> str:
        errors = [f"{self.name}-error-{number}" for number in range(1, len(self.sentences) + 1)]
        return " ".join([*errors, self.hint or "rules"])


class PasswordPage:
    def __init__(
        self,
        *,
        credentials: PasswordChoice,
        ringer: Ringer,
        csrf: Csrf,
        limiter: Limiter,
        limits: WebLimits,
        pages: Pages,
    ) -> None:
        self._credentials = credentials
        self._ringer = ringer
        self._csrf = csrf
        self._limiter = limiter
        self._limits = limits
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """`GET /password/{token}`"""
        await self._limiter.admit(self._limits.page_by_address, "page", address_of(request))
        form = await self._credentials.form(_token(request))
        return self._form(request, form) if form else self._unusable(request)

    async def choose(self, request: Request) -> Response:
        """`POST /password/{token}` with `csrf`, `password` and `password_again`."""
        await self._limiter.admit(self._limits.page_by_address, "page", address_of(request))
        await self._limiter.admit(self._limits.choice_by_link, "choice", _token(request))
        fields = await _fields(request)
        password = fields.get("password", "")
        is_genuine = self._csrf.is_genuine(request, fields.get("csrf", ""))
        if not is_genuine or password != fields.get("password_again"):
            return await self._again(request, is_genuine)
        choice = await self._credentials.choose(_token(request), password)
        if choice.result is ChoiceResult.UNUSABLE or choice.form is None:
            return self._unusable(request)
        if choice.result is ChoiceResult.REFUSED:
            return self._form(request, choice.form, _problems(choice.failures), HTTPStatus.UNPROCESSABLE_ENTITY)
        done = self._pages.render(
            request, "done.html", organization_name=choice.form.organization_name, download_url=choice.download_url
        )
        done.background = BackgroundTask(self._ringer.ring)
        return done

    async def request_new_link(self, request: Request) -> Response:
        """`POST /password/{token}/new-link` with `csrf`: the same answer for everyone."""
        await self._limiter.admit(self._limits.new_link_by_address, "new-link", address_of(request))
        fields = await _fields(request)
        if not self._csrf.is_genuine(request, fields.get("csrf", "")):
            return self._unusable(request, STALE_FORM, HTTPStatus.FORBIDDEN)
        await self._credentials.request_new_link(_token(request))
        answer = self._pages.render(request, "requested.html")
        answer.background = BackgroundTask(self._ringer.ring)
        return answer

    async def _again(self, request: Request, is_genuine: bool) -> Response:
        """The form once more, for what is wrong before the password itself is looked at."""
        form = await self._credentials.form(_token(request))
        if form is None:
            return self._unusable(request)
        if is_genuine:
            problem = _Problem("password_again", NOT_THE_SAME)
            return self._form(request, form, (problem,), HTTPStatus.UNPROCESSABLE_ENTITY)
        return self._form(request, form, (_Problem("password", STALE_FORM),), HTTPStatus.FORBIDDEN)

    def _form(
        self,
        request: Request,
        form: PasswordForm,
        problems: tuple[_Problem, ...] = (),
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        ticket = self._csrf.ticket(request)
        page = self._pages.render(
            request,
            "form.html",
            status=status,
            form=form,
            problems=problems,
            fields=_inputs(problems),
            csrf=ticket.signature,
        )
        return self._with_cookie(page, ticket)

    def _unusable(
        self, request: Request, notice: Sentence | None = None, status: HTTPStatus = HTTPStatus.GONE
    ) -> Response:
        ticket = self._csrf.ticket(request)
        path = f"/password/{quote(_token(request), safe='')}/new-link"
        page = self._pages.render(
            request, "link.html", status=status, notice=notice, new_link_path=path, csrf=ticket.signature
        )
        return self._with_cookie(page, ticket)

    def _with_cookie(self, page: Response, ticket: Ticket) -> Response:
        self._csrf.keep(page, ticket)
        return page


def _token(request: Request) -> str:
    return request.path_params["token"]


async def _fields(request: Request) -> dict[str, str]:
    require_type(request, FORM_TYPE)
    return parse_form(await read_body(request, FORM_LIMIT))


def _problems(failures: tuple[Failure, ...]) -> tuple[_Problem, ...]:
    return tuple(_Problem("password", failure.sentence) for failure in failures)


def _inputs(problems: tuple[_Problem, ...]) -> tuple[_Field, ...]:
    def sentences(name: str) -> tuple[Sentence, ...]:
        return tuple(problem.sentence for problem in problems if problem.field == name)

    return (
        _Field("password", Sentence("New password"), sentences("password")),
        _Field("password_again", Sentence("The same password again"), sentences("password_again")),
    )
