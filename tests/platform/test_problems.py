from __future__ import annotations

import json

import pytest

from menshen.errors import EmptyPictureError, MenshenError, NoFaceError
from menshen.platform.problems import (
    RateLimitedError,
    problem_body,
    problem_named,
    problem_of,
    problem_response,
)


class StrangeError(MenshenError):
    code = "something-nobody-listed"


def test_a_problem_in_english() -> None:
    body = problem_body(problem_of(NoFaceError("no face was found")), language="en")
    assert body == {
        "type": "/problems/face-not-found",
        "code": "face-not-found",
        "title": "No face was found",
        "status": 422,
        "detail": "no face was found",
        "advice": "Show one whole face, upright, in good light.",
    }


def test_a_problem_in_chinese_is_chinese_throughout() -> None:
    body = problem_body(problem_of(NoFaceError("no face was found")), language="zh")
    assert body["title"] == body["detail"] == "未找到人脸"
    assert body["advice"] == "请在良好光线下露出完整、端正的脸。"
    assert body["code"] == "face-not-found"


@pytest.mark.parametrize(("index", "name"), [(0, "a"), (1, "b")])
def test_the_picture_at_fault_is_named(index: int, name: str) -> None:
    error = EmptyPictureError("the picture is empty")
    error.index = index
    assert problem_body(problem_of(error), language="en")["picture"] == name


def test_an_unlisted_error_keeps_its_words_to_itself() -> None:
    body = problem_body(problem_of(StrangeError("the path /srv/private")), language="en")
    assert body["code"] == "internal-error"
    assert body["status"] == 500
    assert "private" not in json.dumps(body)


def test_an_error_without_words_gets_the_title() -> None:
    assert problem_of(NoFaceError()).detail.en == "No face was found"


def test_headers_travel_along() -> None:
    problem = problem_of(RateLimitedError("too many", headers={"Retry-After": "7"}))
    response = problem_response(problem, language="zh")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-language"] == "zh"
    assert response.headers["cache-control"] == "no-store"
    assert "Accept-Language" in response.headers["vary"]


def test_the_instance_finds_the_log_entry() -> None:
    body = problem_body(problem_named("internal-error", instance="urn:uuid:1"), language="en")
    assert body["instance"] == "urn:uuid:1"


def test_chinese_is_written_as_such() -> None:
    response = problem_response(problem_named("not-found"), language="zh")
    assert "此处没有内容".encode() in bytes(response.body)
