"""The pages people read: the try-it page, its samples, and what each problem means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from menshen import __version__
from menshen.platform.languages import Language, negotiate
from menshen.platform.problem_table import PROBLEMS
from menshen.platform.settings import Settings
from menshen.web.sessions import PageSessions

HERE = Path(__file__).parent
HTML_LANG = {"en": "en", "zh": "zh-Hans"}
MOST_SAMPLES = 24
PAGE_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
Words = dict[str, str]


class Pages:
    """Templates and translations, read once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.words = {language: _words(language) for language in settings.languages}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def language(self, request: Request) -> Language:
        """Return the language asked for: by the address, else by the browser."""
        asked = request.query_params.get("lang")
        for language in self._settings.languages:
            if asked == language:
                return language
        header = request.headers.get("accept-language", "")
        return negotiate(header, offered=self._settings.languages)

    def render(self, request: Request, name: str, **facts: Any) -> HTMLResponse:
        """Return the template ``name`` in the reader's language."""
        language = self.language(request)
        text = self._templates.get_template(name).render(
            language=language,
            html_lang=HTML_LANG,
            languages=self._settings.languages,
            words=self.words[language],
            version=__version__,
            **facts,
        )
        return HTMLResponse(text, headers=PAGE_HEADERS | {"Content-Language": HTML_LANG[language]})


def add_pages(app: FastAPI, *, settings: Settings, sessions: PageSessions) -> None:
    """Add all pages and what they load."""
    pages = Pages(settings)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    _add_problem_pages(app, pages)
    if settings.try_it_page:
        _add_try_it(app, pages, settings=settings, sessions=sessions)
        _add_samples(app, settings)
    else:
        _add_closed(app, pages)


def _add_try_it(app: FastAPI, pages: Pages, *, settings: Settings, sessions: PageSessions) -> None:
    @app.get("/", include_in_schema=False)
    def try_it(request: Request) -> Response:
        cookie = sessions.new_cookie()
        response = pages.render(
            request,
            "try_it.html",
            token=sessions.token(cookie),
            every_word=pages.words,
            samples=samples(settings.samples_dir),
        )
        sessions.attach(response, cookie, secure=request.url.scheme == "https")
        return response


def _add_closed(app: FastAPI, pages: Pages) -> None:
    @app.get("/", include_in_schema=False)
    def closed(request: Request) -> Response:
        return pages.render(request, "closed.html")


def _add_samples(app: FastAPI, settings: Settings) -> None:
    @app.get("/samples/{name}", include_in_schema=False)
    def sample(name: str) -> Response:
        for path in sample_files(settings.samples_dir):
            if path.name == name:
                return FileResponse(path, media_type="image/png")
        raise HTTPException(404)


def _add_problem_pages(app: FastAPI, pages: Pages) -> None:
    @app.get("/problems", include_in_schema=False)
    def problems(request: Request) -> Response:
        return pages.render(request, "problems.html", kinds=list(PROBLEMS.values()))

    @app.get("/problems/{code}", include_in_schema=False)
    def problem(request: Request, code: str) -> Response:
        if code not in PROBLEMS:
            raise HTTPException(404)
        return pages.render(request, "problems.html", kinds=[PROBLEMS[code]])


def sample_files(folder: Path | None) -> list[Path]:
    """Return the sample pictures, by name."""
    return sorted(folder.glob("*.png"))[:MOST_SAMPLES] if folder else []


def samples(folder: Path | None) -> list[dict[str, str]]:
    """Return what the page needs to offer the samples.

    A file is named after its actor and a number, ``mei-2.png``: pictures of one name are of
    one actor.
    """
    return [
        {"url": f"/samples/{quote(path.name)}", "actor": path.stem.rpartition("-")[0] or path.stem}
        for path in sample_files(folder)
    ]


def _words(language: Language) -> Words:
    path = HERE / "translations" / f"{language}.json"
    words: Words = json.loads(path.read_text("utf-8"))
    return words
