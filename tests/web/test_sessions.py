from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from menshen.platform.problems import SessionExpiredError
from menshen.web.sessions import COOKIE, LIFETIME_SECONDS, SCOPES, PageSessions


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> PageSessions:
    return PageSessions(clock=clock)


def request(cookie: str | None, token: str | None, *, site: str | None = None) -> Request:
    headers = []
    if cookie is not None:
        headers.append((b"cookie", f"{COOKIE}={cookie}".encode()))
    if token is not None:
        headers.append((b"x-menshen-page", token.encode()))
    if site is not None:
        headers.append((b"sec-fetch-site", site.encode()))
    return Request({"type": "http", "headers": headers})


def test_a_page_just_sent_may_ask(sessions: PageSessions) -> None:
    cookie = sessions.new_cookie()
    for site in (None, "same-origin"):
        caller = sessions.caller(request(cookie, sessions.token(cookie), site=site))
        assert caller is not None
        assert (caller.kind, caller.scopes) == ("page", SCOPES)


def test_who_does_not_claim_to_be_the_page_is_left_alone(sessions: PageSessions) -> None:
    assert sessions.caller(request(None, None)) is None
    assert sessions.caller(request(sessions.new_cookie(), None)) is None


def test_both_halves_are_needed_and_must_fit(sessions: PageSessions) -> None:
    cookie, other = sessions.new_cookie(), sessions.new_cookie()
    for pair in (
        (None, sessions.token(cookie)),
        (cookie, ""),
        (cookie, sessions.token(other)),
        (other, sessions.token(cookie)),
        (cookie + "x", sessions.token(cookie)),
        ("", sessions.token("")),
        ("a.b.c", sessions.token("a.b.c")),
    ):
        with pytest.raises(SessionExpiredError):
            sessions.caller(request(*pair))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_is_refused(sessions: PageSessions, site: str) -> None:
    cookie = sessions.new_cookie()
    with pytest.raises(SessionExpiredError):
        sessions.caller(request(cookie, sessions.token(cookie), site=site))


def test_a_session_ends(sessions: PageSessions, clock: Clock) -> None:
    cookie = sessions.new_cookie()
    clock.now += LIFETIME_SECONDS - 1
    assert sessions.caller(request(cookie, sessions.token(cookie)))
    clock.now += 1
    with pytest.raises(SessionExpiredError):
        sessions.caller(request(cookie, sessions.token(cookie)))


def test_its_end_cannot_be_moved(sessions: PageSessions) -> None:
    end, rest = sessions.new_cookie().split(".", 1)
    moved = f"{int(end) + 9999}.{rest}"
    with pytest.raises(SessionExpiredError):
        sessions.caller(request(moved, sessions.token(moved)))


def test_another_process_does_not_know_it(sessions: PageSessions, clock: Clock) -> None:
    cookie = sessions.new_cookie()
    with pytest.raises(SessionExpiredError):
        PageSessions(clock=clock).caller(request(cookie, sessions.token(cookie)))


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_locked_down(sessions: PageSessions, secure: bool) -> None:
    response = Response()
    sessions.attach(response, sessions.new_cookie(), secure=secure)
    header = response.headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=strict" in header
    assert "path=/" in header
    assert f"max-age={LIFETIME_SECONDS}" in header
    assert ("secure" in header) is secure
