from __future__ import annotations

from pathlib import Path

import pytest
from bench.journal import bar, cpu_model, load, path, record, slug

X86 = """processor\t: 0
cpu family\t: 26
model\t\t: 2
model name\t: AMD EPYC

processor\t: 1
model name\t: another
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AMD EPYC (family 26, model 2)", "amd-epyc"),
        ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "intel-xeon-platinum-8481c-cpu-2-70ghz"),
        ("  ", ""),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_the_processor_is_named_with_its_family(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(X86)
    assert cpu_model(str(tmp_path / "cpuinfo")) == "AMD EPYC (family 26, model 2)"
    (tmp_path / "arm").write_text("processor\t: 0\nBogoMIPS\t: 50\n")
    assert cpu_model(str(tmp_path / "arm")) == "unknown processor"


def test_parts_are_added_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATE", "2026-11-22")
    assert path(tmp_path).name.startswith("2026-11-22-")
    record("memory", {"peak": 1}, folder=tmp_path)
    record("machine", {"name": "门神"}, folder=tmp_path)
    file = record("memory", {"peak": 2}, folder=tmp_path)
    assert load(file) == {"memory": {"peak": 2}, "machine": {"name": "门神"}}
    assert "门神" in file.read_text()


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == {}


def test_a_bar_says_what_was_measured() -> None:
    found = bar("at most 3 s", 3.1, "s", reached=False, by="basic")
    assert found == {
        "bar": "at most 3 s", "measured": 3.1, "unit": "s", "reached": False, "by": "basic"
    }  # fmt: skip
