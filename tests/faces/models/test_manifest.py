from __future__ import annotations

import contextlib
import importlib.resources
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.errors import ModelFileError
from menshen.faces.models.contract import contract
from menshen.faces.models.manifest import Assurance, PackManifest, parse

PACKS = importlib.resources.files("menshen.faces.models") / "packs"
NAMES = ("basic", "standard", "openmodelzoo")


def text(name: str) -> str:
    return (PACKS / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_the_packs_that_come_along_are_sound(name: str) -> None:
    manifest = parse(text(name))
    assert manifest.name == name
    assert manifest.model("detector").format == "tflite"
    assert manifest.model("mesh").id == "face-mesh"
    assert manifest.calibration is not None
    assert (PACKS / manifest.calibration.table).is_file()
    for model in manifest.models:
        assert model.licence
        assert model.training_data
        assert model.paper


@pytest.mark.parametrize("name", NAMES)
def test_only_https_artifacts_name_a_home(name: str) -> None:
    for artifact in parse(text(name)).artifacts:
        assert bool(artifact.url) == (artifact.channel == "https")
        assert artifact.url.startswith("https://") or not artifact.url


def test_the_predictor_without_a_commercial_licence_is_never_named() -> None:
    assert not any("68" in s.member for m in parse(text("basic")).models for s in m.sources)


def test_assurance_levels_are_ordered() -> None:
    assert Assurance.NONE.rank < Assurance.CONVENIENCE.rank < Assurance.COUNTER.rank
    assert Assurance.COUNTER.rank < Assurance.REMOTE.rank < Assurance.SIGN_IN.rank


def replaced(old: str, new: str) -> Callable[[], str]:
    source = text("basic")
    assert old in source
    return lambda: source.replace(old, new, 1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: "=", "not TOML"),
        (lambda: "x = 1", "schema_version"),
        (lambda: "#" * 70_000, "64 KiB"),
        (replaced("schema_version = 1", "schema_version = 2"), "schema_version"),
        (replaced('name = "basic"', 'name = "../x"'), "name"),
        (replaced('sha256 = "', 'sha256 = "z'), "sha256"),
        (replaced('role = "detector"', 'role = "sorter"'), "role"),
        (replaced('artifact = "mediapipe"', 'artifact = "elsewhere"'), "artifact"),
        (replaced("weight = 1.0", "weight = 0.7"), "add up to 1"),
        (replaced("[263]", "[999]"), "0..467"),
        (replaced("[263]", "[]"), "0..467"),
        (replaced("[263], ", ""), "one target for each"),
        (replaced('model = "dlib-resnet"', 'model = "iris"'), "none"),
        (replaced("mirror = true", "mirror = true\nsecret = 1"), "secret"),
        (replaced('id = "iris"', 'id = "face-mesh"'), "unique"),
    ],
)
def test_what_is_wrong_is_said(make: Callable[[], str], words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        parse(make())


def test_a_missing_role_is_said() -> None:
    with pytest.raises(ModelFileError, match="no liveness"):
        parse(text("basic")).model("liveness")


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_manifest_or_our_error(noise: str) -> None:
    with contextlib.suppress(ModelFileError):
        parse(noise)


def test_every_pack_has_a_contract_of_its_own() -> None:
    assert len({contract(parse(text(name))) for name in NAMES}) == 3


def changed(**fields: object) -> PackManifest:
    return parse(text("basic")).model_copy(update=fields)


def test_words_and_calibration_do_not_change_the_contract() -> None:
    same = changed(title="Other words", assurance=Assurance.NONE, calibration=None)
    assert contract(same) == contract(parse(text("basic")))


def test_the_iris_model_does_not_change_the_contract() -> None:
    """It plays no part in a template: a better one must not cost anybody their enrolment."""
    manifest = parse(text("basic"))
    without = tuple(m for m in manifest.models if m.role != "iris")
    assert contract(changed(models=without)) == contract(manifest)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size = 150", "size = 151"),
        ("mirror = true", "mirror = false"),
        ('channels = "rgb"', 'channels = "bgr"'),
        ("0.3089987692", "0.3089987693"),
        ("1055cb9d4a9ca8b8", "2055cb9d4a9ca8b8"),
    ],
)
def test_what_changes_the_numbers_changes_the_contract(old: str, new: str) -> None:
    assert contract(parse(replaced(old, new)())) != contract(parse(text("basic")))


def test_a_pack_of_liveness_models_only_serves_beside_others() -> None:
    manifest = parse(text("minifasnet"))
    assert manifest.companion
    assert {m.role for m in manifest.models} == {"liveness"}
    assert all(m.licence == "Apache-2.0" for m in manifest.models)
    with pytest.raises(ModelFileError, match="has no detector"):
        manifest.model("detector")
    for name in NAMES:
        assert not parse(text(name)).companion


def test_a_liveness_model_beside_recognisers_makes_no_companion() -> None:
    whole, lone = parse(text("basic")), parse(text("minifasnet"))
    mixed = whole.model_copy(update={"models": (*whole.models, *lone.models)})
    assert not mixed.companion
    assert contract(mixed) == contract(whole)  # it changes no template
