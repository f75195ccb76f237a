"""An evaluation: every figure `menshen evaluate` reports, as frozen records."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from menshen.cli.extraction import Extraction
from menshen.cli.pairs import Pair
from menshen.cli.scoring import Comparisons, compare, left_out
from menshen.errors import CalibrationError
from menshen.faces.calibration import CalibrationTable
from menshen.faces.confidence import Scores, Summary, summarise
from menshen.faces.evaluation import (
    RULE_OF_3,
    RULE_OF_30,
    Doubles,
    TooFewPairsError,
    smallest_claim,
)
from menshen.faces.normalisation import normalise_pairs
from menshen.faces.records import Floats

RATES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
GROUP_DRAWS = 300
FEWEST_PEOPLE = 50
MANY = 200_000


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """A picture without a template."""

    picture: str
    code: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Acquisition:
    """What became of the pictures; ``rate`` is the failure-to-acquire rate (ISO/IEC 19795-1)."""

    pictures: int
    resumed: int
    missing: int
    failed: int
    rate: float
    pairs_left_out: int
    failures: tuple[Failed, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """One group's rates; None when it has only one kind of pair."""

    name: str
    pairs: int
    raw: Summary | None
    normalised: Summary | None


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured. ``claimed_fmr`` is the rate the user wants to claim."""

    pack: str
    contract: str
    claimed_fmr: float
    acquisition: Acquisition
    pairs: int
    people: int
    people_known: bool
    raw: Summary
    normalised: Summary | None
    cohort: str
    groups: tuple[Group, ...]
    deployed: str
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """An evaluation with the scores behind it, for plots and tables."""

    evaluation: Evaluation
    comparisons: Comparisons
    normalised: Doubles | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is evaluated: a pack, its calibration if it has one, and the rate to be claimed."""

    pack: str
    contract: str
    weights: tuple[float, ...]
    table: CalibrationTable | None
    claimed_fmr: float


def evaluate_pairs(
    subject: Subject,
    pairs: Sequence[Pair],
    extraction: Extraction,
    *,
    cohort: Floats | None = None,
) -> Measured:
    """Measure pairs whose pictures were extracted; raises TooFewPairsError.

    ``cohort`` is (M, D) flattened templates of other people, one each; without it the
    pictures themselves are the cohort, without the two people compared.
    """
    compared = compare(pairs, extraction.templates, weights=subject.weights)
    if not compared.pairs:
        raise TooFewPairsError("no pair has two usable pictures")
    thresholds = published_thresholds(subject.table)
    raw = _summary(compared.scores(), thresholds)
    if raw is None:
        raise TooFewPairsError("the usable pairs are all of one kind: same, or different")
    normalised, cohort_words = _normalise(compared, cohort)
    acquisition = _acquisition(pairs, extraction)
    evaluation = Evaluation(
        pack=subject.pack,
        contract=subject.contract,
        claimed_fmr=subject.claimed_fmr,
        acquisition=acquisition,
        pairs=len(compared.pairs),
        people=len(set(compared.people)),
        people_known=compared.people_known,
        raw=raw,
        normalised=None if normalised is None else _summary(compared.scores(normalised)),
        cohort=cohort_words,
        groups=_groups(compared, normalised, thresholds),
        deployed=_deployed(subject, normalised),
        warnings=tuple(_warnings(subject.claimed_fmr, raw, compared, acquisition)),
    )
    return Measured(evaluation, compared, normalised)


def published_thresholds(table: CalibrationTable | None) -> tuple[tuple[float, float], ...]:
    """Return (FMR, similarity) for the rates a table supports."""
    if table is None:
        return ()
    found = []
    for rate in RATES:
        try:
            found.append((rate, table.threshold(rate)))
        except CalibrationError:
            break
    return tuple(found)


def _summary(
    scores: Scores, thresholds: Sequence[tuple[float, float]] = (), *, draws: int = 0
) -> Summary | None:
    draws = draws or (1000 if len(scores.same) <= MANY else 200)
    try:
        return summarise(scores, rates=RATES, thresholds=thresholds, draws=draws)
    except TooFewPairsError:
        return None


def _normalise(compared: Comparisons, cohort: Floats | None) -> tuple[Doubles | None, str]:
    people = None if cohort is None else len(cohort)
    try:
        scores = normalise_pairs(
            compared.similarities,
            compared.left,
            compared.right,
            compared.features,
            people=compared.people,
            cohort=cohort,
        )
    except ValueError as error:
        return None, f"none: {error}"
    if people is None:
        return scores, "the other people of this set (the two compared left out)"
    return scores, f"{people:,} people given as a cohort"


def _groups(
    compared: Comparisons, normalised: Doubles | None, thresholds: Sequence[tuple[float, float]]
) -> tuple[Group, ...]:
    names = np.array([pair.group for pair in compared.pairs], dtype=object)
    groups = []
    for name in sorted({pair.group for pair in compared.pairs} - {""}):
        chosen = names == name
        raw = _summary(compared.scores().chosen(chosen), thresholds, draws=GROUP_DRAWS)
        other = (
            None
            if normalised is None
            else _summary(compared.scores(normalised).chosen(chosen), draws=GROUP_DRAWS)
        )
        groups.append(Group(name, int(chosen.sum()), raw, other))
    return tuple(groups)


def _acquisition(pairs: Sequence[Pair], extraction: Extraction) -> Acquisition:
    failures = extraction.failures
    wanted = {path for pair in pairs for path in (pair.left, pair.right)}
    listed = [Failed(str(path), f.code, f.detail) for path, f in failures.items() if path in wanted]
    return Acquisition(
        pictures=len(wanted),
        resumed=extraction.resumed,
        missing=extraction.missing,
        failed=len(failures) - extraction.missing,
        rate=extraction.failure_to_acquire_rate,
        pairs_left_out=left_out(pairs, failures.keys()),
        failures=tuple(sorted(listed, key=lambda failed: failed.picture)),
    )


def _deployed(subject: Subject, normalised: Doubles | None) -> str:
    raw = "`menshen verify` and the HTTP interface use the raw score"
    if subject.table is None:
        raw += "; this pack has no calibration table, so it needs one before it decides anything"
    if normalised is None:
        return raw + "."
    return raw + (
        "; a site that has calibrated itself with its own enrolled people (`menshen calibrate "
        "--site`) uses the normalised one, with thresholds of its own."
    )


def _warnings(
    claimed: float, raw: Summary, compared: Comparisons, acquisition: Acquisition
) -> list[str]:
    warnings = []
    if claimed < smallest_claim(raw.impostor_pairs) * (1 - 1e-9):
        warnings.append(
            f"Too few data for FMR {claimed:g}: the rule of 30 asks for "
            f"{RULE_OF_30 / claimed:,.0f} impostor pairs, and there are {raw.impostor_pairs:,}. "
            f"They speak of FMR {smallest_claim(raw.impostor_pairs):.1g} at best; without one "
            f"error among them FMR could still be {RULE_OF_3 / raw.impostor_pairs:.1g}."
        )
    if raw.genuine_pairs < RULE_OF_30 * 10:
        warnings.append(
            f"Few genuine pairs ({raw.genuine_pairs:,}): an FNMR below "
            f"{RULE_OF_30 / raw.genuine_pairs:.0%} is not well measured."
        )
    people = len(set(compared.people))
    if people < FEWEST_PEOPLE:
        warnings.append(f"Few people ({people}): the figures may be about these people only.")
    if not compared.people_known:
        warnings.append(
            "Who is who was worked out from the pairs: one person may count as several and stand "
            "in their own cohort, and with few people the normalised figures then look better "
            "than they are. Name them in columns person_a and person_b."
        )
    warnings += _claim_warnings(claimed, raw)
    if compared.contradictions:
        warnings.append(
            f"{compared.contradictions:,} pairs contradict the others: their labels and who is "
            "who do not go together."
        )
    if acquisition.failures:
        warnings.append(
            f"{len(acquisition.failures):,} of {acquisition.pictures:,} pictures gave no "
            f"template ({acquisition.missing:,} missing); {acquisition.pairs_left_out:,} pairs "
            "are left out, and all are listed."
        )
    return warnings


def _claim_warnings(claimed: float, raw: Summary) -> list[str]:
    fitting = [at for at in raw.at_thresholds if at.claimed_fmr >= claimed * (1 - 1e-9)]
    return [
        f"The pack's threshold for FMR {at.claimed_fmr:g} gives FMR {at.fmr.value:.2g} here "
        f"(95 %: {at.fmr.low:.2g} to {at.fmr.high:.2g}): calibrate on your own people."
        for at in fitting[-1:]
        if at.fmr.low > at.claimed_fmr
    ]
