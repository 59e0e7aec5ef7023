"""Protection of the page's forms against requests made by other sites: signed double submit, and where it came from.

The page's form carries a signature over a random cookie that other sites can neither read nor have sent along
(HttpOnly, SameSite=Strict). Our Referrer-Policy makes browsers send `Origin: null`, so Sec-Fetch-Site comes first.
"""

import secrets
from dataclasses import dataclass

from itsdangerous import Signer
from starlette.requests import Request
from starlette.responses import Response

from edition_migration.web.services import WebSettings


@dataclass(frozen=True, slots=True)
class Ticket:
    """The cookie's value, whether the browser has it yet, and the form's signature over it."""

    cookie: str
    is_new: bool
    signature: str


class Csrf:
    def __init__(self, settings: WebSettings) -> None:
        self._signer = Signer(settings.csrf_secret, salt="password-page-form")
        self._origin = settings.origin
        self._is_https = settings.is_https
        # The prefix makes browsers refuse the cookie from a sub-domain or over plain HTTP.
        self.cookie_name = "__Host-form" if settings.is_https else "form"

    def ticket(self, request: Request) -> Ticket:
        """For the next form: the browser's own cookie, or a new one."""
        present = request.cookies.get(self.cookie_name, "")
        cookie = present or secrets.token_urlsafe(32)
        return Ticket(cookie, not present, self._signer.get_signature(cookie).decode())

    def keep(self, response: Response, ticket: Ticket) -> None:
        """Gives a new cookie to the browser; ends with the browser's session."""
        if ticket.is_new:
            response.set_cookie(
                self.cookie_name, ticket.cookie, path="/", secure=self._is_https, httponly=True, samesite="strict"
            )

    def is_genuine(self, request: Request, signature: str) -> bool:
        """Whether the form was ours: sent by our own page, with the signature of the browser's own cookie."""
        cookie = request.cookies.get(self.cookie_name, "")
        if not cookie or not signature.isascii() or not self._is_same_origin(request):
            return False
        return self._signer.verify_signature(cookie, signature)

    def _is_same_origin(self, request: Request) -> bool:
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        origin = request.headers.get("origin", "null").lower()
        return origin in ("null", self._origin)
