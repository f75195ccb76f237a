from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from menshen.cli import liveness
from menshen.cli.presentations import ClipUnreadableError, Judged, Source
from menshen.liveness.records import SignalResult


def judged(source: Source) -> Judged:
    """Judge by the file's name: who is called fake is one."""
    if "broken" in source.path.name:
        return Judged(source, error=ClipUnreadableError("broken"))
    if "empty" in source.path.name:
        return Judged(source, 1, (SignalResult("screen-print", None, "no-face"),))
    score = 0.0625 if "fake" in source.path.name else 0.9375
    code = "raster-seen" if "fake" in source.path.name else "no-raster"
    return Judged(source, 1, (SignalResult("screen-print", score, code, {"moire": score}),))


@pytest.fixture(autouse=True)
def judging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here needs a model."""

    def judge_all(sources: list[Source], **_: Any) -> Iterator[Judged]:
        return map(judged, sources)

    monkeypatch.setattr(liveness, "judge_all", judge_all)
    monkeypatch.setattr(liveness, "_engine", lambda pack: None)
    monkeypatch.setattr(liveness, "_learned", lambda: None)


def files(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [str(folder / name) for name in names]


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(liveness.app, ["evaluate", *words])
    assert result.exit_code == status, result.output
    return str(result.stdout)


def test_scores_and_reasons_are_told(tmp_path: Path) -> None:
    words = run("--frames", *files(tmp_path, "anna.jpg", "fake.jpg"), status=1)
    assert "anna.jpg" in words
    for word in ("screen-print", "0.94", "no-raster", "0.06", "raster-seen"):
        assert word in words
    assert "BPCER" not in words


@pytest.mark.parametrize(
    ("name", "status"), [("anna.jpg", 0), ("fake.jpg", 1), ("empty.jpg", 1), ("broken.jpg", 2)]
)
def test_exit_status(tmp_path: Path, name: str, status: int) -> None:
    run("--frames", *files(tmp_path, name), status=status)


def test_one_unreadable_file_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    words = run("--frames", *files(tmp_path, "broken.jpg", "anna.jpg"), status=2)
    assert "clip-unreadable" in words
    assert "no-raster" in words


def test_clips_come_by_their_own_option(tmp_path: Path) -> None:
    a, b = files(tmp_path, "a.mp4", "b.jpg")
    data = json.loads(run("--video", a, "--frames", b, "--json"))
    assert [(f["kind"], Path(f["file"]).name) for f in data["files"]] == [
        ("picture", "b.jpg"),
        ("clip", "a.mp4"),
    ]


def test_json_has_everything(tmp_path: Path) -> None:
    data = json.loads(
        run("--frames", *files(tmp_path, "fake.jpg", "broken.jpg"), "--json", status=2)
    )
    fake, broken = data["files"]
    assert (data["signals"], data["rates"]) == (["screen-print"], {})
    assert fake["signals"] == [
        {
            "signal": "screen-print",
            "score": 0.0625,
            "code": "raster-seen",
            "evidence": {"moire": 0.0625},
        }
    ]
    assert (fake["live"], fake["label"], fake["frames"]) == (False, None, 1)
    assert (broken["live"], broken["signals"]) == (None, [])
    assert broken["error"]["code"] == "clip-unreadable"


def labelled(folder: Path) -> str:
    files(folder, *(f"live/{i}.jpg" for i in range(9)), "live/fake.jpg", "live/empty.jpg")
    files(folder, *(f"spoof/print/fake-{i}.jpg" for i in range(4)), "spoof/print/good.jpg")
    files(folder, "spoof/replay/fake.jpg")
    return str(folder)


def test_labels_give_error_rates_with_intervals(tmp_path: Path) -> None:
    data = json.loads(run("--frames", labelled(tmp_path), "--json"))
    rates = data["rates"]["screen-print"]
    assert rates["bpcer"] == {
        "rate": 0.1,
        "low": pytest.approx(0.0025, abs=1e-4),
        "high": pytest.approx(0.4450, abs=1e-4),
        "errors": 1,
        "trials": 10,
        "unanswered": 1,
    }
    assert sorted(rates["apcer"]) == ["print", "replay"]
    assert (rates["apcer"]["print"]["errors"], rates["apcer"]["print"]["trials"]) == (1, 5)


def test_error_rates_as_a_table(tmp_path: Path) -> None:
    words = run("--frames", labelled(tmp_path))
    for word in (
        "BPCER",
        "APCER print",
        "APCER replay",
        "1/10",
        "10.0",
        "0.3 - 44.5",
        "live/0.jpg",
    ):
        assert word in words
    assert "frames of one person are not" in words


def test_only_attacks_give_no_bpcer(tmp_path: Path) -> None:
    files(tmp_path, "spoof/fake.jpg")
    data = json.loads(run("--frames", str(tmp_path), "--json"))
    assert data["rates"]["screen-print"]["bpcer"] is None
    assert data["rates"]["screen-print"]["apcer"]["spoof"]["errors"] == 0


def test_nothing_named_and_nothing_found(tmp_path: Path) -> None:
    assert json.loads(run("--json", status=2))["error"]["code"] == "nothing-to-judge"
    code = json.loads(run("--frames", str(tmp_path), "--json", status=2))["error"]["code"]
    assert code == "nothing-to-judge"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    words = run("--video", str(tmp_path / "gone.mp4"), "--json", status=2)
    assert json.loads(words)["error"]["code"] == "file-unreadable"


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    assert "[red]x.jpg" in run("--frames", *files(tmp_path, "[red]x.jpg"))
