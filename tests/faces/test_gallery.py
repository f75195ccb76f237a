from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from menshen.errors import CalibrationError, ContractMismatchError
from menshen.faces import gallery as gallery_module
from menshen.faces.calibration import CalibrationTable
from menshen.faces.gallery import Gallery, Match
from menshen.faces.records import Floats, Template
from menshen.faces.scores import flatten

CONTRACT = "c" * 64
ONE_PART = (1.0,)
THREE_PARTS = (0.8, 0.1, 0.1)


def table(impostor_pairs: int = 10**12) -> CalibrationTable:
    """A made-up population: a false match is ten times rarer for each 0.1 of similarity."""
    rows = ["similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs"]
    for step in range(101):
        similarity = step / 100
        matches = int(impostor_pairs * 10 ** (-10 * similarity))
        rows.append(f"{similarity},{matches},{impostor_pairs},0,1000")
    return CalibrationTable.parse("\n".join(rows))


TABLE = table()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 32 rows, so that small galleries have sealed and open blocks."""
    monkeypatch.setattr(gallery_module, "BLOCK", 32)


def unit(vector: NDArray[np.floating]) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def template(rng: np.random.Generator, sizes: Sequence[int] = (32,)) -> Template:
    return Template(CONTRACT, tuple(unit(rng.standard_normal(size)) for size in sizes))


def near(original: Template, rng: np.random.Generator, noise: float) -> Template:
    parts = (unit(p + noise * unit(rng.standard_normal(p.size))) for p in original.features)
    return Template(CONTRACT, tuple(parts))


def filled(
    templates: Sequence[tuple[str, Template]], weights: Sequence[float] = ONE_PART
) -> Gallery:
    gallery = Gallery(CONTRACT, weights=weights, table=TABLE)
    for person, enrolled in templates:
        gallery.add(person, enrolled)
    return gallery


def brute_force(
    enrolled: Sequence[tuple[str, Template]],
    probe: Template,
    *,
    weights: Sequence[float],
    fmr: float,
    margin: float,
) -> Match | None:
    """The definition, with no cleverness at all."""
    x = flatten(probe, weights=weights).astype(np.float64)
    best: dict[str, float] = {}
    for person, one in enrolled:
        score = float(flatten(one, weights=weights).astype(np.float64) @ x)
        best[person] = max(score, best.get(person, -2.0))
    ranked = sorted(best, key=lambda person: (-best[person], person))
    if not ranked or best[ranked[0]] < TABLE.threshold(fmr / len(enrolled)):
        return None
    if len(ranked) > 1 and best[ranked[0]] - best[ranked[1]] < margin:
        return None
    rate = min(1.0, len(enrolled) * TABLE.fmr(best[ranked[0]]))
    return Match(ranked[0], best[ranked[0]], rate)


@st.composite
def populations(
    draw: st.DrawFn,
) -> tuple[list[tuple[str, Template]], list[Template], tuple[float, ...]]:
    """Clusters of look-alikes, people with several templates, and probes near and far."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights, sizes = draw(
        st.sampled_from(
            [
                (ONE_PART, (20,)),
                (ONE_PART, (64,)),
                (THREE_PARTS, (32, 48, 48)),
                (THREE_PARTS, (32, 200, 200)),
            ]
        )
    )
    spread = draw(st.sampled_from([0.02, 0.1, 0.5, 3.0]))
    centres = [template(rng, sizes) for _ in range(draw(st.integers(1, 4)))]
    count = draw(st.integers(1, 110))
    people = draw(st.integers(1, count))
    enrolled = [
        (f"p{rng.integers(people)}", near(centres[i % len(centres)], rng, spread))
        for i in range(count)
    ]
    probes = [near(enrolled[rng.integers(count)][1], rng, spread / 2) for _ in range(4)]
    return enrolled, [*probes, enrolled[0][1], template(rng, sizes)], weights


@given(
    populations(),
    st.sampled_from([1e-6, 1e-4, 1e-2, 0.5]),
    st.sampled_from([0.0, 1e-4, 0.01, 0.2]),
)
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_search_equals_brute_force(
    population: tuple[list[tuple[str, Template]], list[Template], tuple[float, ...]],
    fmr: float,
    margin: float,
) -> None:
    enrolled, probes, weights = population
    gallery = filled(enrolled, weights)
    for probe in probes:
        found = gallery.search(probe, fmr=fmr, margin=margin)
        expected = brute_force(enrolled, probe, weights=weights, fmr=fmr, margin=margin)
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert found.person == expected.person
            assert found.similarity == pytest.approx(expected.similarity, abs=1e-12)
            assert found.false_positive_rate == pytest.approx(expected.false_positive_rate)


def test_search_equals_brute_force_at_the_real_block_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gallery_module, "BLOCK", 4096)
    rng = np.random.default_rng(3)
    centres = [template(rng, (128,)) for _ in range(40)]
    enrolled = [(str(i), near(centres[i % 40], rng, 0.3)) for i in range(5000)]
    gallery = filled(enrolled)
    for row in (0, 4095, 4096, 4999):
        probe = near(enrolled[row][1], rng, 0.25)
        found = gallery.search(probe, fmr=0.5)
        expected = brute_force(enrolled, probe, weights=ONE_PART, fmr=0.5, margin=0.0)
        assert found is not None
        assert expected is not None
        assert found.person == expected.person == str(row)


def test_a_stranger_is_nobody() -> None:
    rng = np.random.default_rng(1)
    gallery = filled([(str(i), template(rng, (128,))) for i in range(100)])
    assert all(gallery.search(template(rng, (128,)), fmr=1e-3) is None for _ in range(50))


def test_an_empty_gallery_knows_nobody() -> None:
    gallery = Gallery(CONTRACT, weights=ONE_PART, table=TABLE)
    assert len(gallery) == 0
    assert gallery.search(template(np.random.default_rng(1)), fmr=1e-3) is None


def test_the_threshold_rises_with_the_gallery() -> None:
    rng = np.random.default_rng(1)
    gallery = filled([("a", template(rng))])
    assert gallery.threshold(1e-3) == TABLE.threshold(1e-3)
    for i in range(9):
        gallery.add(str(i), template(rng))
    assert gallery.threshold(1e-3) == TABLE.threshold(1e-4) > TABLE.threshold(1e-3)


def test_strangers_are_identified_no_more_often_than_promised() -> None:
    """Simulated with scores that follow the table: the bound must hold for the whole gallery."""
    rng = np.random.default_rng(5)
    size, fmr, trials = 200, 0.05, 20_000
    rows = ["similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs"]
    draws = np.sort(rng.standard_normal(2_000_000) * 0.1)
    for t in np.arange(-0.5, 0.6, 0.005):
        above = draws.size - int(np.searchsorted(draws, t))
        rows.append(f"{t},{above},{draws.size},0,1")
    threshold = CalibrationTable.parse("\n".join(rows)).threshold(fmr / size)
    best = (rng.standard_normal((trials, size)) * 0.1).max(axis=1)
    assert (best >= threshold).mean() <= fmr


def test_an_unsupported_rate_is_refused() -> None:
    rng = np.random.default_rng(1)
    gallery = Gallery(CONTRACT, weights=ONE_PART, table=table(impostor_pairs=10**6))
    probe = template(rng)
    gallery.add("a", probe)
    assert gallery.search(probe, fmr=1e-4) is not None
    for i in range(10):
        gallery.add(str(i), template(rng))
    with pytest.raises(CalibrationError, match="11 templates"):
        gallery.search(probe, fmr=1e-4)
    with pytest.raises(CalibrationError, match="between 0 and 1"):
        gallery.search(probe, fmr=0.0)


def test_two_people_who_look_alike_are_nobody_with_a_margin() -> None:
    rng = np.random.default_rng(2)
    original = template(rng)
    twins = [("a", near(original, rng, 0.05)), ("b", near(original, rng, 0.05))]
    gallery = filled(twins)
    assert gallery.search(original, fmr=1e-3) is not None
    assert gallery.search(original, fmr=1e-3, margin=0.2) is None
    assert gallery.remove("b") == 1
    alone = gallery.search(original, fmr=1e-3, margin=0.2)
    assert alone is not None
    assert alone.person == "a"
    with pytest.raises(ValueError, match="margin"):
        gallery.search(original, fmr=1e-3, margin=float("nan"))


def test_one_person_with_two_templates_is_no_rival_to_themselves() -> None:
    rng = np.random.default_rng(2)
    original = template(rng)
    gallery = filled([("a", near(original, rng, 0.05)), ("a", near(original, rng, 0.05))])
    found = gallery.search(original, fmr=1e-3, margin=0.2)
    assert found is not None
    assert found.person == "a"


def test_other_contracts_are_refused() -> None:
    rng = np.random.default_rng(2)
    gallery = filled([("a", template(rng))])
    foreign = Template("d" * 64, template(rng).features)
    with pytest.raises(ContractMismatchError):
        gallery.add("b", foreign)
    with pytest.raises(ContractMismatchError):
        gallery.search(foreign, fmr=1e-3)
    assert len(gallery) == 1


def test_removal_forgets_sealed_and_open_rows() -> None:
    rng = np.random.default_rng(4)
    enrolled = [(f"p{i % 7}", template(rng)) for i in range(75)]
    gallery = filled(enrolled)
    mine = [t for person, t in enrolled if person == "p3"]
    assert gallery.remove("p3") == len(mine)
    assert gallery.remove("p3") == 0
    assert len(gallery) == 75 - len(mine)
    assert all(gallery.search(t, fmr=1e-6) is None for t in mine)
    others = [(person, t) for person, t in enrolled if person != "p3"]
    for person, t in others:
        found = gallery.search(t, fmr=1e-6)
        assert found is not None
        assert found.person == person


def test_a_gallery_can_be_emptied_and_filled_again() -> None:
    rng = np.random.default_rng(4)
    first = [("a", template(rng)) for _ in range(40)]
    gallery = filled(first)
    assert gallery.remove("a") == 40
    assert len(gallery) == 0
    assert gallery.search(first[0][1], fmr=1e-3) is None
    gallery.add("b", first[0][1])
    found = gallery.search(first[0][1], fmr=1e-3)
    assert found is not None
    assert found.person == "b"


@pytest.fixture
def writer() -> Iterator[tuple[Gallery, Template, threading.Thread, threading.Event]]:
    rng = np.random.default_rng(6)
    fixed = template(rng)
    gallery = filled([("fixed", fixed)])
    stop = threading.Event()

    def churn() -> None:
        own = np.random.default_rng(7)
        while not stop.is_set():
            for i in range(50):
                gallery.add(f"guest{i}", template(own))
            for i in range(50):
                gallery.remove(f"guest{i}")

    thread = threading.Thread(target=churn)
    thread.start()
    yield gallery, fixed, thread, stop
    stop.set()
    thread.join(timeout=30)


def test_searches_while_others_add_and_remove(
    writer: tuple[Gallery, Template, threading.Thread, threading.Event],
) -> None:
    gallery, fixed, thread, _ = writer
    for _ in range(400):
        found = gallery.search(fixed, fmr=1e-4)
        assert found is not None
        assert found.person == "fixed"
    assert thread.is_alive()
