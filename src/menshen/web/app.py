"""The application, put together: routers, middleware, error handlers, and nothing of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from menshen import __version__
from menshen.errors import MenshenError
from menshen.platform.api_keys import KeyStore
from menshen.platform.callers import Doorkeeper, no_page
from menshen.platform.logs import log_failure
from menshen.platform.problem_docs import SCHEMA, ProblemMessage
from menshen.platform.problems import (
    Problem,
    RequestInvalidError,
    problem_named,
    problem_of,
    problem_response,
)
from menshen.platform.rate_limits import RateLimits
from menshen.platform.settings import Settings
from menshen.platform.telemetry import Telemetry
from menshen.platform.workers import Workers
from menshen.verification.compare import Verifier
from menshen.verification.opening import open_verifier
from menshen.verification.routes import Desk, verification_routes
from menshen.web.middleware import REQUEST_ID, Guarded, Observed, language_of
from menshen.web.pages import add_pages
from menshen.web.sessions import COOKIE, PageSessions
from menshen.web.system import system_routes
from menshen.web.verifiers import VerifierSource

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
STATUS_CODES = {404: "not-found", 405: "method-not-allowed", 413: "request-too-large"}
OPERATORS = frozenset({"internal-error", "model-file-invalid"})
"""Problems that only the operator can mend, so the log must say more than the client hears."""
DESCRIPTION = """Face verification that says what its scores mean.

Pictures are compared in memory and forgotten. Every operation under `/v1` needs an API key, made
with `menshen keys create`. Errors are problem details (RFC 9457) in English or Simplified
Chinese, by `Accept-Language`."""


def create_app(settings: Settings, *, verifier: Verifier | None = None) -> FastAPI:
    """Return the server's application.

    Without ``verifier`` the pack named in ``settings`` is loaded in the background when the
    application starts; until then the operations answer ``not-ready``.
    """
    source = VerifierSource(partial(_load, settings), ready=verifier)
    sessions = PageSessions()
    desk = _desk(settings, source, sessions)
    app = FastAPI(
        title="Menshen",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan(source, desk.workers),
        docs_url=None,  # both documentation pages load scripts from other people's servers
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(verification_routes(desk))
    app.include_router(system_routes(desk, source))
    add_pages(app, settings=settings, sessions=sessions)
    _add_error_handlers(app, desk.telemetry)
    app.add_middleware(Guarded, is_allowed=_host_rule(settings))
    app.add_middleware(Observed, telemetry=desk.telemetry)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _load(settings: Settings) -> Verifier:
    verifier = open_verifier(settings=settings)
    verifier.engine.load()
    return verifier


def _desk(settings: Settings, source: VerifierSource, sessions: PageSessions) -> Desk:
    limits = RateLimits(key_rate=settings.key_rate, address_rate=settings.address_rate)
    page = sessions.caller if settings.try_it_page else no_page
    return Desk(
        settings=settings,
        verifier=source.get,
        workers=Workers(
            threads=settings.workers, queue=settings.queue, seconds=settings.work_seconds
        ),
        telemetry=Telemetry(),
        doorkeeper=Doorkeeper(KeyStore(settings.keys_file), limits=limits, page=page),
    )


def _lifespan(
    source: VerifierSource, workers: Workers
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        source.start()
        yield
        workers.close()

    return lifespan


def _host_rule(settings: Settings) -> Callable[[str], bool]:
    names = frozenset(name.lower() for name in settings.allowed_hosts)
    if not names and settings.on_loopback:
        names = LOOPBACK_NAMES
    return names.__contains__ if names else (lambda _: True)


def _add_error_handlers(app: FastAPI, telemetry: Telemetry) -> None:
    def answer(request: Request, problem: Problem) -> Response:
        telemetry.count_problem(problem.kind.code)
        return problem_response(_located(problem, request), language=language_of(request.scope))

    def on_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, MenshenError)  # noqa: S101 - what it is registered for
        problem = problem_of(error)
        if problem.kind.code in OPERATORS:
            log_failure(error, request=request.scope[REQUEST_ID])
        return answer(request, problem)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        code = STATUS_CODES.get(error.status_code, "request-invalid")
        return answer(request, problem_named(code, headers=dict(error.headers or {})))

    def on_invalid(request: Request, _: Exception) -> Response:
        # The library's own words quote what was sent; ours do not.
        return answer(request, problem_of(RequestInvalidError("a parameter is not valid")))

    app.add_exception_handler(MenshenError, on_error)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)


def _located(problem: Problem, request: Request) -> Problem:
    return Problem(
        kind=problem.kind,
        detail=problem.detail,
        instance=f"urn:uuid:{request.scope[REQUEST_ID]}",
        headers=problem.headers,
        members=problem.members,
    )


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            license_info=app.license_info,
            routes=app.routes,
        )
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})[SCHEMA] = ProblemMessage.model_json_schema()
        components["securitySchemes"] = _security_schemes()
        app.openapi_schema = document
    return app.openapi_schema


def _security_schemes() -> dict[str, Any]:
    page = "The server's own try-it page; needs the header X-Menshen-Page too."
    return {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "`menshen keys create`"},
        "page": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": page},
    }
