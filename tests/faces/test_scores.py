from __future__ import annotations

import math
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.errors import ContractMismatchError
from menshen.faces import scores
from menshen.faces.models import manifest
from menshen.faces.records import Floats, Template

WEIGHTS = (0.8, 0.1, 0.1)


def unit(seed: int, size: int = 16) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def template(
    seed: int, *, contract: str = "c", weight: float = 1.0, samples: int = 1, parts: int = 3
) -> Template:
    features = tuple(unit(seed * 100 + part, 16 + part) for part in range(parts))
    return Template(contract, features, weight, samples)


def load(name: str) -> manifest.PackManifest:
    folder = resources.files("menshen.faces.models") / "packs"
    return manifest.parse((folder / f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("pack", "expected"),
    [("basic", (1.0,)), ("standard", (0.8, 0.1, 0.1)), ("openmodelzoo", (1.0,))],
)
def test_crops_share_their_recognisers_weight(pack: str, expected: tuple[float, ...]) -> None:
    weights = scores.part_weights(load(pack))
    assert weights == pytest.approx(expected)
    assert sum(weights) == pytest.approx(1)


def test_similarity_is_the_weighted_sum_of_cosines() -> None:
    a, b = template(1), template(2)
    cosines = [float(x @ y) for x, y in zip(a.features, b.features, strict=True)]
    expected = sum(w * c for w, c in zip(WEIGHTS, cosines, strict=True))
    assert scores.similarity(a, b, weights=WEIGHTS) == pytest.approx(expected, abs=1e-6)
    assert scores.similarity(b, a, weights=WEIGHTS) == pytest.approx(expected, abs=1e-6)


def test_four_to_one_is_how_the_published_table_was_fused() -> None:
    a, b = template(3), template(4)
    dlib, small, large = (float(x @ y) for x, y in zip(a.features, b.features, strict=True))
    published = (4 * dlib + (small + large) / 2) / 5
    weights = scores.part_weights(load("standard"))
    assert scores.similarity(a, b, weights=weights) == pytest.approx(published, abs=1e-6)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_dot_product_of_flattened_templates_is_the_similarity(x: int, y: int) -> None:
    a, b = template(x), template(y)
    flat = scores.flatten_all((a, b), weights=WEIGHTS)
    assert flat.dtype == np.float32
    assert np.linalg.norm(flat, axis=1) == pytest.approx([1, 1], abs=1e-5)
    fused = scores.similarity(a, b, weights=WEIGHTS)
    assert -1 <= fused <= 1
    assert float(flat[0] @ flat[1]) == pytest.approx(fused, abs=1e-5)


def test_a_template_is_like_itself_and_unlike_its_opposite() -> None:
    a = template(5)
    opposite = Template("c", tuple(-f for f in a.features))
    assert scores.similarity(a, a, weights=WEIGHTS) == pytest.approx(1)
    assert scores.similarity(a, opposite, weights=WEIGHTS) == pytest.approx(-1)


def test_templates_of_different_packs_are_never_compared() -> None:
    ours, theirs = template(1), template(1, contract="other")
    for attempt in (
        lambda: scores.similarity(ours, theirs, weights=WEIGHTS),
        lambda: scores.flatten_all((ours, theirs), weights=WEIGHTS),
        lambda: scores.fuse((ours, theirs)),
        lambda: scores.flatten(template(1, parts=2), weights=WEIGHTS),
    ):
        with pytest.raises(ContractMismatchError):
            attempt()


def test_flattening_nobody_gives_no_rows() -> None:
    assert scores.flatten_all((), weights=WEIGHTS).shape == (0, 0)


def test_fusing_one_picture_changes_nothing() -> None:
    a = template(7, weight=0.4)
    fused = scores.fuse((a,))
    assert scores.similarity(a, fused, weights=WEIGHTS) == pytest.approx(1)
    assert fused.weight == pytest.approx(0.4)
    assert (fused.samples, fused.contract) == (1, "c")


def test_fused_parts_are_unit_vectors_between_the_pictures() -> None:
    a, b = template(8), template(9)
    fused = scores.fuse((a, b))
    assert [float(np.linalg.norm(f)) for f in fused.features] == pytest.approx([1, 1, 1])
    apart = scores.similarity(a, b, weights=WEIGHTS)
    assert scores.similarity(a, fused, weights=WEIGHTS) > apart
    assert scores.similarity(b, fused, weights=WEIGHTS) > apart
    assert fused.samples == 2


def test_the_better_picture_counts_more() -> None:
    sharp, blurred = template(10, weight=0.9), template(11, weight=0.1)
    fused = scores.fuse((sharp, blurred))
    near = scores.similarity(sharp, fused, weights=WEIGHTS)
    assert near > scores.similarity(blurred, fused, weights=WEIGHTS)
    assert fused.weight == pytest.approx(0.5)


def test_a_worthless_picture_is_ignored_beside_a_good_one() -> None:
    good, worthless = template(12, weight=1.0), template(13, weight=0.0)
    fused = scores.fuse((good, worthless))
    assert scores.similarity(good, fused, weights=WEIGHTS) == pytest.approx(1)


def test_worthless_pictures_alone_count_alike() -> None:
    a, b = template(14, weight=0.0), template(15, weight=0.0)
    fused = scores.fuse((a, b))
    to_a = scores.similarity(a, fused, weights=WEIGHTS)
    assert to_a == pytest.approx(scores.similarity(b, fused, weights=WEIGHTS), abs=1e-5)
    assert fused.weight == 0


def test_a_fused_template_keeps_the_weight_of_its_pictures() -> None:
    many, one = template(16, samples=9), template(17)
    fused = scores.fuse((many, one))
    assert fused.samples == 10
    assert scores.similarity(many, fused, weights=WEIGHTS) > 0.9


def test_fusing_noisy_pictures_comes_closer_to_the_person() -> None:
    rng = np.random.default_rng(0)
    truth = unit(1, 128)

    def noisy() -> Template:
        vector = truth + 0.1 * rng.standard_normal(128).astype(np.float32)
        return Template("c", (vector / np.linalg.norm(vector),))

    pictures = [noisy() for _ in range(8)]
    person = Template("c", (truth,))
    single = np.mean([scores.similarity(person, p, weights=(1.0,)) for p in pictures])
    assert scores.similarity(person, scores.fuse(pictures), weights=(1.0,)) > single + 0.1


def test_opposite_pictures_still_give_a_unit_vector() -> None:
    a = template(18)
    fused = scores.fuse((a, Template("c", tuple(-f for f in a.features))))
    assert all(math.isclose(float(np.linalg.norm(f)), 1, abs_tol=1e-5) for f in fused.features)


def test_fusing_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        scores.fuse(())
