from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from menshen.cli.evaluation import Subject, evaluate_pairs, published_thresholds
from menshen.cli.extraction import Extraction
from menshen.cli.pairs import Pair
from menshen.cli.template_cache import Failure
from menshen.faces.calibration import CalibrationTable
from menshen.faces.confidence import Summary
from menshen.faces.evaluation import TooFewPairsError
from menshen.faces.records import Template

CONTRACT = "c" * 64


def table() -> CalibrationTable:
    rows = ["similarity,false_matches,impostor_pairs,false_non_matches,genuine_pairs"]
    rows += [f"{t / 20},{int(10 ** (7 - t / 4))},10000000,{t},1000" for t in range(21)]
    return CalibrationTable.parse("\n".join(rows))


SUBJECT = Subject("basic", CONTRACT, (1.0,), table(), claimed_fmr=1e-2)


def population(
    people: int = 12, pictures: int = 4, noise: float = 0.5
) -> tuple[list[Pair], Extraction]:
    """All pairs of a made-up population; every picture's features stand near its person's."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((people, 32))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    templates: dict[Path, Template] = {}
    for person in range(people):
        for k in range(pictures):
            vector = centres[person] + noise * rng.standard_normal(32) / np.sqrt(32)
            features = np.asarray(vector / np.linalg.norm(vector), np.float32)
            templates[Path(f"{person}-{k}")] = Template(CONTRACT, (features,))
    paths = list(templates)
    pairs = [
        Pair(a, b, owner(a) == owner(b), "even" if int(owner(a)) % 2 == 0 else "odd")
        for i, a in enumerate(paths)
        for b in paths[i + 1 :]
    ]
    return pairs, Extraction(templates, {}, resumed=3)


def owner(path: Path) -> str:
    return path.name.split("-")[0]


def test_an_evaluation_has_every_part() -> None:
    pairs, extraction = population()
    measured = evaluate_pairs(SUBJECT, pairs, extraction)
    evaluation = measured.evaluation
    assert (evaluation.pack, evaluation.contract) == ("basic", CONTRACT)
    assert (evaluation.pairs, evaluation.people) == (len(pairs), 12)
    assert evaluation.raw.genuine_pairs == 12 * 6
    assert evaluation.raw.eer.value < 0.1
    assert isinstance(evaluation.normalised, Summary)
    assert [group.name for group in evaluation.groups] == ["even", "odd"]
    assert sum(group.pairs for group in evaluation.groups) == len(pairs)
    assert [at.fmr for at in evaluation.raw.at_rates] == [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]
    assert [at.claimed_fmr for at in evaluation.raw.at_thresholds] == [1e-1, 1e-2, 1e-3, 1e-4]
    assert evaluation.acquisition.resumed == 3
    assert "raw score" in evaluation.deployed
    assert measured.normalised is not None
    assert measured.normalised.shape == measured.comparisons.similarities.shape


def test_what_the_published_thresholds_do_is_counted_on_these_pairs() -> None:
    pairs, extraction = population()
    measured = evaluate_pairs(SUBJECT, pairs, extraction)
    scores = measured.comparisons.scores()
    for at in measured.evaluation.raw.at_thresholds:
        assert at.threshold == table().threshold(at.claimed_fmr)
        assert at.fmr.value == np.mean(scores.similarities[~scores.same] >= at.threshold)


def test_failed_pictures_are_counted_and_listed() -> None:
    pairs, extraction = population()
    templates = dict(extraction.templates)
    failures = {
        Path("0-0"): Failure("picture-missing", "no such file"),
        Path("1-0"): Failure("face-not-found", "no face"),
    }
    for path in failures:
        del templates[path]
    evaluation = evaluate_pairs(SUBJECT, pairs, Extraction(templates, failures, 0)).evaluation
    acquisition = evaluation.acquisition
    assert (acquisition.pictures, acquisition.missing, acquisition.failed) == (48, 1, 1)
    assert acquisition.rate == pytest.approx(1 / 47)
    assert acquisition.pairs_left_out == 2 * 47 - 1 == len(pairs) - evaluation.pairs
    assert [f.code for f in acquisition.failures] == ["picture-missing", "face-not-found"]
    assert any("2 of 48 pictures" in warning for warning in evaluation.warnings)


def test_people_worked_out_from_the_pairs_are_warned_of() -> None:
    pairs, extraction = population()
    derived = evaluate_pairs(SUBJECT, pairs, extraction).evaluation
    assert any("worked out from the pairs" in warning for warning in derived.warnings)
    named = [
        dataclasses.replace(p, person_left=owner(p.left), person_right=owner(p.right))
        for p in pairs
    ]
    known = evaluate_pairs(SUBJECT, named, extraction).evaluation
    assert known.people_known
    assert not any("worked out" in warning for warning in known.warnings)


def test_too_few_data_are_called_so() -> None:
    pairs, extraction = population()
    subject = dataclasses.replace(SUBJECT, claimed_fmr=1e-3)
    warnings = evaluate_pairs(subject, pairs, extraction).evaluation.warnings
    assert any("rule of 30 asks for 30,000 impostor pairs" in warning for warning in warnings)
    assert any("Few people (12)" in warning for warning in warnings)
    assert any("Few genuine pairs (72)" in warning for warning in warnings)


def test_a_threshold_that_does_not_hold_here_is_called_so() -> None:
    pairs, extraction = population()
    strangers_alike = {
        path: Template(CONTRACT, (np.asarray((f := t.features[0] + 1) / np.linalg.norm(f)),))
        for path, t in extraction.templates.items()
    }
    evaluation = evaluate_pairs(
        SUBJECT, pairs, dataclasses.replace(extraction, templates=strangers_alike)
    ).evaluation
    assert any("threshold for FMR 0.01 gives FMR" in warning for warning in evaluation.warnings)


def test_contradicting_labels_are_called_so() -> None:
    pairs, extraction = population()
    pairs[0] = dataclasses.replace(pairs[0], same=False)
    warnings = evaluate_pairs(SUBJECT, pairs, extraction).evaluation.warnings
    assert any("1 pairs contradict" in warning for warning in warnings)


def test_few_people_are_not_normalised() -> None:
    pairs, extraction = population(people=3)
    evaluation = evaluate_pairs(SUBJECT, pairs, extraction).evaluation
    assert evaluation.normalised is None
    assert evaluation.cohort.startswith("none:")
    assert all(group.normalised is None for group in evaluation.groups)


def test_a_cohort_of_other_people_is_used() -> None:
    pairs, extraction = population(people=3)
    cohort = np.random.default_rng(5).standard_normal((20, 32)).astype(np.float32)
    cohort /= np.linalg.norm(cohort, axis=1, keepdims=True)
    evaluation = evaluate_pairs(SUBJECT, pairs, extraction, cohort=cohort).evaluation
    assert evaluation.normalised is not None
    assert evaluation.cohort == "20 people given as a cohort"


def test_a_group_of_one_kind_has_no_rates() -> None:
    pairs, extraction = population()
    marked = [dataclasses.replace(p, group="strangers" if not p.same else "") for p in pairs]
    (group,) = evaluate_pairs(SUBJECT, marked, extraction).evaluation.groups
    assert (group.name, group.raw) == ("strangers", None)
    assert group.pairs == sum(not p.same for p in pairs)


def test_nothing_to_measure() -> None:
    pairs, extraction = population()
    with pytest.raises(TooFewPairsError, match="one kind"):
        evaluate_pairs(SUBJECT, [p for p in pairs if p.same], extraction)
    with pytest.raises(TooFewPairsError, match="usable pictures"):
        evaluate_pairs(SUBJECT, pairs, Extraction({}, {}, 0))


def test_a_pack_without_a_table_publishes_nothing() -> None:
    assert published_thresholds(None) == ()
    pairs, extraction = population()
    evaluation = evaluate_pairs(
        dataclasses.replace(SUBJECT, table=None), pairs, extraction
    ).evaluation
    assert evaluation.raw.at_thresholds == ()
    assert "no calibration table" in evaluation.deployed
