from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.journal import bar
from bench.plot import draw
from bench.report import report
from bench.timing import summary


def entry(title: str, peer: str, warm: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "peer": peer, "warm": warm, "cold_s": summary([1.0, 2.0])}


def compared(ms: float, slower: float) -> dict[str, Any]:
    return {"ms": summary([ms, ms * 1.1]), "same": True, "score": 0.9, "slower": slower}


def results() -> dict[str, Any]:
    contenders = {
        "menshen:basic": entry("Menshen, pack basic", "", {"webcam": compared(20, 1)}),
        "peer:fast": entry("Peer, fast", "peer", {"webcam": compared(150, 7.5)}),
        "peer:blind": entry("Peer, blind", "peer", {"webcam": {"error": "found no face"}}),
        "peer:gone": {"title": "Peer, gone", "peer": "peer", "warm": {}, "error": "no such file"},
    }
    bars = [
        bar("at most 40 ms", 20, "ms", reached=True),
        bar("at least 10 ×", 7.5, "×", reached=False, by="Peer, fast"),
        bar("never ran", None, "×", reached=False),
    ]
    return {
        "verification": {
            "pictures": {"webcam": "two webcam pictures"},
            "contenders": contenders,
            "bars": bars,
        }
    }


def test_bars_are_said_plainly(tmp_path: Path) -> None:
    page = report(results(), tmp_path / "r.json")
    assert "| at most 40 ms | 20 ms | reached |" in page
    assert "| at least 10 × (Peer, fast) | 7.5 × | **not reached** |" in page
    assert "| never ran | – | **not measured** |" in page


def test_a_peer_that_could_not_is_in_the_table_with_its_reason(tmp_path: Path) -> None:
    page = report(results(), tmp_path / "r.json")
    assert "| Peer, blind | (found no face) |" in page
    assert "| Peer, gone | (no such file) |" in page
    assert "| 7.5 | yes |" in page


def test_a_page_of_a_quick_run_says_that_it_is_worth_nothing(tmp_path: Path) -> None:
    measured = results()
    assert "worth nothing" not in report(measured, tmp_path / "r.json")
    measured["verification"]["quick"] = True
    assert "worth nothing" in report(measured, tmp_path / "r.json")


def test_parts_not_measured_are_left_out(tmp_path: Path) -> None:
    page = report(results(), tmp_path / "r.json")
    assert "## Two JPEG files to a decision" in page
    assert "## Runtimes" not in page


def test_tables_of_other_scripts_are_taken_in(tmp_path: Path) -> None:
    (tmp_path / "r-gallery.md").write_text("| a table |\n")
    page = report({}, tmp_path / "r.json")
    assert "## Gallery\n\n| a table |" in page
    assert "## Actors" not in page


def test_the_plot_is_drawn_and_the_same_every_time(tmp_path: Path) -> None:
    draw(results(), tmp_path / "plot")
    first = (tmp_path / "plot.svg").read_bytes()
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    draw(results(), tmp_path / "plot")
    assert (tmp_path / "plot.svg").read_bytes() == first
