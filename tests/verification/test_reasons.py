from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.verification import reasons


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (1e-3, "1 in 1,000"),
        (1e-5, "1 in 100,000"),
        (1.234e-4, "1 in 8,100"),
        (0.3, "1 in 3"),
        (1, "most"),
    ],
)
def test_odds_are_rounded_for_people(rate: float, words: str) -> None:
    assert reasons.odds(rate) == words


@given(st.floats(1e-9, 1))
def test_odds_always_read_as_odds(rate: float) -> None:
    assert reasons.odds(rate).startswith("1 in ") or rate >= 0.5


@given(st.floats(1e-9, 1))
def test_a_refusal_reads_as_a_sentence(rate: float) -> None:
    assert "1 in 1 " not in reasons.no_match(rate).text_en
    assert "most pairs" in reasons.no_match(max(rate, 0.5)).text_en


def test_every_reason_speaks_both_languages() -> None:
    said = [
        reasons.match(1e-3),
        reasons.no_match(0.2),
        reasons.near_threshold(),
        reasons.low_quality("a"),
        reasons.low_quality("b"),
        reasons.uncalibrated(),
        reasons.other_policy(1e-2, "accept"),
        reasons.better_picture("b", "More light", "光线更亮一些"),
    ]
    assert len({reason.code for reason in said}) == len(said)
    for reason in said:
        assert reason.text_en != reason.text_zh
