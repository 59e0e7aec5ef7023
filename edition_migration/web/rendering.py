"""Our own pages: Jinja2 templates with escaping on and undefined names refused, and the one style sheet."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_FOLDER = Path(__file__).parent / "pages"


class Pages:
    def __init__(self) -> None:
        self._style = (_FOLDER / "style.css").read_bytes()
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # A changed style sheet has another address, so it may be kept for long.
        self._style_version = sha256(self._style).hexdigest()[:12]

    def render(
        self,
        name: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        page = self._templates.get_template(name).render(values, style_version=self._style_version)
        return HTMLResponse(page, status_code=status, headers=headers)

    async def style(self, request: Request) -> Response:
        """`GET /assets/style.css`"""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=604800"})
