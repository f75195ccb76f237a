"""Scales and kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.faces.quality.kinds import Kind, Tip, decaying, falling, rising

KIND = Kind("sharpness", 0x49, "share", Tip("Sharpness", "清晰度"), critical=True)
TIP = Tip("Hold still", "请保持不动")
numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers)
def test_scales_are_monotone_and_bounded(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= rising(low, middle=3, width=2) <= rising(high, middle=3, width=2) <= 100
    assert 100 >= falling(low, middle=3, width=2) >= falling(high, middle=3, width=2) >= 0


def test_anchors() -> None:
    assert rising(5, middle=5, width=1) == 50
    assert rising(6, middle=5, width=1) == pytest.approx(73.1, abs=0.1)
    assert falling(6, middle=5, width=1) == pytest.approx(26.9, abs=0.1)
    assert decaying(0, width=1) == 100
    assert decaying(1, width=1) == pytest.approx(53.8, abs=0.1)
    assert decaying(2, width=1) == pytest.approx(23.8, abs=0.1)


@given(st.floats(-1e9, 1e9))
def test_values_are_whole_and_within_0_and_100(value: float) -> None:
    rated = KIND.rate(value, measure=1, tip=TIP).value
    assert isinstance(rated, int)
    assert 0 <= rated <= 100


def test_a_component_carries_its_kind() -> None:
    component = KIND.rate(42.4, measure=0.5, tip=TIP)
    assert component.name == "sharpness"
    assert (component.value, component.measure, component.unit) == (42, 0.5, "share")
    assert component.clause == "ISO/IEC 29794-5:2025, component name as in OFIQ (0x49)"
    assert (component.tip("en"), component.tip("zh")) == ("Hold still", "请保持不动")
    assert component.critical
    assert not component.weighs
