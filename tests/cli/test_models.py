from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from menshen.cli import models
from menshen.faces.models.contract import contract
from menshen.platform.packs import PackStore, catalogue
from menshen.platform.packs.errors import (
    ClientMissingError,
    PackFetchError,
    PackMissingError,
    PackUnknownError,
)
from menshen.platform.packs.records import PackStatus, Problem, Progress, Step


@dataclass
class FakeStore:
    """Remembers what it is asked; packs are Menshen's own, without their files."""

    root: Path = Path("/folder/of/packs")
    present: list[str] = field(default_factory=list)
    chosen: str = ""
    asked: list[str] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    damaged: dict[str, tuple[Problem, ...]] = field(default_factory=dict)

    def status(self, name: str) -> PackStatus:
        if name not in catalogue.built_in():
            raise PackUnknownError(f"there is no pack named {name}")
        manifest = catalogue.built_in()[name].manifest
        here = name in self.present
        flags = {"present": here, "installed": here, "active": name == self.chosen}
        return PackStatus(manifest, contract(manifest), **flags, bytes_on_disk=7_000_000 * here)

    def list(self) -> tuple[PackStatus, ...]:
        return tuple(self.status(name) for name in catalogue.built_in())

    def install(self, name: str, *, progress: Progress) -> PackStatus:
        self.asked.append(name)
        if name in self.failing:
            raise self.failing[name]
        progress(Step("fetch", "archive.whl", 1_500_000, 3_000_000, "bytes"))
        progress(Step("convert", "a [network]", 1, 2))
        self.status(name)
        self.present.append(name)
        self.chosen = self.chosen or name
        return self.status(name)

    def add(self, folder: Path, *, name: str | None, progress: Progress) -> tuple[PackStatus, ...]:
        self.asked.append(f"{folder} {name}")
        if not folder.is_dir():
            raise PackMissingError(f"{folder} is not a folder")
        return (self.install(name or "openmodelzoo", progress=progress),)

    def verify(self, name: str, *, progress: Progress) -> tuple[Problem, ...]:
        self.status(name)
        if name not in self.present:
            raise PackMissingError(f"the pack {name} is not installed")
        progress(Step("verify", "a", 1, 1))
        return self.damaged.get(name, ())

    def use(self, name: str) -> None:
        if name not in self.present:
            raise PackMissingError(f"the pack {name} is not installed")
        self.chosen = name


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    fake = FakeStore()
    monkeypatch.setattr(models, "open_store", lambda: fake)
    return fake


def run(*words: str, status: int = 0) -> Any:
    result = CliRunner().invoke(models.app, list(words))
    assert result.exit_code == status, result.output
    return result


def words_of(result: Any) -> str:
    return " ".join(result.output.split())


def test_fetch_takes_the_default_and_shows_licences(store: FakeStore) -> None:
    result = run("fetch")
    assert store.asked == ["standard"]
    words = words_of(result)
    assert "The pack 'standard' is ready; its table supports the assurance level 'counter'" in words
    for licence in ("Apache-2.0", "CC0-1.0", "VGGFace2"):
        assert licence in words
    assert "not on this machine" not in words


def test_fetch_without_npm_says_that_it_fell_back(store: FakeStore) -> None:
    store.failing["standard"] = ClientMissingError("npm is not on this machine")
    words = words_of(run("fetch"))
    assert store.asked == ["standard", "basic"]
    assert "npm is not on this machine, so the pack 'basic' was fetched instead" in words
    assert "'convenience'" in words


def test_fetch_by_name_never_falls_back(store: FakeStore) -> None:
    store.failing["standard"] = ClientMissingError("npm is not on this machine")
    words = words_of(run("fetch", "standard", status=2))
    assert store.asked == ["standard"]
    assert "npm is not on this machine" in words
    assert "menshen models add DIR" in words


def test_a_failing_network_is_no_reason_to_fall_back(store: FakeStore) -> None:
    store.failing["standard"] = PackFetchError("npm failed: no route to host")
    words = words_of(run("fetch", status=2))
    assert store.asked == ["standard"]
    assert "pack-fetch-failed" in words
    assert "no route to host" in words


def test_fetch_when_another_pack_is_in_use(store: FakeStore) -> None:
    store.chosen = "standard"
    words = words_of(run("fetch", "basic"))
    assert "Another pack is in use. To change: menshen models use basic" in words


def test_fetch_of_an_unknown_pack(store: FakeStore) -> None:
    words = words_of(run("fetch", "nothing", status=2))
    assert "pack-unknown" in words
    assert "menshen models list" in words


def test_list_shows_levels_and_licences(store: FakeStore) -> None:
    store.install("standard", progress=lambda _: None)
    words = words_of(run("list"))
    for word in ("basic", "standard", "openmodelzoo", "convenience", "counter", "remote", "7 MB"):
        assert word in words


def test_a_companion_has_no_level_and_takes_nobodys_place(store: FakeStore) -> None:
    words = words_of(run("add", "/usr", "--pack", "minifasnet"))
    assert "The pack 'minifasnet' is ready; it serves beside the pack in use." in words
    assert "assurance level" not in words
    assert "menshen models use" not in words
    row = next(line for line in run("list").output.splitlines() if "minifasnet" in line)
    assert "none" not in row


def test_list_as_json(store: FakeStore) -> None:
    store.install("standard", progress=lambda _: None)
    data = json.loads(run("list", "--json").output)
    assert data["folder"] == "/folder/of/packs"
    packs = {pack["name"]: pack for pack in data["packs"]}
    assert (packs["standard"]["installed"], packs["standard"]["active"]) == (True, True)
    assert (packs["basic"]["installed"], packs["basic"]["bytes"]) == (False, 0)
    assert packs["openmodelzoo"]["assurance"] == "remote"
    assert all(model["licence"] for pack in data["packs"] for model in pack["models"])
    assert len(packs["basic"]["contract"]) == 64


def test_verify_intact(store: FakeStore) -> None:
    store.present += ["basic", "standard"]
    words = words_of(run("verify"))
    assert "basic: intact" in words
    assert "standard: intact" in words
    assert json.loads(run("verify", "basic", "--json").stdout) == {
        "intact": True,
        "problems": {"basic": []},
    }


def test_verify_damaged(store: FakeStore) -> None:
    store.present += ["basic"]
    store.damaged["basic"] = (Problem("iris", "network.bin has been changed"),)
    words = words_of(run("verify", status=1))
    assert "basic: damaged iris: network.bin has been changed" in words
    assert "menshen models fetch basic" in words
    data = json.loads(run("verify", "--json", status=1).stdout)
    assert data["problems"]["basic"] == [
        {"model": "iris", "problem": "network.bin has been changed"}
    ]
    assert data["intact"] is False


@pytest.mark.parametrize("name", [(), ("basic",), ("nothing",)])
def test_verify_nothing(store: FakeStore, name: tuple[str, ...]) -> None:
    assert "pack-" in run("verify", *name, status=2).output


def test_add(store: FakeStore, tmp_path: Path) -> None:
    assert "The pack 'openmodelzoo' is ready" in words_of(run("add", str(tmp_path)))
    run("add", str(tmp_path), "--pack", "basic")
    assert store.asked[-1] == "basic"
    assert "is not a folder" in words_of(run("add", str(tmp_path / "nowhere"), status=2))


def test_use(store: FakeStore) -> None:
    store.present.append("basic")
    assert "The pack 'basic' is in use now." in words_of(run("use", "basic"))
    assert store.chosen == "basic"
    assert "pack-not-installed" in run("use", "standard", status=2).output


def test_the_store_is_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSHEN_PACKS_DIR", str(tmp_path / "here"))
    store = models.open_store()
    assert isinstance(store, PackStore)
    assert store.root == tmp_path / "here"
    monkeypatch.delenv("MENSHEN_PACKS_DIR")
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path / "data"))
    assert models.open_store().root == tmp_path / "data" / "packs"


def test_reading_an_empty_store_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENSHEN_PACKS_DIR", str(tmp_path / "here"))
    run("list")
    run("verify", status=2)
    run("use", "basic", status=2)
    assert list(tmp_path.iterdir()) == []
