"""Our own pages: Jinja2 templates with escaping on and undefined names refused, each language's words, the style sheet.

Words stand in `pages/` in English and in `catalogs/<language>.po` in other languages.
"""

from collections.abc import Mapping
from gettext import NullTranslations
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edition_migration.catalogs import load_catalogs, teach
from edition_migration.domain.sentences import Sentence
from edition_migration.web.languages import language_wanted

_FOLDER = Path(__file__).parent / "pages"
_CATALOGS = Path(__file__).parent / "catalogs"


class Pages:
    def __init__(self) -> None:
        self._style = (_FOLDER / "style.css").read_bytes()
        self._templates = {language: _templates(words) for language, words in load_catalogs(_CATALOGS).items()}
        # A changed style sheet has another address, so it may be kept for long.
        self._style_version = sha256(self._style).hexdigest()[:12]

    def render(
        self,
        request: Request,
        name: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """The page in the language that the visitor's browser asks for."""
        language = language_wanted(request)
        template = self._templates[language].get_template(name)
        page = template.render(values, language=language, style_version=self._style_version)
        told = {**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"}
        return HTMLResponse(page, status_code=status, headers=told)

    async def style(self, request: Request) -> Response:
        """`GET /assets/style.css`"""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=604800"})


def _templates(words: NullTranslations) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def said(sentence: Sentence) -> str:
        return sentence.said(words.gettext)

    teach(templates, words)
    templates.filters["said"] = said
    return templates
