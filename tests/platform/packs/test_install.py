from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from menshen.errors import ModelFileError
from menshen.platform.packs import conversion, install
from menshen.platform.packs.errors import PackMissingError
from menshen.platform.packs.install import Found, Installer
from menshen.platform.packs.records import Step


@pytest.fixture
def installer(packs: Any) -> Installer:
    clients = {"pip-wheel": packs.client, "pip-sdist": packs.client, "npm": packs.npm}
    return Installer(packs.root, fetchers=clients, found=Found(), progress=packs.steps.append)


def test_tells_how_far_it_is(packs: Any, installer: Installer) -> None:
    installer.provide(packs.known["small"].manifest)
    fetched = [s for s in packs.steps if s.work == "fetch" and s.subject == "sdist-1.0.tar.gz"]
    size = len(packs.world.files["sdist-1.0.tar.gz"])
    assert [s.done for s in fetched] == [0, size // 2, size, size]
    assert {(s.total, s.unit) for s in fetched} == {(size, "bytes")}
    assert Step("convert", "the network b", 2, 2) in packs.steps
    assert all(0 <= s.done <= s.total for s in packs.steps)


def test_downloads_stay_until_they_are_discarded(packs: Any, installer: Installer) -> None:
    manifest = packs.known["small"].manifest
    installer.provide(manifest)
    names = {path.name for path in (packs.root / "downloads").iterdir()}
    assert names == {artifact.sha256 for artifact in manifest.artifacts}
    installer.discard_downloads(manifest)
    assert not list((packs.root / "downloads").iterdir())


def test_stored_means_whole(packs: Any, installer: Installer) -> None:
    manifest = packs.known["small"].manifest
    model = manifest.models[0]
    assert not installer.stored(model)
    with pytest.raises(PackMissingError):
        installer.records(manifest)
    installer.provide(manifest)
    assert installer.stored(model)
    record = installer.records(manifest)["a"]
    folder = packs.root / "models" / record.key
    assert install.damage(folder, record) == ""
    (folder / conversion.WEIGHTS).write_bytes(bytes(record.weights.size))
    assert install.damage(folder, record) == "network.bin has been changed"
    assert not installer.stored(model)


def test_left_overs_of_a_killed_run_are_cleared(packs: Any, installer: Installer) -> None:
    litter = packs.root / "tmp" / "fetch" / "half"
    litter.parent.mkdir(parents=True)
    litter.write_bytes(b"half")
    installer.provide(packs.known["small"].manifest)
    assert not litter.exists()


def test_kept_sources_must_be_what_their_names_say(packs: Any, installer: Installer) -> None:
    assert install.kept(packs.root).files == {}
    installer.provide(packs.known["small"].manifest)
    files = install.kept(packs.root).files
    assert len(files) == 2
    next(iter(files.values())).write_bytes(b"other")
    assert len(install.kept(packs.root).files) == 1


def test_a_file_that_changes_while_it_is_read(packs: Any, tmp_path: Path) -> None:
    source = packs.known["small"].manifest.models[0].sources[0]
    path = tmp_path / "changing"
    path.write_bytes(b"something else by now")
    installer = Installer(
        packs.root, fetchers={}, found=Found({source.sha256: path}), progress=packs.steps.append
    )
    with pytest.raises(ModelFileError, match="changed while it was read"):
        installer.provide(
            packs.world.manifest("one", packs.known["small"].manifest.models[0].model_dump())
        )
