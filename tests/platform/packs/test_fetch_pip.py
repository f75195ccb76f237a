from __future__ import annotations

import hashlib
import importlib.util
import io
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Artifact
from menshen.platform.packs import fetch_pip
from menshen.platform.packs.errors import ClientMissingError, PackFetchError
from menshen.platform.packs.fetch_pip import PipFetcher

WHEEL = "modelbox-1.0-cp39-cp39-win_amd64.whl"
BACKEND = """
import os
def get_requires_for_build_wheel(settings=None):
    return []
def prepare_metadata_for_build_wheel(directory, settings=None):
    folder = os.path.join(directory, "modelsdist-2.0.dist-info")
    os.mkdir(folder)
    with open(os.path.join(folder, "METADATA"), "w") as file:
        file.write("Metadata-Version: 2.1\\nName: modelsdist\\nVersion: 2.0\\n")
    return "modelsdist-2.0.dist-info"
"""


def artifact(data: bytes, **changes: Any) -> Artifact:
    fields = {"id": "box", "channel": "pip-wheel", "package": "modelbox", "version": "1.0"}
    made = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "file": WHEEL}
    return Artifact.model_validate({**fields, **made, **changes})


@pytest.fixture(scope="session")
def wheel() -> bytes:
    """A wheel for another operating system and an old Python."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("modelbox/model.bin", "numbers")
        info = "modelbox-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: modelbox\nVersion: 1.0")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp39-cp39-win_amd64\n")
        archive.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def sdist() -> bytes:
    """A source distribution that builds without anything else."""
    files = {
        "modelsdist-2.0/pyproject.toml": "[build-system]\nrequires = []\n"
        'build-backend = "backend"\nbackend-path = ["."]\n',
        "modelsdist-2.0/backend.py": BACKEND,
        "modelsdist-2.0/PKG-INFO": "Metadata-Version: 2.1\nName: modelsdist\nVersion: 2.0\n",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, words in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(words.encode())
            archive.addfile(info, io.BytesIO(words.encode()))
    return buffer.getvalue()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the index pip is configured for, as an operator would."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


def fetch(tmp_path: Path, wanted: Artifact) -> bytes:
    work, to = tmp_path / "work", tmp_path / "target"
    work.mkdir()
    fetcher = PipFetcher()
    fetcher.check()
    fetcher.fetch(wanted, to=to, work=work, report=lambda done: None)
    return to.read_bytes()


def test_a_wheel_of_another_platform_through_the_configured_index(
    tmp_path: Path, mirror: Path, wheel: bytes
) -> None:
    (mirror / WHEEL).write_bytes(wheel)
    assert fetch(tmp_path, artifact(wheel)) == wheel


def test_a_source_distribution(tmp_path: Path, mirror: Path, sdist: bytes) -> None:
    (mirror / "modelsdist-2.0.tar.gz").write_bytes(sdist)
    names = {"package": "modelsdist", "version": "2.0", "file": "modelsdist-2.0.tar.gz"}
    assert fetch(tmp_path, artifact(sdist, channel="pip-sdist", **names)) == sdist


def test_pip_itself_refuses_another_hash(tmp_path: Path, mirror: Path, wheel: bytes) -> None:
    (mirror / WHEEL).write_bytes(wheel)
    with pytest.raises(PackFetchError, match="pip failed"):
        fetch(tmp_path, artifact(wheel, sha256="0" * 64))
    assert not (tmp_path / "target").exists()


def test_network_down(
    tmp_path: Path, mirror: Path, wheel: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(PackFetchError, match="pip failed") as caught:
        fetch(tmp_path, artifact(wheel))
    assert "secret" not in str(caught.value)


def test_arguments_for_the_real_wheel() -> None:
    name = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
    words = fetch_pip.arguments(artifact(b"x", file=name))
    assert words[:3] == ["download", "--no-deps", "--require-hashes"]
    assert "--only-binary=:all:" in words
    for option, value in (
        ("--platform", "manylinux_2_28_x86_64"),
        ("--python-version", "311"),
        ("--implementation", "cp"),
        ("--abi", "cp311"),
    ):
        assert words[words.index(option) + 1] == value


def test_the_requirement_is_pinned_and_hashed() -> None:
    line = fetch_pip.requirement(artifact(b"x"))
    assert line == f"modelbox==1.0 --hash=sha256:{hashlib.sha256(b'x').hexdigest()}\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"package": "--index-url=http://evil"},
        {"package": "a\n--index-url=http://evil"},
        {"package": "a @ http://evil"},
        {"version": "1.0 ; x"},
        {"version": ""},
    ],
)
def test_words_that_would_say_more_than_a_name(changes: dict[str, str]) -> None:
    with pytest.raises(ModelFileError, match="malformed"):
        fetch_pip.requirement(artifact(b"x", **changes))


@pytest.mark.parametrize("file", ["a.whl", "a-1-cp311-cp311-x y.whl", "a-1-cp311-cp311-any.zip"])
def test_malformed_wheel_names(file: str) -> None:
    with pytest.raises((ModelFileError, PackFetchError), match="malformed"):
        fetch_pip.arguments(artifact(b"x", file=file))


def test_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/pip3" if name == "pip3" else None)
    PipFetcher().check()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClientMissingError, match="pip is not"):
        PipFetcher().check()
