from __future__ import annotations

from pathlib import Path

import pytest

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Assurance
from menshen.platform.packs import catalogue

NAMES = ["basic", "minifasnet", "openmodelzoo", "standard"]


def own(folder: Path, **changes: str) -> str:
    """Write a manifest like basic's under another name."""
    text = (Path(catalogue.__file__).parents[2] / "faces/models/packs/basic.toml").read_text()
    for old, new in {'name = "basic"': 'name = "our-own"', **changes}.items():
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "pack.toml").write_text(text)
    (folder / "basic-cosine.csv").write_text(catalogue.built_in()["basic"].table)
    return text


def test_the_packs_menshen_comes_with() -> None:
    entries = catalogue.built_in()
    assert sorted(entries) == NAMES
    for name, entry in entries.items():
        assert entry.manifest.name == name
        assert entry.table.startswith("similarity,") != entry.manifest.companion
        assert entry.text == ""


@pytest.mark.parametrize("name", NAMES)
def test_no_pack_claims_more_than_its_table_supports(name: str) -> None:
    entry = catalogue.built_in()[name]
    assert entry.manifest.assurance is catalogue.supported(entry.manifest, entry.table)


def test_the_liveness_pack_recognises_nobody_and_claims_nothing() -> None:
    manifest = catalogue.built_in()["minifasnet"].manifest
    assert manifest.companion
    assert (manifest.recognisers, manifest.calibration) == ((), None)
    assert manifest.assurance is Assurance.NONE
    assert [name for name in NAMES if catalogue.built_in()[name].manifest.companion] == [
        "minifasnet"
    ]


def test_the_weakest_pack_is_never_trusted_for_remote_verification() -> None:
    levels = {n: e.manifest.assurance for n, e in catalogue.built_in().items()}
    assert levels["basic"].rank < Assurance.REMOTE.rank
    assert levels["basic"].rank < levels["standard"].rank < levels["openmodelzoo"].rank


def test_every_artifact_has_a_home_in_its_channel() -> None:
    for entry in catalogue.built_in().values():
        for artifact in entry.manifest.artifacts:
            assert artifact.url.startswith("https://") == (artifact.channel == "https")
            assert Path(artifact.file).name == artifact.file


def test_an_offered_manifest_with_its_table(tmp_path: Path) -> None:
    text = own(tmp_path)
    (entry,) = catalogue.offered(tmp_path)
    assert (entry.manifest.name, entry.text) == ("our-own", text)
    assert entry.table == catalogue.built_in()["basic"].table


def test_nothing_offered(tmp_path: Path) -> None:
    assert catalogue.offered(tmp_path) == []
    assert catalogue.side_loaded(tmp_path / "nowhere") == ({}, {})


def test_names_of_menshens_own_packs_are_taken(tmp_path: Path) -> None:
    own(tmp_path, **{'name = "our-own"': 'name = "standard"'})
    with pytest.raises(ModelFileError, match="Menshen's own"):
        catalogue.offered(tmp_path)


def test_more_assurance_than_the_table_supports_is_refused(tmp_path: Path) -> None:
    own(tmp_path, **{'assurance = "convenience"': 'assurance = "sign-in"'})
    with pytest.raises(ModelFileError, match="more assurance"):
        catalogue.offered(tmp_path)


@pytest.mark.parametrize("table", ["", "similarity\n1\n", "not,a,table"])
def test_an_unusable_table_is_refused(tmp_path: Path, table: str) -> None:
    own(tmp_path)
    (tmp_path / "basic-cosine.csv").write_text(table)
    with pytest.raises(ModelFileError, match="unusable"):
        catalogue.offered(tmp_path)


@pytest.mark.parametrize("table", ["../basic-cosine.csv", "/etc/passwd", "a/b.csv"])
def test_a_table_elsewhere_is_refused(tmp_path: Path, table: str) -> None:
    own(tmp_path, **{'table = "basic-cosine.csv"': f'table = "{table}"'})
    with pytest.raises(ModelFileError, match="beside the manifest"):
        catalogue.offered(tmp_path)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    own(tmp_path)
    (tmp_path / "basic-cosine.csv").unlink()
    with pytest.raises(ModelFileError, match="cannot be read"):
        catalogue.offered(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", bytes(5 * 2**20), b"[unclosed"])
def test_an_unreadable_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pack.toml").write_bytes(content)
    with pytest.raises(ModelFileError):
        catalogue.offered(tmp_path)
