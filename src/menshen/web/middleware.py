"""What surrounds every request: an identifier, a count, a log line, safe headers, a safety net."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from menshen.platform.languages import Language, negotiate
from menshen.platform.logs import log_fault, log_request
from menshen.platform.problems import problem_named, problem_response
from menshen.platform.telemetry import Telemetry

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_ID = "menshen.request_id"


class Observed:
    """Outermost: names the request, counts and logs its answer, turns a crash into a problem."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = request_id = str(uuid.uuid4())
        answer = _Answer(send, request_id)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            log_fault(error, request=request_id)
            if answer.status == 0:
                await _apologise(scope, receive, answer, self._telemetry)
        finally:
            self._tell(scope, answer.status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], route_of(scope)
        self._telemetry.count_request(method=method, route=route, status=status, seconds=seconds)
        request_id = scope[REQUEST_ID]
        log_request(method=method, route=route, status=status, seconds=seconds, request=request_id)


class Guarded:
    """Adds the security headers, and answers only to the host names it is known by."""

    def __init__(self, app: ASGIApp, *, is_allowed: Callable[[str], bool]) -> None:
        self._app = app
        self._is_allowed = is_allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if self._is_allowed(host_name(Headers(scope=scope).get("host", ""))):
            await self._app(scope, receive, with_headers)
        else:
            refusal = problem_named("host-not-allowed")
            response = problem_response(refusal, language=language_of(scope))
            await response(scope, receive, with_headers)


class _Answer:
    """Watches what is sent."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message)["X-Request-Id"] = self._request_id
        await self._send(message)


async def _apologise(scope: Scope, receive: Receive, answer: _Answer, telemetry: Telemetry) -> None:
    telemetry.count_problem("internal-error")
    problem = problem_named("internal-error", instance=f"urn:uuid:{scope[REQUEST_ID]}")
    response = problem_response(problem, language=language_of(scope))
    response.headers.update(SECURITY_HEADERS)
    await response(scope, receive, answer.send)


def route_of(scope: Scope) -> str:
    """Return the route as declared, such as ``/problems/{code}``; empty when none matched."""
    return str(getattr(scope.get("route"), "path", ""))


def language_of(scope: Scope) -> Language:
    """Return the reader's language."""
    return negotiate(Headers(scope=scope).get("accept-language", ""))


def host_name(header: str) -> str:
    """Return the name in a Host header, without the port, in lower case."""
    name = header.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]
