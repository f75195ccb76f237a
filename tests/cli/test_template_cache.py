from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from menshen.cli.template_cache import Failure, TemplateCache
from menshen.faces.records import Template

CONTRACT, DIGEST = "c" * 64, "d" * 64


def template(seed: int = 0) -> Template:
    rng = np.random.default_rng(seed)
    parts = tuple(rng.standard_normal(size).astype(np.float32) for size in (128, 40))
    return Template(CONTRACT, parts, weight=0.7, samples=2)


def only_file(folder: Path) -> Path:
    (file,) = (path for path in folder.rglob("*") if path.is_file())
    return file


def test_templates_come_back_exactly(tmp_path: Path) -> None:
    TemplateCache(tmp_path, contract=CONTRACT).save(DIGEST, template())
    back = TemplateCache(tmp_path, contract=CONTRACT).load(DIGEST)
    assert isinstance(back, Template)
    assert (back.contract, back.weight, back.samples) == (CONTRACT, 0.7, 2)
    for part, original in zip(back.features, template().features, strict=True):
        assert part.dtype == np.float32
        assert (part == original).all()


def test_failures_are_remembered(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path, contract=CONTRACT)
    cache.save(DIGEST, Failure("face-not-found", "no face"))
    assert cache.load(DIGEST) == Failure("face-not-found", "no face")


def test_nothing_is_known_of_other_pictures_and_contracts(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path, contract=CONTRACT)
    cache.save(DIGEST, template())
    assert cache.load("e" * 64) is None
    assert TemplateCache(tmp_path, contract="f" * 64).load(DIGEST) is None


@pytest.mark.parametrize("keep", [0, 5, 30, 60, 200, -1])
def test_cut_off_files_count_as_absent(tmp_path: Path, keep: int) -> None:
    cache = TemplateCache(tmp_path, contract=CONTRACT)
    cache.save(DIGEST, template())
    file = only_file(tmp_path)
    file.write_bytes(file.read_bytes()[:keep])
    assert cache.load(DIGEST) is None


def test_any_flipped_byte_is_noticed(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path, contract=CONTRACT)
    cache.save(DIGEST, template())
    file = only_file(tmp_path)
    sound = file.read_bytes()
    for place in range(0, len(sound), 7):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert cache.load(DIGEST) is None
    file.write_bytes(sound)
    assert cache.load(DIGEST) is not None


def test_a_file_in_the_wrong_place_is_not_believed(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path, contract=CONTRACT)
    cache.save(DIGEST, template())
    cache.save("e" * 64, template(1))
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    files[0].write_bytes(files[1].read_bytes())
    assert cache.load(DIGEST) is None


def test_only_this_user_may_look(tmp_path: Path) -> None:
    TemplateCache(tmp_path, contract=CONTRACT).save(DIGEST, template())
    for folder in (path for path in tmp_path.rglob("*") if path.is_dir()):
        assert folder.stat().st_mode & 0o077 == 0
