"""What a quality says: usable or not, its weight, its tips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces.quality.records import SMALLEST_WEIGHT, Component, Quality


def component(
    name: str,
    value: int,
    *,
    critical: bool = False,
    weighs: bool = False,
    tip: str | None = None,
) -> Component:
    return Component(
        name=name,
        value=value,
        measure=1.0,
        unit="",
        clause="",
        tip_en=tip or f"do {name}",
        tip_zh=f"请{tip or name}",
        label_en=name.title(),
        label_zh=f"标签{name}",
        critical=critical,
        weighs=weighs,
    )


def names(quality: Quality, *, limit: int) -> list[str]:
    return [c.name for c in quality.tips(limit=limit)]


def test_tips_name_poor_components_critical_first_then_worst() -> None:
    quality = Quality(
        (
            component("mouth", 5),
            component("dark", 40, critical=True),
            component("blur", 20, critical=True),
            component("fine", 70, critical=True),
        ),
        20,
    )
    assert names(quality, limit=9) == ["blur", "dark", "mouth"]
    assert names(quality, limit=2) == ["blur", "dark"]
    assert names(quality, limit=0) == []


def test_a_good_picture_needs_no_tip() -> None:
    assert Quality((component("blur", 70),), 70).tips() == ()


def test_the_same_tip_is_given_once() -> None:
    quality = Quality((component("a", 30, tip="light"), component("b", 10, tip="light")), 10)
    assert names(quality, limit=5) == ["b"]


@pytest.mark.parametrize(("overall", "usable"), [(0, False), (29, False), (30, True), (100, True)])
def test_usable_from_thirty(overall: int, usable: bool) -> None:
    assert Quality((), overall).usable is usable


def test_weight_is_the_geometric_mean_of_what_weighs() -> None:
    quality = Quality(
        (
            component("a", 100, weighs=True),
            component("b", 25, weighs=True),
            component("company", 0, critical=True),
        ),
        0,
    )
    assert quality.weight == pytest.approx(0.5)


@given(st.lists(st.integers(0, 100), max_size=8))
def test_weight_is_never_zero_so_that_samples_can_always_be_averaged(values: list[int]) -> None:
    quality = Quality(tuple(component(str(v), v, weighs=True) for v in values), 0)
    assert SMALLEST_WEIGHT <= quality.weight <= 1


def test_component_by_name() -> None:
    quality = Quality((component("a", 1), component("b", 2)), 1)
    assert quality.component("b").value == 2
    with pytest.raises(KeyError, match="nose"):
        quality.component("nose")


def test_words_in_both_languages() -> None:
    one = component("blur", 1)
    assert (one.tip("en"), one.label("en")) == ("do blur", "Blur")
    assert (one.tip("zh"), one.label("zh")) == ("请blur", "标签blur")
