"""Errors as a client sees them: problem details, application/problem+json (RFC 9457).

Every problem has a ``type`` that is a page of this very server, a stable ``code``, a title,
a detail and an advice in the reader's language. The words live in ``problem_table``.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

from starlette.responses import Response

from menshen.errors import MenshenError
from menshen.platform.languages import Language, Words
from menshen.platform.problem_table import PROBLEMS, ProblemKind

MEDIA_TYPE = "application/problem+json"


class HttpError(MenshenError):
    """A request that the HTTP floor itself refuses."""

    code: ClassVar[str] = "request-invalid"

    def __init__(self, detail: str = "", *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.headers = headers or {}


class RequestInvalidError(HttpError):
    """The request is not what the operation asks for."""

    code = "request-invalid"


class RequestTooLargeError(HttpError):
    """The body is longer than the limit."""

    code = "request-too-large"


class RequestTooSlowError(HttpError):
    """The body did not arrive in time."""

    code = "request-too-slow"


class MediaTypeError(HttpError):
    """The body is not multipart/form-data."""

    code = "media-type-unsupported"


class KeyMissingError(HttpError):
    """No credentials."""

    code = "key-missing"


class KeyInvalidError(HttpError):
    """Credentials that are not, or no longer, valid."""

    code = "key-invalid"


class SessionExpiredError(HttpError):
    """The try-it page's session has ended, or the request does not come from the page."""

    code = "session-expired"


class ScopeMissingError(HttpError):
    """The key is valid and may not do this."""

    code = "scope-missing"


class RateLimitedError(HttpError):
    """Too many requests."""

    code = "rate-limited"


class OverloadedError(HttpError):
    """All threads are busy and the queue is full."""

    code = "overloaded"


class WorkTooSlowError(HttpError):
    """The answer was not ready in time."""

    code = "work-too-slow"


class NotReadyError(HttpError):
    """The models are not loaded, yet or at all."""

    code = "not-ready"


class HostNotAllowedError(HttpError):
    """The Host header names a host this server does not answer to."""

    code = "host-not-allowed"


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One problem, ready to be written. ``members`` are extension members (RFC 9457, 3.2)."""

    kind: ProblemKind
    detail: Words
    instance: str = ""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    members: dict[str, Any] = dataclasses.field(default_factory=dict)


def problem_of(error: MenshenError) -> Problem:
    """Return the problem that tells of ``error``; an unlisted code is the server's own fault.

    The detail is the error's own sentence, which by convention carries no personal datum;
    in Chinese, where errors have no sentence of their own, it is the title.
    """
    kind = PROBLEMS.get(error.code, PROBLEMS["internal-error"])
    listed = kind.code == error.code
    detail = Words(str(error) or kind.title.en, kind.title.zh) if listed else kind.title
    headers = dict(getattr(error, "headers", {}))
    index = getattr(error, "index", None)
    members = {} if index is None else {"picture": "ab"[index]}
    return Problem(kind, detail, headers=headers, members=members)


def problem_named(
    code: str, *, instance: str = "", headers: dict[str, str] | None = None
) -> Problem:
    """Return the problem ``code`` without any particulars."""
    kind = PROBLEMS[code]
    return Problem(kind, kind.title, instance=instance, headers=headers or {})


def problem_body(problem: Problem, *, language: Language) -> dict[str, Any]:
    """Return the members of the problem document, in the order a person reads them."""
    kind = problem.kind
    body = {
        "type": f"/problems/{kind.code}",
        "code": kind.code,
        "title": kind.title.into(language),
        "status": kind.status,
        "detail": problem.detail.into(language),
        "advice": kind.advice.into(language),
    }
    instance = {"instance": problem.instance} if problem.instance else {}
    return body | instance | problem.members


def problem_response(problem: Problem, *, language: Language) -> Response:
    """Return the problem as an HTTP response."""
    text = json.dumps(problem_body(problem, language=language), ensure_ascii=False)
    headers = {"Content-Language": language, "Vary": "Accept-Language", "Cache-Control": "no-store"}
    return Response(
        text,
        status_code=problem.kind.status,
        headers=headers | problem.headers,
        media_type=MEDIA_TYPE,
    )
