"""Decisions are objects: outcome, reasons, the numbers behind them, what would change them."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from menshen.errors import CalibrationError
from menshen.faces.engine import Sample


class Outcome(StrEnum):
    """What is to happen: let through, refuse, or have a person look."""

    ACCEPT = "accept"
    REJECT = "reject"
    REVIEW = "review"


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """Why: ``code`` is stable, the texts are for people."""

    code: str
    text_en: str
    text_zh: str


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """How sure a comparison must be.

    ``fmr`` is the false-match rate at which two samples count as one person: of a thousand
    strangers, how many may pass. Between ``fmr`` and ``review_fmr`` a person looks. A match on
    a sample whose overall quality is below ``least_quality`` (0..100) is looked at as well.
    """

    fmr: float = 1e-3
    review_fmr: float = 1e-2
    least_quality: int = 10
    version: str = "compare-1"

    def __post_init__(self) -> None:
        if not 0 < self.fmr <= self.review_fmr < 1:
            raise CalibrationError("a policy needs 0 < fmr <= review_fmr < 1")
        if not 0 <= self.least_quality <= 100:
            raise CalibrationError("least_quality lies between 0 and 100")


@dataclasses.dataclass(frozen=True, slots=True)
class Numbers:
    """The figures behind a decision.

    ``similarity`` is the fused cosine, -1..1; ``normalised`` the same after the site's own
    people are taken into account, None where the site is not calibrated. ``threshold`` and
    ``threshold_normalised`` are what the policy's rate asks of each; None asks nothing, both
    must be reached. ``fmr_bound`` is the 95 % upper bound of the false-match rate of accepting
    this comparison; ``fnmr`` the share of genuine pairs the thresholds reject in the
    calibration data, None where those hold none.
    """

    similarity: float
    threshold: float | None
    fmr_bound: float
    fmr_policy: float
    fnmr: float | None
    quality_a: int
    quality_b: int
    normalised: float | None = None
    threshold_normalised: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one comparison. ``calibration`` says what the rates were measured on."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    numbers: Numbers
    would_change: tuple[Reason, ...]
    policy_version: str
    pack: str
    contract: str
    calibration: str


@dataclasses.dataclass(frozen=True, slots=True)
class Comparison:
    """Two samples and the decision about them."""

    a: Sample
    b: Sample
    decision: Decision
