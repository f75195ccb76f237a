from __future__ import annotations

import cv2
import numpy as np
import pytest

from menshen.cli.det_plot import HIGHEST, TICKS, Curve, draw
from menshen.faces.evaluation import ErrorRates, error_rates


def rates(genuine: int = 200, impostor: int = 2000, gap: float = 3.0) -> ErrorRates:
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(gap, 1, genuine), rng.normal(0, 1, impostor)])
    return error_rates(scores, np.arange(genuine + impostor) < genuine)


def test_both_files_are_what_they_say() -> None:
    files = draw([Curve("raw score", rates())], title="A title")
    picture = cv2.imdecode(np.frombuffer(files["png"], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.std() > 5
    text = files["svg"].decode()
    for words in ("A title", "False match rate (FMR)", "False non-match rate (FNMR)", "raw score"):
        assert words in text


def test_the_number_of_pairs_stands_in_the_legend() -> None:
    assert "(200 / 2,000)" in draw([Curve("raw score", rates())], title="t")["svg"].decode()


def test_the_same_curves_give_the_same_bytes() -> None:
    curves = [Curve("raw score", rates()), Curve("group x", rates(gap=2), faint=True)]
    assert draw(curves, title="t") == draw(curves, title="t")


@pytest.mark.parametrize("label", ["group $x^2", "group _hidden", "group 海淀", "group <b>&"])
def test_any_label_is_drawn_as_it_is(label: str) -> None:
    files = draw([Curve(label, rates())], title="t")
    escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert escaped in files["svg"].decode()


@pytest.mark.parametrize(("genuine", "impostor", "gap"), [(1, 1, 1.0), (5, 5, 100.0), (5, 5, -9.0)])
def test_few_pairs_and_perfect_or_hopeless_scores(genuine: int, impostor: int, gap: float) -> None:
    assert draw([Curve("raw score", rates(genuine, impostor, gap))], title="t")["png"]


def test_ticks_rise_to_the_end_of_the_axis() -> None:
    assert list(TICKS) == sorted(TICKS)
    assert TICKS[-1] == HIGHEST
