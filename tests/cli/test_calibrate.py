from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from menshen.cli import calibrate as command
from menshen.cli.extraction import Extraction
from menshen.cli.template_cache import Failure
from menshen.faces.calibration import CalibrationTable
from menshen.faces.models.manifest import parse
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.faces.records import Template
from menshen.faces.site_calibration import SiteCalibration

PACKS = Path(__file__).parents[2] / "src/menshen/faces/models/packs"
CONTRACT = "ab" * 32


def vector(path: Path) -> Template:
    """Make a face of the picture's name: the folder is the person, the rest is noise."""
    person = np.random.default_rng(zlib.crc32(path.parent.name.encode()))
    picture = np.random.default_rng(zlib.crc32(str(path.name).encode()))
    features = person.standard_normal(64) + 0.4 * picture.standard_normal(64)
    return Template(CONTRACT, ((features / np.linalg.norm(features)).astype(np.float32),))


def fake_extracted(pack: Pack, pictures: Sequence[Path], **_: object) -> Extraction:
    unique = dict.fromkeys(pictures)
    good = {path: vector(path) for path in unique if "bad" not in path.name}
    failures = {p: Failure("face-not-found", "none") for p in unique if "bad" in p.name}
    return Extraction(good, failures, 0)


def no_networks(model: str) -> NetworkBytes:
    raise AssertionError(f"{model} is not needed")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    manifest = parse((PACKS / "basic.toml").read_text("utf-8"))
    pack = Pack(manifest, CONTRACT, (PACKS / "basic-cosine.csv").read_text("utf-8"), no_networks)
    monkeypatch.setattr("menshen.verification.opening.open_pack", lambda name: pack)
    monkeypatch.setattr(command, "extracted", fake_extracted)
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "140")
    app = typer.Typer()
    app.command()(command.calibrate)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def people(folder: Path, count: int, *, each: int = 2) -> Path:
    for person, picture in itertools.product(range(count), range(each)):
        path = folder / f"p{person}" / f"p{person}-{picture}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def pairs(folder: Path, count: int, *, each: int = 2) -> Path:
    pictures = sorted(people(folder / "people", count, each=each).rglob("*.jpg"))
    rows = ["a,b,same,group"]
    for a, b in itertools.combinations(pictures, 2):
        rows.append(f"{a},{b},{int(a.parent == b.parent)},{'even' if len(rows) % 2 else 'odd'}")
    file = folder / "pairs.csv"
    file.write_text("\n".join(rows), "utf-8")
    return file


# ------------------------------------------------------------------- --site


def test_a_site_of_few_people_gets_a_warning_and_a_file(run: Any, tmp_path: Path) -> None:
    result = run("--site", people(tmp_path / "site", 20))
    assert result.exit_code == 0, result.output
    assert "20 people, 40 pictures" in result.output
    assert "Only 20 people are enrolled" in result.output
    assert "Enrol at least 5 more" in result.output
    written = list((tmp_path / "data/site-calibration").iterdir())
    assert [path.name for path in written] == [f"{CONTRACT[:16]}.json"]
    read = SiteCalibration.from_json(written[0].read_text("utf-8"))
    assert (read.people, read.templates, read.contract) == (20, 40, CONTRACT)
    assert len(read.made) == len("2026-11-22")


def test_the_warning_speaks_chinese(run: Any, tmp_path: Path) -> None:
    result = run("--site", people(tmp_path / "site", 12), "--lang", "zh")
    assert "目前仅登记 12 人" in result.output
    assert "Only 12" not in result.output


def test_enough_people_show_a_rate(run: Any, tmp_path: Path) -> None:
    result = run("--site", people(tmp_path / "site", 90), "--json")
    assert result.exit_code == 0
    rows = json.loads(result.output)["thresholds"]
    assert [row["supported"] for row in rows] == [True, True, False, False]
    assert [row["people_needed"] for row in rows] == [0, 0, 156, 685]
    raw = [row["raw"] for row in rows]
    assert raw == sorted(raw)
    assert rows[1]["warning_en"] == ""
    assert "156" in rows[2]["warning_en"]
    assert 0 <= rows[0]["fnmr"] < 0.1
    assert 0 <= rows[0]["published_fmr_here"] <= 1


def test_pictures_without_a_face_are_counted_and_left_out(run: Any, tmp_path: Path) -> None:
    folder = people(tmp_path / "site", 12)
    (folder / "p0" / "bad.jpg").write_bytes(b"x")
    result = run("--site", folder)
    assert "12 people, 24 pictures" in result.output
    assert "1 pictures have no usable face" in result.output


def test_somebody_enrolled_twice_is_named(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def face(path: Path) -> Template:
        alias = path.parent.name.replace("p17", "p3")
        return vector(path.parent.with_name(alias) / path.name)

    def extracted(pack: Pack, pictures: Sequence[Path], **_: object) -> Extraction:
        return Extraction({path: face(path) for path in pictures}, {}, 0)

    monkeypatch.setattr(command, "extracted", extracted)
    result = run("--site", people(tmp_path / "site", 60))
    assert "Enrolled twice? p17 and p3" in result.output


def test_too_few_people_say_nothing(run: Any, tmp_path: Path) -> None:
    result = run("--site", people(tmp_path / "site", 6))
    assert result.exit_code == 1
    assert "at least 7 people" in result.output
    assert not (tmp_path / "data").exists()
    as_json = run("--site", tmp_path / "site", "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.output)["error"]["code"] == "calibration-unsupported"


def test_a_csv_of_people_works_as_well(run: Any, tmp_path: Path) -> None:
    folder = people(tmp_path / "site", 15)
    rows = [f"{path},{path.parent.name}" for path in sorted(folder.rglob("*.jpg"))]
    file = tmp_path / "people.csv"
    file.write_text("picture,person\n" + "\n".join(rows), "utf-8")
    assert "15 people, 30 pictures" in run("--site", file).output


def test_no_template_is_left_behind(run: Any, tmp_path: Path) -> None:
    run("--site", people(tmp_path / "site", 12))
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == []
    text = next((tmp_path / "data/site-calibration").iterdir()).read_text("utf-8")
    assert "p0" not in text


# ------------------------------------------------------------------- PAIRS.csv


def test_pairs_make_a_table_a_plot_and_a_report(run: Any, tmp_path: Path) -> None:
    result = run(pairs(tmp_path, 30, each=4), "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"calibration.csv", "det.png", "det.svg", "report.md"} <= names
    table = CalibrationTable.parse((tmp_path / "out/calibration.csv").read_text("utf-8"))
    assert int(table.impostor_pairs[0]) == 120 * 119 // 2 - 30 * 6
    assert table.supports(1e-2)
    assert "Too few data for FMR 0.001" in result.output
    assert "support: convenience" in result.output


def test_pairs_as_json(run: Any, tmp_path: Path) -> None:
    result = run(pairs(tmp_path, 40), "--out", tmp_path / "out", "--json")
    found = json.loads(result.output)
    assert found["assurance"] == "none"  # 40 genuine pairs cannot show that 2 % are rejected
    assert [row["supported"] for row in found["thresholds"]] == [True, False, False, False]
    assert found["thresholds"][1]["threshold"] is None


def test_pair_rows_tell_what_a_threshold_costs() -> None:
    head = "similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs\n"
    table = CalibrationTable.parse(
        head + "0.0,100000,100000,0,100\n0.4,500,100000,2,100\n0.6,20,100000,9,100\n"
    )
    rows = command.pair_rows(table)
    assert [(row["threshold"], row["fnmr"]) for row in rows[:3]] == [
        (0.4, 0.02),
        (0.6, 0.09),
        (None, None),
    ]


# ------------------------------------------------------------------- wrong use


def test_one_source_is_needed(run: Any, tmp_path: Path) -> None:
    for words in ((), (tmp_path / "pairs.csv", "--site", tmp_path)):
        result = run(*words)
        assert result.exit_code == 2
        assert "calibrate-source" in result.output


def test_an_empty_folder_is_an_error(run: Any, tmp_path: Path) -> None:
    result = run("--site", tmp_path)
    assert result.exit_code == 2
    assert "enrolled-invalid" in result.output


def test_an_unknown_language_is_refused_not_taken_for_english(tmp_path: Path, run: Any) -> None:
    assert run("--site", str(tmp_path), "--lang", "xx").exit_code == 2
