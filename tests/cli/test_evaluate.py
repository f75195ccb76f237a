from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from menshen.actors import Pose, cast, render
from menshen.cli.evaluate import evaluate, work_folder
from menshen.faces.calibration import CalibrationTable
from menshen.faces.models.pack import Pack

pytestmark = pytest.mark.models

app = typer.Typer()
app.command()(evaluate)

PEOPLE = 6
POSES = (Pose(), Pose(yaw=6, smile=0.2))


def save(path: Path, pixels: np.ndarray) -> None:
    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    assert ok
    path.write_bytes(encoded.tobytes())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for actor in cast()[:PEOPLE]:
        for number, pose in enumerate(POSES):
            save(folder / f"{actor.seed}-{number}.jpg", render(actor, pose=pose))
    save(folder / "nobody.jpg", np.full((240, 320, 3), 90, np.uint8))
    return folder


@pytest.fixture
def pairs(pictures: Path, tmp_path: Path) -> Path:
    names = sorted(path.name for path in pictures.glob("*-*.jpg"))
    rows = [
        (a, b, int(a.split("-")[0] == b.split("-")[0]), "all")
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    rows += [("nobody.jpg", names[0], 0, "all"), ("absent.jpg", names[0], 0, "")]
    file = tmp_path / "pairs.csv"
    with file.open("w", newline="") as text:
        csv.writer(text).writerows([("path1", "path2", "same", "group"), *rows])
    return file


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["--pack", "basic", *map(str, arguments)])


def test_a_whole_evaluation(pairs: Path, pictures: Path, tmp_path: Path, basic_pack: Pack) -> None:
    out = tmp_path / "out"
    result = run(pairs, "--root", pictures, "--out", out, "--json", "--cohort", pictures)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads((out / "evaluation.json").read_text())
    assert (found["pack"], found["contract"]) == ("basic", basic_pack.contract)
    assert found["raw"]["genuine_pairs"] == PEOPLE
    assert found["raw"]["impostor_pairs"] == PEOPLE * (PEOPLE - 1) * 2
    assert found["cohort"] == f"{2 * PEOPLE} people given as a cohort"
    codes = {Path(f["picture"]).name: f["code"] for f in found["acquisition"]["failures"]}
    assert codes == {"nobody.jpg": "face-not-found", "absent.jpg": "picture-missing"}
    assert found["acquisition"]["pairs_left_out"] == 2
    assert [group["name"] for group in found["groups"]] == ["all"]
    assert (out / "det.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (out / "det.svg").read_bytes()
    table = CalibrationTable.parse((out / "calibration.csv").read_text())
    assert table.impostor_pairs[0] == found["raw"]["impostor_pairs"]
    assert "face-not-found" in (out / "failures.csv").read_text()
    assert "face-not-found" in (out / "report.md").read_text()
    assert not work_folder(pairs).exists()


def test_a_named_work_folder_is_kept_and_used_again(
    pairs: Path, pictures: Path, tmp_path: Path, basic_pack: Pack
) -> None:
    arguments = (pairs, "--root", pictures, "--out", tmp_path / "out", "--work", tmp_path / "work")
    assert run(*arguments).exit_code == 0
    again = run(*arguments, "--json")
    assert json.loads(again.stdout)["acquisition"]["resumed"] == 2 * PEOPLE + 1
    text = run(*arguments).stdout
    for words in ("EER", "Warning:", "Failure to acquire", "report.md"):
        assert words in text


def test_nothing_to_measure_exits_1(pairs: Path, tmp_path: Path, basic_pack: Pack) -> None:
    result = run(pairs, "--root", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "pairs-too-few" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [("a,b\nx,y\n", "pairs-header-invalid"), ("a,b,same\nx,y,?\n", "pairs-row-invalid")],
)
def test_bad_files_exit_2(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(text)
    result = run(file, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == code


def test_bad_options_exit_2(pairs: Path, pictures: Path, tmp_path: Path, basic_pack: Pack) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    blank = tmp_path / "blank"
    blank.mkdir()
    save(blank / "blank.jpg", np.full((240, 320, 3), 90, np.uint8))
    for arguments, code in (
        (("absent.csv",), "file-unreadable"),
        ((pairs, "--fmr", "0"), "fmr-invalid"),
        ((pairs, "--cohort", tmp_path / "nowhere"), "cohort-folder-invalid"),
        ((pairs, "--cohort", empty), "cohort-folder-invalid"),
        ((pairs, "--root", pictures, "--cohort", blank), "cohort-folder-invalid"),
        ((pairs, "--pack", "unheard-of"), "pack-unknown"),
    ):
        result = run(*arguments, "--json", "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert json.loads(result.stdout)["error"]["code"] == code


def test_each_file_has_a_work_folder_of_its_own(tmp_path: Path) -> None:
    assert work_folder(tmp_path / "a.csv") != work_folder(tmp_path / "b.csv")
    assert work_folder(tmp_path / "a.csv") == work_folder(tmp_path / "x" / ".." / "a.csv")
