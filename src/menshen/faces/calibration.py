"""What a similarity is worth: the calibration table and the claims it supports.

A table counts, for each threshold, the false matches among impostor pairs and the false
non-matches among genuine pairs (ISO/IEC 19795-1). Everything read from it errs on the safe
side: a rate is the one-sided 95 % upper bound of Clopper and Pearson (1934), a threshold is
the first one whose bound is small enough, and a rate is only claimed when the table has
enough pairs to show it (the rule of 30, Doddington et al. 2000).

Pairs that share a person are not independent, so the bound is exact for independent pairs
and somewhat too small for all pairs of few people: :mod:`menshen.faces.site_calibration`
deals with that case.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from statistics import NormalDist
from typing import Self

import numpy as np
from numpy.typing import NDArray

from menshen.errors import CalibrationError
from menshen.faces.models.manifest import Assurance, CalibrationSource

COLUMNS = ("similarity", "false_matches", "impostor_pairs", "false_non_matches", "genuine_pairs")
RULE_OF_30 = 30
CONFIDENCE = 0.95
LIMIT = 4 * 1024 * 1024
MAX_FNMR = 0.02
LEVELS = {
    Assurance.CONVENIENCE: 1e-2,
    Assurance.COUNTER: 1e-3,
    Assurance.REMOTE: 1e-4,
    Assurance.SIGN_IN: 1e-5,
}
"""The false-match rate each assurance level asks for."""

_EXACT = 20_000
Counts = NDArray[np.int64]


def upper_bound(errors: int, trials: int, *, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided upper confidence bound of an error rate (Clopper and Pearson 1934).

    ``errors`` of ``trials`` independent trials failed; the result is 0..1, and 1 where there
    were no trials. Exact up to 20,000 errors; beyond, within a relative 1e-6 (Abramowitz and
    Stegun 1964, 26.5.22).
    """
    if not 0 <= errors <= trials:
        raise ValueError("errors must be 0..trials")
    if errors == trials:
        return 1.0
    start = _beta_quantile(errors + 1, trials - errors, confidence)
    return start if errors > _EXACT else _solve_tail(errors, trials, 1 - confidence, start)


def _beta_quantile(a: float, b: float, probability: float) -> float:
    z = NormalDist().inv_cdf(1 - probability)
    u, v = 1 / (2 * a - 1), 1 / (2 * b - 1)
    h, k = 2 / (u + v), (z * z - 3) / 6
    w = z * math.sqrt(h + k) / h if h + k > 0 else 0.0
    w -= (v - u) * (k + 5 / 6 - 2 / (3 * h))
    return a / (a + b * math.exp(2 * w))


def _solve_tail(errors: int, trials: int, tail: float, start: float) -> float:
    """Find p with P(X <= errors) = tail for X ~ Binomial(trials, p), by bracketed Newton."""
    i = np.arange(errors)
    ways = np.concatenate([[0.0], np.cumsum(np.log((trials - i) / (i + 1.0)))])
    index = np.arange(errors + 1)
    low, high, p = 0.0, 1.0, start
    for _ in range(60):
        terms = ways + index * math.log(p) + (trials - index) * math.log1p(-p)
        top = float(terms.max())
        excess = top + math.log(float(np.exp(terms - top).sum())) - math.log(tail)
        low, high = (p, high) if excess > 0 else (low, p)
        slope = -(trials - errors) / (1 - p) * math.exp(float(terms[-1]) - excess) / tail
        step = p - excess / slope if slope < 0 else high
        new = step if low < step < high else (low + high) / 2
        if abs(new - p) <= 1e-12 * p:
            return new
        p = new
    return high


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class CalibrationTable:
    """Error counts over rising thresholds, and where they come from.

    All arrays are (T,), read-only. ``bounds`` is the upper bound of the false-match rate at
    each threshold. ``source`` tells the population, date and caveats; None when unknown.
    """

    similarity: NDArray[np.float64]
    false_matches: Counts
    impostor_pairs: Counts
    false_non_matches: Counts
    genuine_pairs: Counts
    bounds: NDArray[np.float64]
    source: CalibrationSource | None = None

    @classmethod
    def parse(cls, csv_text: str, *, source: CalibrationSource | None = None) -> Self:
        """Read a table from CSV with the columns of ``COLUMNS``.

        Raises CalibrationError when it is malformed: thresholds must rise, false matches
        must not rise, false non-matches must not fall, and no count may exceed its total.
        """
        return cls.of(_columns(csv_text), source=source)

    @classmethod
    def of(cls, columns: NDArray[np.float64], *, source: CalibrationSource | None = None) -> Self:
        """Make a table from a (T, 5) array in the order of ``COLUMNS``; raises as parse does."""
        _check(columns)
        matches, impostors, rejections, genuine = columns[:, 1:].astype(np.int64).T
        pairs = zip(matches, impostors, strict=True)
        exact = np.array([upper_bound(int(errors), int(trials)) for errors, trials in pairs])
        bounds = np.minimum.accumulate(exact)
        table = cls(columns[:, 0].copy(), matches, impostors, rejections, genuine, bounds, source)
        for array in (table.similarity, matches, impostors, rejections, genuine, bounds):
            array.setflags(write=False)
        return table

    def fmr(self, similarity: float) -> float:
        """Return the upper bound of the false-match rate of accepting this similarity."""
        row = self._row_at_or_below(similarity)
        return 1.0 if row < 0 else float(self.bounds[row])

    @property
    def smallest_claim(self) -> float:
        """The false-match rate below which the table is silent, by the rule of 30."""
        return RULE_OF_30 / int(self.impostor_pairs.min())

    def fmr_estimate(self, similarity: float) -> float:
        """Return the measured false-match rate: a point estimate, for plots and not for policy."""
        row = self._row_at_or_below(similarity)
        return 1.0 if row < 0 else float(self.false_matches[row] / self.impostor_pairs[row])

    def fnmr(self, similarity: float) -> float:
        """Return the measured false non-match rate of asking for this similarity.

        1 where the table has no genuine pairs: nothing is known.
        """
        rejected, pairs = self._rejected(similarity)
        return rejected / pairs if pairs else 1.0

    def fnmr_bound(self, similarity: float) -> float:
        """Return the upper bound of the false non-match rate of asking for this similarity."""
        return upper_bound(*self._rejected(similarity))

    def supports(self, fmr: float) -> bool:
        """Tell whether the table has the pairs to claim this false-match rate."""
        enough = fmr * int(self.impostor_pairs.min()) >= RULE_OF_30 * (1 - 1e-9)
        return enough and bool((self.bounds <= fmr).any())

    def threshold(self, fmr: float) -> float:
        """Return the lowest similarity whose false-match rate is at most ``fmr``.

        Raises CalibrationError when the table cannot support the claim.
        """
        if not 0 < fmr < 1:
            raise CalibrationError("a false-match rate lies between 0 and 1")
        if not self.supports(fmr):
            needed = math.ceil(RULE_OF_30 / fmr)
            raise CalibrationError(
                f"a false-match rate of {fmr:g} needs {needed:,} impostor pairs and a threshold "
                f"that reaches it; the table has {int(self.impostor_pairs.min()):,} pairs"
            )
        return float(self.similarity[int(np.argmax(self.bounds <= fmr))])

    def _rejected(self, similarity: float) -> tuple[int, int]:
        row = int(np.searchsorted(self.similarity, similarity, side="left"))
        pairs = int(self.genuine_pairs.max())
        if row == len(self.similarity):
            return pairs, pairs
        return int(self.false_non_matches[row]), int(self.genuine_pairs[row])

    def _row_at_or_below(self, similarity: float) -> int:
        return int(np.searchsorted(self.similarity, similarity, side="right")) - 1


def assurance(table: CalibrationTable) -> Assurance:
    """Return the highest level the table supports.

    A level is supported when the table has the pairs for its false-match rate and shows that
    at most 2 % of genuine pairs are rejected there (upper bound), and so are all levels below.
    """
    reached = Assurance.NONE
    for level, fmr in LEVELS.items():
        if not table.supports(fmr) or table.fnmr_bound(table.threshold(fmr)) > MAX_FNMR:
            return reached
        reached = level
    return reached


def level_of(fmr: float) -> Assurance:
    """Return the assurance level a policy claims by asking for this false-match rate."""
    claimed = [level for level, rate in LEVELS.items() if fmr <= rate * (1 + 1e-9)]
    return claimed[-1] if claimed else Assurance.NONE


def permit(fmr: float, *, granted: Assurance, pack: str) -> None:
    """Refuse a policy that stakes more on a pack than its table supports.

    ``granted`` is the level of the pack (its manifest's, or :func:`assurance` of its table).
    Raises CalibrationError in plain words when ``fmr`` claims a higher one.
    """
    claimed = level_of(fmr)
    if claimed.rank > granted.rank:
        raise CalibrationError(
            f"a false-match rate of {fmr:g} is assurance level '{claimed}', but the pack "
            f"'{pack}' supports only '{granted}'"
        )


def _columns(csv_text: str) -> NDArray[np.float64]:
    if len(csv_text) > LIMIT:
        raise CalibrationError("the calibration table is longer than 4 MiB")
    reader = csv.reader(io.StringIO(csv_text), strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise CalibrationError(f"the first line must be {','.join(COLUMNS)}")
        rows = [[float(cell) for cell in row] for row in reader if row]
        return np.array(rows, dtype=np.float64)
    except (ValueError, csv.Error) as error:
        raise CalibrationError(f"the calibration table is malformed: {error}") from error


def _check(columns: NDArray[np.float64]) -> None:
    if columns.ndim != 2 or columns.shape[1:] != (len(COLUMNS),) or not len(columns):
        raise CalibrationError("the calibration table needs five numbers in each row")
    counts = columns[:, 1:]
    if not np.isfinite(columns).all() or (counts != np.floor(counts)).any() or (counts < 0).any():
        raise CalibrationError("counts must be whole and not negative, similarities finite")
    if (counts[:, ::2] > counts[:, 1::2]).any() or (counts > 2**53).any():
        raise CalibrationError("more errors than pairs")
    if not (counts[:, 1] > 0).all():
        raise CalibrationError("the calibration table has no impostor pairs")
    steps = np.diff(columns, axis=0)
    if not ((steps[:, 0] > 0).all() and (steps[:, 1] <= 0).all() and (steps[:, 3] >= 0).all()):
        raise CalibrationError("similarities must rise, false matches fall, false non-matches rise")
