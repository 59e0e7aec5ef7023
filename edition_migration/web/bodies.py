"""Reading request bodies: bounded in size and time, of one media type, and strict about what they hold.

Starlette's own limit answers in a form of its own and its form parser takes what is repeated; both matter here.
"""

import asyncio
import json
from http import HTTPStatus
from typing import NoReturn, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from edition_migration.domain.sentences import Sentence
from edition_migration.web.problems import Refusal

Value = TypeVar("Value")

READ_SECONDS = 15.0
FORM_TYPE = "application/x-www-form-urlencoded"
_MAXIMUM_FIELDS = 10


def require_type(request: Request, media_type: str) -> None:
    """Raises a 415 unless the body is declared as `media_type`; parameters such as charset are tolerated."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        message = Sentence("The body must be sent as %(media_type)s.", {"media_type": media_type})
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises a 413 above `limit` bytes, before reading where the length is declared; 408 when slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    _too_large(limit)
                chunks.append(chunk)
    except (TimeoutError, ClientDisconnect) as error:
        message = Sentence("The body did not arrive in time.")
        raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", message) from error
    return b"".join(chunks)


def parse_json(body: bytes) -> object:
    """The document. Raises a 400 for what is no JSON (RFC 8259): NaN, a name given twice, a lone surrogate too."""
    try:
        document: object = json.loads(body, object_pairs_hook=_once_each, parse_constant=_no_number)
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        message = "The body is no valid JSON document in UTF-8."
        raise Refusal(HTTPStatus.BAD_REQUEST, "malformed_json", message) from error
    return document


def parse_form(body: bytes) -> dict[str, str]:
    """Fields by name. Raises a 400 where the form is malformed or gives a field twice."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAXIMUM_FIELDS)
        return _once_each(pairs)
    except ValueError as error:
        message = Sentence("The form could not be read.")
        raise Refusal(HTTPStatus.BAD_REQUEST, "malformed_form", message) from error


def _once_each(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name is given twice")
    return fields


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _too_large(limit: int) -> NoReturn:
    message = Sentence("The body is larger than %(limit)s KiB.", {"limit": limit // 1024})
    raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content_too_large", message)
