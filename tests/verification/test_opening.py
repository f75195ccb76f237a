from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from menshen.errors import CalibrationError
from menshen.faces.site_calibration import build
from menshen.verification.opening import site_calibration, site_file

CONTRACT = "ab" * 32


def made() -> str:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((20, 32)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    people = [str(i) for i in range(20)]
    return build(features, people=people, contract=CONTRACT, made="2026-11-22").to_json()


def test_no_file_means_no_site(tmp_path: Path) -> None:
    assert site_calibration(tmp_path, contract=CONTRACT) is None


def test_what_calibrate_wrote_is_read(tmp_path: Path) -> None:
    path = site_file(tmp_path, contract=CONTRACT)
    path.parent.mkdir()
    path.write_text(made(), "utf-8")
    read = site_calibration(tmp_path, contract=CONTRACT)
    assert read is not None
    assert read.people == 20
    assert len(read.mean) == 32
    assert site_calibration(tmp_path, contract="cd" * 32) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"contract": 1}'])
def test_a_damaged_file_is_an_error_not_a_quiet_fallback(tmp_path: Path, content: bytes) -> None:
    path = site_file(tmp_path, contract=CONTRACT)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CalibrationError):
        site_calibration(tmp_path, contract=CONTRACT)
