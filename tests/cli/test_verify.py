from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from menshen.actors import Pose, cast, render
from menshen.cli.verify import verify
from menshen.faces.models.pack import Pack

pytestmark = pytest.mark.models

app = typer.Typer()
app.command()(verify)


def saved(path: Path, pixels: np.ndarray) -> str:
    Image.fromarray(pixels).save(path, "JPEG", quality=92)
    return str(path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pictures")
    first, second = cast()[:2]
    cut = folder / "cut.jpg"
    buffer = io.BytesIO()
    Image.fromarray(render(first)).save(buffer, "JPEG")
    cut.write_bytes(buffer.getvalue()[:4000])
    return {
        "first": saved(folder / "first.jpg", render(first)),
        "again": saved(folder / "again.jpg", render(first, pose=Pose(yaw=7, smile=0.2))),
        "other": saved(folder / "other.jpg", render(second)),
        "cat": saved(folder / "cat.jpg", skimage.data.chelsea()),
        "cut": str(cut),
        "none": str(folder / "nowhere.jpg"),
    }


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["--pack", "standard", *arguments])


def test_a_match_exits_0_and_says_what_it_means(
    standard_pack: Pack, pictures: dict[str, str]
) -> None:
    result = run(pictures["first"], pictures["again"])
    assert result.exit_code == 0
    for words in ("ACCEPT", "false-match rate at most", "first.jpg", "again.jpg", "Sharpness"):
        assert words in result.output


def test_no_match_exits_1(standard_pack: Pack, pictures: dict[str, str]) -> None:
    result = run(pictures["first"], pictures["other"])
    assert result.exit_code == 1
    assert "ACCEPT" not in result.output


def test_json_holds_the_decision_and_no_template(
    standard_pack: Pack, pictures: dict[str, str]
) -> None:
    result = run(pictures["first"], pictures["again"], "--json")
    assert result.exit_code == 0
    answer = json.loads(result.output)
    assert answer["outcome"] == "accept"
    assert answer["numbers"]["fmr_bound"] <= answer["numbers"]["fmr_policy"] == 1e-3
    assert answer["pack"] == "standard"
    assert answer["a"]["width"] == 640
    assert 0 <= answer["a"]["quality"] <= 100
    assert set(answer["a"]["components"]) == set(answer["b"]["components"])
    assert "features" not in result.output
    assert "pixels" not in result.output


def test_chinese(standard_pack: Pack, pictures: dict[str, str]) -> None:
    result = run(pictures["first"], pictures["again"], "--lang", "zh")
    assert "通过" in result.output
    assert "误识率上限" in result.output


@pytest.mark.parametrize(
    ("names", "code", "picture"),
    [
        (("first", "cat"), "face-not-found", 1),
        (("cut", "first"), "picture-truncated", 0),
        (("first", "none"), "file-unreadable", 1),
    ],
)
def test_errors_exit_2_with_their_code(
    standard_pack: Pack,
    pictures: dict[str, str],
    names: tuple[str, str],
    code: str,
    picture: int,
) -> None:
    result = run(*(pictures[name] for name in names), "--json")
    assert result.exit_code == 2
    error = json.loads(result.output)["error"]
    assert error["code"] == code
    assert error["picture"] == picture
    assert error["advice"]
    in_words = run(*(pictures[name] for name in names))
    assert in_words.exit_code == 2
    assert code in in_words.output


@pytest.mark.parametrize(("arguments"), [["--fmr", "1e-5"], ["--fmr", "0"], ["--pack", "nosuch"]])
def test_what_cannot_be_promised_exits_2(
    standard_pack: Pack, pictures: dict[str, str], arguments: list[str]
) -> None:
    result = run(pictures["first"], pictures["again"], *arguments)
    assert result.exit_code == 2


def test_a_laxer_rate_may_be_asked_for(standard_pack: Pack, pictures: dict[str, str]) -> None:
    result = run(pictures["first"], pictures["again"], "--fmr", "1e-2", "--json")
    assert json.loads(result.output)["numbers"]["fmr_policy"] == 1e-2


def test_an_unknown_language_is_said(standard_pack: Pack, pictures: dict[str, str]) -> None:
    assert run(pictures["first"], pictures["again"], "--lang", "xx").exit_code == 2
