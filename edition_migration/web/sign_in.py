"""`POST /v1/sign-in` {"email", "password", "client_version"}: the gate that a client asks before it lets a user in.

The answer is `{"result": ...}` with

- 200 `signed_in` and `session_token`;
- 401 `wrong_credentials`, and nothing else, for whoever does not know the account's password;
- 403 `deactivated` with the organization's `message` and `help_url`, `client_too_old` with `download_url`, or
  `password_not_chosen`.

Refused before that: 400 no JSON, 413, 415, 422 (schema, by path), 429 and 503 with Retry-After. `client_version` may be
null; unknown counts as old.
"""

from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edition_migration.application.sign_in import OutdatedHash, SignInAnswer
from edition_migration.domain.errors import EditionMigrationError, InvalidInput
from edition_migration.domain.gate import SignInResult
from edition_migration.domain.metrics import SIGN_INS
from edition_migration.domain.validation import problems_of
from edition_migration.ports.metrics import Meter
from edition_migration.web.bodies import parse_json, read_body, require_type
from edition_migration.web.limits import Limiter, address_of
from edition_migration.web.ringing import Ringer
from edition_migration.web.services import Gate, WebLimits

BODY_LIMIT = 8 * 1024

STATUS = {
    SignInResult.SIGNED_IN: HTTPStatus.OK,
    SignInResult.WRONG_CREDENTIALS: HTTPStatus.UNAUTHORIZED,
    SignInResult.DEACTIVATED: HTTPStatus.FORBIDDEN,
    SignInResult.CLIENT_TOO_OLD: HTTPStatus.FORBIDDEN,
    SignInResult.PASSWORD_NOT_CHOSEN: HTTPStatus.FORBIDDEN,
}


class SignInRequest(BaseModel):
    """Texts only: an array of addresses is refused, not searched for the first that fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: StrictStr = Field(min_length=1, max_length=320)
    password: StrictStr = Field(min_length=1, max_length=1024, repr=False)
    client_version: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}$")] | None = None


class SignInEndpoint:
    def __init__(self, *, gate: Gate, ringer: Ringer, limiter: Limiter, limits: WebLimits, meter: Meter) -> None:
        self._gate = gate
        self._ringer = ringer
        self._limiter = limiter
        self._limits = limits
        self._meter = meter

    async def attempt(self, request: Request) -> Response:
        """`POST /v1/sign-in`"""
        await self._limiter.admit(self._limits.sign_in_by_address, "sign-in", address_of(request))
        require_type(request, "application/json")
        given = _validated(parse_json(await read_body(request, BODY_LIMIT)))
        await self._limiter.admit(self._limits.sign_in_by_account, "account", given.email.strip().casefold())
        answer = await self._gate.attempt(given.email, given.password, given.client_version)
        self._meter.count(SIGN_INS, result=answer.result)
        background = BackgroundTask(self._after, answer)
        return JSONResponse(_body(answer), STATUS[answer.result], background=background)

    async def _after(self, answer: SignInAnswer) -> None:
        """What the client need not wait for: a stronger hash, or the ring for a guest who was detected."""
        if answer.outdated is not None:
            await self._strengthen(answer.outdated)
        if answer.result is SignInResult.DEACTIVATED:
            await self._ringer.ring()

    async def _strengthen(self, outdated: OutdatedHash) -> None:
        try:
            await self._gate.strengthen(outdated)
        except EditionMigrationError as error:
            if not error.retryable:
                raise


def _validated(document: object) -> SignInRequest:
    try:
        return SignInRequest.model_validate(document)
    except ValidationError as error:
        raise InvalidInput("the sign-in breaks its schema", problems=problems_of(error)) from None


def _body(answer: SignInAnswer) -> dict[str, str]:
    match answer.result:
        case SignInResult.SIGNED_IN:
            details = {"session_token": answer.session_token or ""}
        case SignInResult.DEACTIVATED:
            details = {"message": answer.message, "help_url": answer.help_url}
        case SignInResult.CLIENT_TOO_OLD:
            details = {"download_url": answer.download_url}
        case _:
            details = {}
    return {"result": answer.result, **details}
