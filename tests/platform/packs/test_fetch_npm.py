from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Artifact
from menshen.platform.packs.errors import ClientMissingError, PackFetchError
from menshen.platform.packs.fetch_npm import NpmFetcher


def artifact(**changes: Any) -> Artifact:
    fields = {"id": "human", "channel": "npm", "package": "@maker/human", "version": "3.3.6"}
    made = {"size": 7, "sha256": "0" * 64, "file": "maker-human-3.3.6.tgz"}
    return Artifact.model_validate({**fields, **made, **changes})


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A PATH with a stand-in for npm, written by the test, and the tools a script needs."""

    class Bench:
        work = tmp_path / "work"
        to = tmp_path / "target"

        def npm(self, script: str) -> None:
            path = tmp_path / "bin" / "npm"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

        def fetch(self, **changes: Any) -> bytes:
            self.work.mkdir()
            fetcher = NpmFetcher()
            fetcher.check()
            fetcher.fetch(artifact(**changes), to=self.to, work=self.work, report=lambda _: None)
            return self.to.read_bytes()

    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Bench()


def test_packs_one_pinned_version_without_running_scripts(bench: Any) -> None:
    bench.npm('echo "$@" > said; for last; do :; done; printf tarball > "$last/any-name.tgz"')
    assert bench.fetch() == b"tarball"
    words = (bench.work / "said").read_text().split()
    assert words[:3] == ["pack", "@maker/human@3.3.6", "--ignore-scripts"]
    assert words[-2:] == ["--pack-destination", str(bench.work / "out")]


def test_failure_tells_npms_words_without_credentials(bench: Any) -> None:
    bench.npm('echo "npm ERR! 404 https://me:secret@mirror.example/human"; exit 1')
    with pytest.raises(PackFetchError) as caught:
        bench.fetch()
    assert "npm failed: npm ERR! 404 https://mirror.example/human" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("script", ["exit 0", 'for l; do :; done; touch "$l/a" "$l/b"'])
def test_anything_but_one_file_is_refused(bench: Any, script: str) -> None:
    bench.npm(script)
    with pytest.raises(PackFetchError, match="one file"):
        bench.fetch()


def test_no_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClientMissingError, match="npm is not on this machine"):
        NpmFetcher().check()


@pytest.mark.parametrize(
    "changes",
    [
        {"package": "--global"},
        {"package": "../folder"},
        {"package": "@a/b c"},
        {"package": "https://evil.example/x"},
        {"version": "latest"},
        {"version": "1.0\n--global"},
        {"version": ""},
    ],
)
def test_words_that_are_options_or_places(bench: Any, changes: dict[str, str]) -> None:
    bench.npm("touch ran")
    with pytest.raises(ModelFileError, match="malformed"):
        bench.fetch(**changes)
    assert not (bench.work / "ran").exists()
