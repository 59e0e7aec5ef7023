"""Refusals of the HTTP interface in one form: `Refusal` is raised, and answered as JSON under /v1 or as a page.

The JSON is `{"error": code, "message": text, "problems": [{"path", "reason", "mend"}]}`; `problems` where some are.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edition_migration.domain.errors import Busy, Conflict, EditionMigrationError, InvalidInput, Problem
from edition_migration.domain.sentences import Sentence
from edition_migration.web.rendering import Pages

RETRY_SECONDS = 5
"""What a sender or a browser should wait when the service, not the request, is the reason."""

API_PREFIX = "/v1/"

_OF_THE_ROUTER = {
    HTTPStatus.NOT_FOUND: Sentence("There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: Sentence("This address does not answer that method."),
}
_TITLES = {
    HTTPStatus.BAD_REQUEST: Sentence("Bad Request"),
    HTTPStatus.NOT_FOUND: Sentence("Not Found"),
    HTTPStatus.METHOD_NOT_ALLOWED: Sentence("Method Not Allowed"),
    HTTPStatus.REQUEST_TIMEOUT: Sentence("Request Timeout"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Sentence("Request Entity Too Large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Sentence("Unsupported Media Type"),
    HTTPStatus.TOO_MANY_REQUESTS: Sentence("Too Many Requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: Sentence("Internal Server Error"),
    HTTPStatus.SERVICE_UNAVAILABLE: Sentence("Service Unavailable"),
}
"""Of pages; what is not here is met by programs only."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


class Refusal(Exception):
    """A request that is not served: HTTP status, stable code, and a text without anything that was sent."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: Sentence | str,
        *,
        problems: tuple[Problem, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(str(message))
        self.sentence = message if isinstance(message, Sentence) else Sentence(message)
        self.status = status
        self.code = code
        self.message = str(message)
        self.problems = problems
        self.retry_after = retry_after


def refusal_of(error: Exception) -> Refusal:
    """The refusal for what a use case or the router raised; what nobody expects is a plain 500."""
    match error:
        case Refusal():
            return error
        case InvalidInput():
            return Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY, error.code, "The input breaks its schema.", problems=error.problems
            )
        case Conflict():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.message)
        case EditionMigrationError() if error.retryable or isinstance(error, Busy):
            message = Sentence("The service cannot answer at the moment. Try again in some seconds.")
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.code, message, retry_after=RETRY_SECONDS)
        case HTTPException():
            status = HTTPStatus(error.status_code)
            return Refusal(status, status.name.lower(), _OF_THE_ROUTER.get(status, f"{status.phrase}."))
        case _:
            message = Sentence("Something went wrong on our side.")
            return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)


def handlers(pages: Pages) -> dict[type[Exception], Handler]:
    """Exception handlers for the application."""

    async def answer(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error)
        headers = _headers(refusal, error)
        if request.url.path.startswith(API_PREFIX):
            return JSONResponse(_body(refusal), refusal.status, headers)
        title = _TITLES.get(refusal.status, Sentence(refusal.status.phrase))
        told = {"title": title, "sentence": refusal.sentence}
        return pages.render(request, "error.html", status=refusal.status, headers=headers, **told)

    return dict.fromkeys((Refusal, EditionMigrationError, HTTPException, Exception), answer)


def _headers(refusal: Refusal, error: Exception) -> dict[str, str]:
    given: Mapping[str, str] = (error.headers or {}) if isinstance(error, HTTPException) else {}
    headers = dict(given)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return headers


def _body(refusal: Refusal) -> dict[str, object]:
    body: dict[str, object] = {"error": refusal.code, "message": refusal.message}
    if refusal.problems:
        body["problems"] = [problem._asdict() for problem in refusal.problems]
    return body
