"""`menshen inspect`: words, numbers, exit status, and what it writes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import typer
from PIL import Image
from typer.testing import CliRunner

from menshen.actors.people import cast
from menshen.actors.renderer import render
from menshen.cli.inspect import inspect
from menshen.faces.models.pack import Pack

app = typer.Typer()
app.command()(inspect)

Run = Callable[..., Any]


@pytest.fixture
def run(basic_pack: Pack, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "160")
    return lambda *args: CliRunner().invoke(app, ["--pack", "basic", *map(str, args)])


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Any], Path]:
    def save_pixels(pixels: Any) -> Path:
        path = tmp_path / "photo.png"
        Image.fromarray(np.ascontiguousarray(pixels, np.uint8)).save(path)
        return path

    return save_pixels


def portrait() -> Any:
    return skimage.data.astronaut()[:320, 60:380]


def test_a_usable_picture(run: Run, save: Any) -> None:
    result = run(save(portrait()))
    assert result.exit_code == 0
    assert "Face 1 of 1" in result.stdout
    assert "Sharpness" in result.stdout
    assert "usable" in result.stdout
    assert "→" not in result.stdout


def test_a_spoilt_picture_is_refused_with_a_tip(run: Run, save: Any) -> None:
    result = run(save(cv2.GaussianBlur(portrait(), (0, 0), 2.5)))
    assert result.exit_code == 1
    assert "not usable" in result.stdout
    assert "Hold still" in result.stdout


def test_chinese(run: Run, save: Any) -> None:
    result = run(save(portrait() * 0.1), "--lang", "zh")
    assert result.exit_code == 1
    assert "清晰度" in result.stdout
    assert "请让脸部光线更亮一些" in result.stdout
    assert "不能使用" in result.stdout


def test_two_people_are_refused(run: Run, save: Any) -> None:
    pair = np.hstack([render(actor)[:, 120:520] for actor in cast()[1:3]])
    result = run(save(pair))
    assert result.exit_code == 1
    assert "Face 2 of 2" in result.stdout
    assert "Only one person" in result.stdout


def test_no_face_is_refused_with_advice(run: Run, save: Any) -> None:
    result = run(save(np.full((240, 320, 3), 127)))
    assert result.exit_code == 1
    assert "face-not-found" in result.stderr
    assert "Show one whole face" in result.stderr


def test_a_picture_on_its_side_is_refused_as_such(run: Run, save: Any) -> None:
    result = run(save(np.rot90(render(cast()[1]))))
    assert result.exit_code == 1
    assert "upright" in result.output


def test_json_is_one_object_with_numbers_and_no_features(run: Run, save: Any) -> None:
    result = run(save(portrait()), "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["usable"] is True
    assert answer["pack"] == "basic"
    (face,) = answer["faces"]
    assert face["quality"]["overall"] > 70
    assert len(face["quality"]["components"]) == 20
    assert "features" not in result.stdout
    assert "points" not in result.stdout


def test_json_without_a_face_says_why(run: Run, save: Any) -> None:
    result = run(save(np.full((240, 320, 3), 127)), "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["usable"] is False
    assert answer["faces"] == []
    assert answer["error"]["code"] == "face-not-found"


def test_out_writes_the_annotated_picture(run: Run, save: Any, tmp_path: Path) -> None:
    target = tmp_path / "annotated.png"
    assert run(save(portrait()), "--out", target).exit_code == 0
    with Image.open(io.BytesIO(target.read_bytes())) as written:
        assert written.format == "PNG"
        assert written.height >= 760


def test_nothing_is_written_unasked(run: Run, save: Any, tmp_path: Path) -> None:
    photo = save(portrait())
    run(photo)
    run(photo, "--json")
    assert list(tmp_path.iterdir()) == [photo]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "picture-empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture-format-unsupported"),
    ],
)
def test_what_is_no_picture_is_an_error(run: Run, tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    plain, as_json = run(path), run(path, "--json")
    assert plain.exit_code == as_json.exit_code == 2
    assert code in plain.stderr
    assert json.loads(as_json.stdout)["error"]["code"] == code


def test_files_that_cannot_be_read_or_written(run: Run, save: Any, tmp_path: Path) -> None:
    missing = run(tmp_path / "nobody.jpg")
    assert missing.exit_code == 2
    assert "file-unreadable" in missing.stderr
    nowhere = run(save(portrait()), "--out", tmp_path / "no" / "such" / "folder.png")
    assert nowhere.exit_code == 2
    assert "file-unwritable" in nowhere.stderr


def test_an_unknown_language_or_pack_is_an_error(run: Run, save: Any) -> None:
    photo = save(portrait())
    assert run(photo, "--lang", "xx").exit_code == 2
    assert run(photo, "--pack", "nothing").exit_code == 2
