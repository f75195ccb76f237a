from __future__ import annotations

from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from menshen.cli import demo as module
from menshen.faces.models.pack import Pack
from menshen.platform.settings import Settings

app = typer.Typer()
app.command()(module.demo)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, with the installed packs."""
    monkeypatch.setenv("MENSHEN_PACKS_DIR", str(Settings().packs_dir))
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MENSHEN_PACK", "standard")
    return tmp_path


@pytest.mark.models
def test_shows_a_match_and_a_refusal(standard_pack: Pack, data_dir: Path) -> None:
    result = CliRunner().invoke(app, ["--no-serve", "--people", "2"])
    assert result.exit_code == 0, result.output
    assert result.output.index("ACCEPT") < result.output.index("REJECT")
    samples = sorted((data_dir / "demo" / "samples").iterdir())
    assert len(samples) == 4
    for name in ("same-person.png", "two-people.png"):
        with Image.open(data_dir / "demo" / name) as picture:
            assert picture.width > 1000


@pytest.mark.models
def test_offers_the_samples_to_the_page_on_loopback(
    standard_pack: Pack, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr("menshen.cli.serve.run", served.append)
    monkeypatch.setenv("MENSHEN_HOST", "0.0.0.0")  # noqa: S104 - the demo must not follow it
    result = CliRunner().invoke(app, ["--people", "2", "--port", "0"])
    assert result.exit_code == 0, result.output
    (settings,) = served
    assert settings.on_loopback
    assert settings.try_it_page
    assert settings.port == 0
    assert settings.samples_dir == data_dir / "demo" / "samples"


def test_without_a_pack_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MENSHEN_PACKS_DIR", str(tmp_path / "packs"))
    result = CliRunner().invoke(app, ["--no-serve"])
    assert result.exit_code == 2
    assert "menshen models fetch" in result.output


def test_a_thumbnail_draws_two_pixels_in_a_cell(tmp_path: Path) -> None:
    import numpy as np

    pixels = np.zeros((100, 72, 3), np.uint8)
    pixels[50:] = (255, 0, 0)
    text = module._thumbnail(module.Look("x", tmp_path, pixels))
    lines = text.plain.strip().split("\n")
    assert len(lines) == 25
    assert {len(line) for line in lines} == {module.COLUMNS}
