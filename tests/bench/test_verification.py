from __future__ import annotations

from typing import Any

from bench.timing import summary
from bench.verification import REFERENCE, bars, contenders, failed, ratios


def entry(title: str, peer: str, slower: float | None, ms: float = 30) -> dict[str, Any]:
    found: dict[str, Any] = {"error": "no face"}
    if slower is not None:
        found = {"ms": summary([ms]), "same": True, "score": 1.0, "slower": slower}
    return {"title": title, "peer": peer, "warm": {"webcam": found}}


def report(ms: float = 30) -> dict[str, dict[str, Any]]:
    return {
        REFERENCE: entry("Menshen", "", 1, ms),
        "other": entry("Menshen, other pack", "", 0.5),
        "a:fast": entry("A, fast", "a", 9.9),
        "a:slow": entry("A, slow", "a", 30),
        "b:blind": entry("B, blind", "b", None),
        "b:slow": entry("B, slow", "b", 12),
        "c:gone": {"title": "C", "peer": "c", "warm": {}, "error": "not installed"},
    }


def test_the_fastest_setting_of_each_peer_counts() -> None:
    _, a, b, c = bars(report(), ["webcam"])
    assert (a["measured"], a["reached"], a["by"]) == (9.9, False, "A, fast")
    assert (b["measured"], b["reached"]) == (12, True)
    assert (c["measured"], c["reached"]) == (None, False)


def test_a_bar_names_the_settings_that_failed() -> None:
    assert bars(report(), ["webcam"])[2]["by"] == "B, slow; B, blind failed"
    assert failed(report(), "c", "webcam") == ["C failed"]


def test_time_of_two_webcam_pictures() -> None:
    assert bars(report(39.9), ["webcam"])[0]["reached"]
    assert not bars(report(40.1), ["webcam"])[0]["reached"]


def test_ratios_leave_out_those_who_could_not() -> None:
    assert set(ratios(report(), "webcam")) == {REFERENCE, "other", "a:fast", "a:slow", "b:slow"}
    assert ratios(report(), "portrait") == {}


def test_dlib_from_source_is_asked_for_only() -> None:
    usual = contenders(source_dlib=False)
    both = contenders(source_dlib=True)
    assert len(both) == len(usual) + 2
    assert len({c.key for c in both}) == len(both)
    assert REFERENCE in {c.key for c in usual}
