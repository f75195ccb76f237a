from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.platform.languages import LANGUAGES, Language, Words, negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("ZH", "zh"),
        ("de,fr;q=0.9", "en"),
        ("de, zh;q=0.3, en;q=0.2", "zh"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nan, en;q=0.1", "en"),
        ("zh;q=7, en;q=0.1", "en"),
        ("zh;q=x", "en"),
        (";;;,,,=;q=", "en"),
    ],
)
def test_the_best_liked_language_wins(header: str, language: Language) -> None:
    assert negotiate(header) == language


def test_an_offer_limits_the_choice() -> None:
    assert negotiate("en", offered=("zh",)) == "zh"
    assert negotiate("fr", offered=("zh", "en")) == "zh"


@given(st.text(max_size=2000))
def test_no_header_breaks_it(header: str) -> None:
    assert negotiate(header) in LANGUAGES


def test_words_in_each_language() -> None:
    words = Words("door", "门")
    assert (words.into("en"), words.into("zh")) == ("door", "门")
