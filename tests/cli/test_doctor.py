from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from menshen.cli import doctor
from menshen.cli.doctor import Finding
from menshen.errors import ModelFileError
from menshen.faces.models.contract import contract
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.platform.packs import PackStore, catalogue
from menshen.platform.packs.records import PackStatus, Problem


@dataclass
class FakeStore:
    """A store in which the packs named are installed."""

    root: Path
    present: tuple[str, ...] = ()
    chosen: str | None = None
    problems: tuple[Problem, ...] = ()
    tables: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, ModelFileError] = field(default_factory=dict)

    def list(self) -> tuple[PackStatus, ...]:
        manifests = [catalogue.built_in()[name].manifest for name in self.present]
        return tuple(
            PackStatus(
                m,
                contract(m),
                present=True,
                installed=True,
                active=m.name == self.chosen,
                bytes_on_disk=27_000_000,
            )
            for m in manifests
        )

    def damaged(self) -> dict[str, ModelFileError]:
        return self.manifests

    def verify(self, name: str) -> tuple[Problem, ...]:
        return self.problems

    def active(self) -> str | None:
        return self.chosen

    def load(self, name: str) -> Pack:
        entry = catalogue.built_in()[name]
        table = self.tables.get(name, entry.table)
        return Pack(
            entry.manifest, contract(entry.manifest), table, lambda _: NetworkBytes(b"", b"")
        )


def examined(store: Any) -> dict[str, Finding]:
    return {finding.subject: finding for finding in doctor.examine(store)}


def test_a_machine_that_is_ready(tmp_path: Path) -> None:
    findings = examined(FakeStore(tmp_path, ("basic", "standard"), "standard"))
    assert all(finding.state != "trouble" for finding in findings.values())
    assert findings["Python"].words.startswith(".".join(map(str, sys.version_info[:2])))
    assert "cores for us" in findings["Processor"].words
    assert "FP32" in findings["Processor"].words
    assert "OpenVINO 20" in findings["Runtime"].words
    assert findings["Pack basic"].words.startswith("intact, 27 MB")
    assert "'standard'" in findings["In use"].words


@pytest.mark.parametrize(
    ("pack", "level", "rate", "missed"),
    [
        ("basic", "convenience", "0.01", "not counter"),
        ("standard", "counter", "0.001", "not remote"),
        ("openmodelzoo", "remote", "0.0001", "not sign-in"),
    ],
)
def test_the_level_and_why_not_more(
    tmp_path: Path, pack: str, level: str, rate: str, missed: str
) -> None:
    finding = examined(FakeStore(tmp_path, (pack,), pack))["Assurance"]
    assert finding.state == "ok"
    assert finding.words.startswith(f"{level}: at a false-match rate of {rate} it rejects")
    assert missed in finding.words
    assert "(limit 2%)" in finding.words


def test_the_population_is_named(tmp_path: Path) -> None:
    finding = examined(FakeStore(tmp_path, ("basic",), "basic"))["Measured on"]
    assert finding.state == "note"
    assert "press photographs" in finding.words
    assert "calibrate with your own people" in finding.words


def test_a_table_that_supports_nothing(tmp_path: Path) -> None:
    header = "similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs"
    few = f"{header}\n0.1,9,10,0,10\n0.9,0,10,1,10\n"
    finding = examined(FakeStore(tmp_path, ("basic",), "basic", tables={"basic": few}))["Assurance"]
    assert finding.state == "trouble"
    assert "menshen calibrate" in finding.advice


def test_no_pack(tmp_path: Path) -> None:
    findings = examined(FakeStore(tmp_path))
    assert findings["Packs"].state == "trouble"
    assert findings["Packs"].advice == "menshen models fetch"
    assert "Assurance" not in findings


def test_a_damaged_pack(tmp_path: Path) -> None:
    damaged = (Problem("iris", "network.bin is missing"),)
    finding = examined(FakeStore(tmp_path, ("basic",), "basic", damaged))["Pack basic"]
    assert finding.state == "trouble"
    assert finding.words == "iris: network.bin is missing"
    assert finding.advice == "menshen models fetch basic"


def test_a_damaged_manifest_of_the_operators_own(tmp_path: Path) -> None:
    manifests = {"our-own": ModelFileError("the manifest is not TOML")}
    store = FakeStore(tmp_path, ("basic",), "basic", manifests=manifests)
    finding = examined(store)["Pack our-own"]
    assert (finding.state, finding.words) == ("trouble", "the manifest is not TOML")
    assert examined(store)["Assurance"].state == "ok"


def test_an_error_becomes_a_finding(tmp_path: Path) -> None:
    class Broken(FakeStore):
        def load(self, name: str) -> Pack:
            raise ModelFileError("the record is damaged")

    finding = examined(Broken(tmp_path, ("basic",), "basic"))["Assurance"]
    assert (finding.state, finding.words) == ("trouble", "the record is damaged")
    assert "menshen models fetch" in finding.advice


@pytest.mark.parametrize(("there", "state"), [(True, "note"), (False, "trouble")])
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool, state: str
) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    root = tmp_path if there else tmp_path / "not" / "yet"
    finding = examined(FakeStore(root, ("basic",), "basic"))["Packs folder"]
    assert finding.state == state
    assert "MENSHEN_PACKS_DIR" in finding.advice


def test_an_old_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (4, 0))
    assert examined(FakeStore(tmp_path))["Python"].state == "trouble"


def run(*words: str) -> Any:
    app = typer.Typer()
    app.command()(doctor.doctor)
    return CliRunner().invoke(app, list(words))


def test_a_pack_that_recognises_nobody_is_not_enough(tmp_path: Path) -> None:
    findings = examined(FakeStore(tmp_path, ("minifasnet",)))
    assert findings["Pack minifasnet"].state == "ok"
    assert findings["Packs"].state == "trouble"
    assert "recognises" in findings["Packs"].words
    assert "Packs" not in examined(FakeStore(tmp_path, ("minifasnet", "basic"), "basic"))


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENSHEN_PACKS_DIR", str(tmp_path / "packs"))
    return tmp_path


def test_the_command_on_an_empty_machine(nothing: Path) -> None:
    result = run()
    assert result.exit_code == 1
    assert "no model pack is installed" in result.output
    assert result.output.strip().endswith("Next: menshen models fetch")
    assert list(nothing.iterdir()) == []


def test_the_command_as_json(nothing: Path) -> None:
    result = run("--json")
    assert result.exit_code == 1
    data = json.loads(result.output)
    assert (data["ready"], data["next"]) == (False, "menshen models fetch")
    assert {"subject", "state", "words", "advice"} == set(data["findings"][0])


@pytest.mark.models
def test_the_command_with_the_real_packs(basic_pack: Pack) -> None:
    result = run("--json")
    assert result.exit_code == 0
    data = json.loads(result.output)
    assert data["ready"] is True
    assert data["next"].startswith("menshen verify")
    subjects = {finding["subject"] for finding in data["findings"]}
    assert {"Pack basic", "In use", "Assurance", "Measured on"} <= subjects


def test_a_real_store_is_only_looked_at(tmp_path: Path) -> None:
    list(doctor.examine(PackStore(tmp_path / "packs")))
    assert list(tmp_path.iterdir()) == []
