from __future__ import annotations

import re

import pytest

from menshen.errors import MenshenError
from menshen.platform import problems
from menshen.platform.problem_table import PROBLEMS

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def all_errors(root: type[MenshenError] = MenshenError) -> list[type[MenshenError]]:
    below = [found for child in root.__subclasses__() for found in all_errors(child)]
    return [root, *below]


SHARED = [e for e in all_errors() if e.__module__ == "menshen.errors" and e is not MenshenError]
HTTP = all_errors(problems.HttpError)


@pytest.mark.parametrize("error", [*SHARED, *HTTP], ids=lambda error: error.code)
def test_every_shared_error_is_in_the_table(error: type[MenshenError]) -> None:
    assert error.code in PROBLEMS


@pytest.mark.parametrize("error", SHARED, ids=lambda error: error.code)
def test_the_advice_is_the_errors_own(error: type[MenshenError]) -> None:
    own, listed = error.advice, PROBLEMS[error.code].advice.en
    # On the command line the reader is the operator; over HTTP somebody else is.
    assert listed == own or error.code == "model-file-invalid"


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_kind_is_complete_in_both_languages(code: str) -> None:
    kind = PROBLEMS[code]
    assert re.fullmatch(r"[a-z][a-z-]+[a-z]", code)
    assert 400 <= kind.status < 600
    for words in (kind.title, kind.advice):
        assert words.en
        assert not CHINESE.search(words.en)
        assert CHINESE.search(words.zh)
    assert kind.advice.en.endswith(".")
    assert kind.advice.zh.endswith("。")


def test_the_codes_are_promises() -> None:
    assert sorted(PROBLEMS) == [
        "calibration-unsupported",
        "face-not-found",
        "face-not-single",
        "face-not-upright",
        "face-too-small",
        "face-turned-away",
        "face-unusable",
        "host-not-allowed",
        "internal-error",
        "key-invalid",
        "key-missing",
        "media-type-unsupported",
        "method-not-allowed",
        "model-file-invalid",
        "not-found",
        "not-ready",
        "overloaded",
        "picture-animated",
        "picture-cmyk",
        "picture-dimensions",
        "picture-empty",
        "picture-format-unsupported",
        "picture-sixteen-bit",
        "picture-too-many-bytes",
        "picture-truncated",
        "picture-unusable",
        "rate-limited",
        "request-invalid",
        "request-too-large",
        "request-too-slow",
        "scope-missing",
        "session-expired",
        "template-contract-mismatch",
        "work-too-slow",
    ]
