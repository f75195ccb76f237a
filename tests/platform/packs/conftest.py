"""A tiny world of packs: networks of a few bytes, their archives, and clients that fetch them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from menshen.faces.models.manifest import Artifact, PackManifest
from menshen.faces.models.onnx_writer import INPUT, GraphWriter
from menshen.platform.packs.errors import ClientMissingError
from menshen.platform.packs.fetching import Report
from menshen.platform.packs.records import CatalogueEntry, Step
from menshen.platform.packs.store import PackStore

FORBIDDEN = b"a predictor nobody may use commercially"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tiny_onnx(seed: int, features: int = 16) -> bytes:
    """A network that means over the picture and multiplies by a random matrix."""
    graph = GraphWriter(name="tiny", rows=8, columns=8)
    matrix = np.random.default_rng(seed).normal(size=(3, features)).astype(np.float32)
    mean = graph.node("ReduceMean", INPUT, axes=[2, 3], keepdims=0)
    return graph.finish(graph.node("MatMul", mean, graph.constant(matrix)), features=features)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


@dataclass
class World:
    """Archives by file name, as the registries would serve them."""

    files: dict[str, bytes] = field(default_factory=dict)
    artifacts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def serve(self, name: str, channel: str, file: str, data: bytes) -> None:
        self.files[file] = data
        version = {"package": name, "version": "1.0", "url": f"https://home.example/{file}"}
        hashed = {"sha256": sha256(data), "size": len(data)}
        self.artifacts[name] = {"id": name, "channel": channel, "file": file, **version, **hashed}

    def model(self, name: str, artifact: str, member: str, data: bytes) -> dict[str, Any]:
        words = {"licence": "CC0-1.0", "training_data": "numbers", "paper": "none"}
        source = {"artifact": artifact, "member": member, "sha256": sha256(data)}
        model = {"id": name, "role": "detector", "format": "onnx", "sources": [source]}
        return {**model, "title": f"the network {name}", **words}

    def manifest(self, name: str, *models: dict[str, Any], **changes: Any) -> PackManifest:
        used = {source["artifact"] for model in models for source in model["sources"]}
        artifacts = [self.artifacts[artifact] for artifact in sorted(used)]
        words = {"schema_version": 1, "title": f"Pack {name}", "title_zh": "包"}
        content = {"name": name, "assurance": "none", "artifacts": artifacts, "models": models}
        return PackManifest.model_validate({**words, **content, **changes})


@dataclass
class FakeClient:
    """Brings files out of the world, counting; ``before`` may fail or kill."""

    world: World
    fetched: list[str] = field(default_factory=list)
    missing: bool = False
    before: Callable[[Artifact], None] = lambda artifact: None

    def check(self) -> None:
        if self.missing:
            raise ClientMissingError("npm is not on this machine")

    def fetch(self, artifact: Artifact, *, to: Path, work: Path, report: Report) -> None:
        assert list(work.iterdir()) == []
        self.before(artifact)
        self.fetched.append(artifact.id)
        data = self.world.files[artifact.file]
        report(len(data) // 2)
        to.write_bytes(data)
        report(len(data))


@dataclass
class Setting:
    """A store in an empty folder, over a world with the packs small, middle and strong."""

    root: Path
    world: World
    client: FakeClient
    npm: FakeClient
    known: dict[str, CatalogueEntry]
    steps: list[Step] = field(default_factory=list)

    def store(self, **options: Any) -> PackStore:
        channels = dict.fromkeys(("pip-wheel", "pip-sdist", "https"), self.client)
        clients = {**channels, "npm": self.npm}
        return PackStore(self.root, clients=clients, known=self.known, **options)

    def replace(self, manifest: PackManifest, table: str = "") -> None:
        self.known[manifest.name] = CatalogueEntry(manifest, table)

    def stored_bytes(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.root.rglob("*") if p.is_file())


@pytest.fixture
def world() -> World:
    a, b, c, d = (tiny_onnx(seed) for seed in range(4))
    world = World()
    wheel = {"wheel/models/a.onnx": a, "wheel/code.py": b"raise SystemExit"}
    world.serve("wheel", "pip-wheel", "wheel-1.0-cp311-cp311-linux_x86_64.whl", zipped(wheel))
    sdist = {"sdist-1.0/models/b.onnx": b, "sdist-1.0/models/predictor.dat": FORBIDDEN}
    world.serve("sdist", "pip-sdist", "sdist-1.0.tar.gz", tarred(sdist))
    world.serve("npm", "npm", "npm-1.0.tgz", tarred({"package/c.onnx": c}))
    world.serve("home", "https", "d.onnx", d)
    return world


@pytest.fixture
def packs(tmp_path: Path, world: World) -> Setting:
    detector = world.model("a", "wheel", "wheel/models/a.onnx", tiny_onnx(0))
    second = world.model("b", "sdist", "sdist-1.0/models/b.onnx", tiny_onnx(1))
    third = world.model("c", "npm", "package/c.onnx", tiny_onnx(2))
    fourth = world.model("d", "home", "d.onnx", tiny_onnx(3))
    setting = Setting(tmp_path / "packs", world, FakeClient(world), FakeClient(world), {})
    setting.replace(world.manifest("small", detector, second))
    setting.replace(world.manifest("middle", detector, second, third))
    setting.replace(world.manifest("strong", detector, fourth))
    return setting


@pytest.fixture
def network() -> Callable[..., bytes]:
    return tiny_onnx


@pytest.fixture
def make_zip() -> Callable[[dict[str, bytes]], bytes]:
    return zipped


@pytest.fixture
def make_tar() -> Callable[[dict[str, bytes]], bytes]:
    return tarred


@pytest.fixture
def forbidden() -> bytes:
    return FORBIDDEN
