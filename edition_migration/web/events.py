"""`POST /v1/events`: one provisioning event, CloudEvents 1.0 in structured mode, signed as Standard Webhooks say.

202 new, 200 repeated, always after the event is on disk; the ring comes after the answer. 401 without a good signature
of the last five minutes over the raw body, 400 no JSON, 413 above 256 KiB, 415 another media type, 422 schema (by path)
or the same id with another body, 503 with Retry-After while the store cannot take it.
"""

from http import HTTPStatus

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edition_migration.ports.store_events import Received
from edition_migration.web.bodies import parse_json, read_body, require_type
from edition_migration.web.problems import Refusal
from edition_migration.web.ringing import Ringer
from edition_migration.web.services import EventIntake

BODY_LIMIT = 256 * 1024
MEDIA_TYPE = "application/cloudevents+json"
SIGNATURE_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class EventEndpoint:
    """`secrets` are all that a sender may sign with at present."""

    def __init__(self, *, intake: EventIntake, ringer: Ringer, secrets: tuple[str, ...]) -> None:
        self._intake = intake
        self._ringer = ringer
        self._webhooks = tuple(Webhook(secret) for secret in secrets)

    async def receive(self, request: Request) -> Response:
        """`POST /v1/events`"""
        require_type(request, MEDIA_TYPE)
        body = await read_body(request, BODY_LIMIT)
        self._require_signature(body, request.headers)
        receipt = await self._intake.receive(parse_json(body))
        is_new = receipt.outcome is Received.NEW
        status = HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK
        answer = {"event_id": receipt.event_id, "result": receipt.outcome}
        return JSONResponse(answer, status, background=BackgroundTask(self._ringer.ring))

    def _require_signature(self, body: bytes, headers: Headers) -> None:
        given = {name: headers.get(name, "") for name in SIGNATURE_HEADERS}
        if not any(_is_signed(webhook, body, given) for webhook in self._webhooks):
            message = "The signature is missing, wrong or older than five minutes. Sign the raw body anew."
            raise Refusal(HTTPStatus.UNAUTHORIZED, "bad_signature", message)


def _is_signed(webhook: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    """The library raises ValueError of several kinds for what it cannot even decode."""
    try:
        webhook.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True
