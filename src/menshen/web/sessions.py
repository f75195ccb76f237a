"""The try-it page's own session: proof that a request comes from a page this server just sent.

Two halves, both needed: a cookie no script can read and no other site can make the browser send
(HttpOnly, SameSite=Strict), and a token from the page's body in a header no form can set. Both
are made with a secret that lives as long as the process, so nothing is stored.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from menshen.platform.api_keys import Scope
from menshen.platform.callers import Caller
from menshen.platform.problems import SessionExpiredError

COOKIE = "menshen_page"
HEADER = "x-menshen-page"
LIFETIME_SECONDS = 1800
SCOPES = frozenset({Scope.COMPARE, Scope.INSPECT, Scope.MODELS})


class PageSessions:
    """Makes and checks the sessions of one process. ``clock`` returns seconds since 1970."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock

    def open(self, response: Response, *, secure: bool) -> None:
        """Set a fresh session's cookie on ``response``."""
        self.attach(response, self.new_cookie(), secure=secure)

    def new_cookie(self) -> str:
        """Return the value of a fresh session's cookie: end, random number, seal."""
        end = int(self._clock()) + LIFETIME_SECONDS
        body = f"{end}.{secrets.token_urlsafe(16)}"
        return f"{body}.{self._seal('cookie', body)}"

    def attach(self, response: Response, cookie: str, *, secure: bool) -> None:
        """Set ``cookie`` on ``response``."""
        samesite: Literal["strict"] = "strict"
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=LIFETIME_SECONDS,
            path="/",
            secure=secure,
            httponly=True,
            samesite=samesite,
        )

    def token(self, cookie: str) -> str:
        """Return the token that belongs to this cookie, for the page's body."""
        return self._seal("token", cookie)

    def caller(self, request: Request) -> Caller | None:
        """Return the page as caller, or None when the request does not claim to be from it.

        Raises SessionExpiredError when it claims so and is not, or no longer.
        """
        token = request.headers.get(HEADER)
        if token is None:
            return None
        cookie = request.cookies.get(COOKIE, "")
        if not (self._is_live(cookie) and _same(token, self.token(cookie)) and _same_site(request)):
            raise SessionExpiredError("the page's session is over, or not of this server")
        return Caller("page", "page", SCOPES)

    def _is_live(self, cookie: str) -> bool:
        body, _, seal = cookie.rpartition(".")
        end = body.partition(".")[0]
        genuine = _same(seal, self._seal("cookie", body))
        return genuine and end.isdecimal() and int(end) > self._clock()

    def _seal(self, purpose: str, text: str) -> str:
        return hmac.digest(self._secret, f"{purpose}:{text}".encode(), "sha256").hex()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _same_site(request: Request) -> bool:
    # Fetch metadata is a third lock where the browser sends it; old browsers do not.
    return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
