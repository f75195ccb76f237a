"""One-to-one comparison: two pictures in, a decision out."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from menshen.faces.calibration import CalibrationTable, level_of, permit
from menshen.faces.decode import Limits
from menshen.faces.engine import Engine, Sample
from menshen.faces.models.manifest import PackManifest
from menshen.faces.models.pack import Pack
from menshen.faces.scores import part_weights, similarity
from menshen.verification import reasons
from menshen.verification.records import Comparison, Decision, Numbers, Outcome, Policy, Reason

OTHER_RATES = (1e-2, 1e-3, 1e-4, 1e-5)


class Calibration(Protocol):
    """What gives a similarity its meaning: a published table, or a site's own."""

    def threshold(self, fmr: float) -> float:
        """Return the similarity to ask for; raises CalibrationError when it cannot be told."""
        ...

    def fmr(self, similarity: float) -> float:
        """Return the upper bound of the false-match rate of accepting this similarity."""
        ...

    def fnmr(self, similarity: float) -> float:
        """Return the share of genuine pairs below this similarity."""
        ...

    def supports(self, fmr: float) -> bool:
        """Tell whether the rate can be claimed at all."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Verifier:
    """An engine with the calibration its scores are read by; share one between threads.

    ``site`` tells whether the calibration comes from the site's own enrolled people.
    """

    engine: Engine
    calibration: Calibration
    title: str
    site: bool = False

    @classmethod
    def of(cls, pack: Pack, *, threads: int = 1) -> Verifier:
        """Make a verifier with the pack's published calibration table."""
        source = pack.manifest.calibration
        table = CalibrationTable.parse(pack.table, source=source)
        return cls(Engine(pack, threads=threads), table, source.title if source else "")

    def compare(
        self, a: bytes, b: bytes, *, policy: Policy, limits: Limits | None = None
    ) -> Comparison:
        """Compare two picture files under a policy.

        Raises CalibrationError when the policy asks for more than the pack supports, and a
        PictureError or FaceError whose ``index`` says which picture cannot be used.
        """
        self.permit(policy)
        first, second = self.engine.samples([a, b], limits=limits)
        return Comparison(first, second, self.decide(first, second, policy=policy))

    def permit(self, policy: Policy) -> None:
        """Raise CalibrationError when the policy asks for more than the pack supports."""
        manifest = self.engine.manifest
        permit(policy.fmr, granted=manifest.assurance, pack=manifest.name)
        self.calibration.threshold(policy.fmr)

    def decide(self, a: Sample, b: Sample, *, policy: Policy) -> Decision:
        """Decide about two samples already made by this engine."""
        manifest = self.engine.manifest
        score = similarity(a.template, b.template, weights=part_weights(manifest))
        threshold = self.calibration.threshold(policy.fmr)
        numbers = Numbers(
            similarity=score,
            threshold=threshold,
            fmr_bound=self.calibration.fmr(score),
            fmr_policy=policy.fmr,
            fnmr=self.calibration.fnmr(threshold),
            quality_a=a.quality.overall,
            quality_b=b.quality.overall,
        )
        outcome, why = _outcome(numbers, policy, self.calibration)
        return Decision(
            outcome=outcome,
            reasons=why if self.site else (*why, reasons.uncalibrated()),
            numbers=numbers,
            would_change=(
                *self._other_policies(numbers, policy, outcome, manifest),
                *_better_pictures(a, b, outcome),
            ),
            policy_version=policy.version,
            pack=manifest.name,
            contract=self.engine.contract,
            calibration=self.title,
        )

    def _other_policies(
        self, numbers: Numbers, policy: Policy, outcome: Outcome, manifest: PackManifest
    ) -> tuple[Reason, ...]:
        """Find the nearest rate, among those the pack may be used at, that decides otherwise."""
        for rate in sorted(OTHER_RATES, key=lambda rate: abs(rate - policy.fmr)):
            if rate == policy.fmr or not _allowed(rate, self.calibration, manifest):
                continue
            matched = numbers.similarity >= self.calibration.threshold(rate)
            if matched and outcome is not Outcome.ACCEPT:
                return (reasons.other_policy(rate, "accept"),)
            if not matched and outcome is Outcome.ACCEPT:
                return (reasons.other_policy(rate, "reject"),)
        return ()


def _allowed(rate: float, calibration: Calibration, manifest: PackManifest) -> bool:
    return level_of(rate).rank <= manifest.assurance.rank and calibration.supports(rate)


def _outcome(
    numbers: Numbers, policy: Policy, calibration: Calibration
) -> tuple[Outcome, tuple[Reason, ...]]:
    if numbers.similarity >= numbers.threshold:
        poor = tuple(
            reasons.low_quality(which)
            for which, quality in (("a", numbers.quality_a), ("b", numbers.quality_b))
            if quality < policy.least_quality
        )
        match = reasons.match(numbers.fmr_bound)
        return (Outcome.REVIEW, (match, *poor)) if poor else (Outcome.ACCEPT, (match,))
    if numbers.similarity >= calibration.threshold(policy.review_fmr):
        return Outcome.REVIEW, (reasons.near_threshold(),)
    return Outcome.REJECT, (reasons.no_match(numbers.fmr_bound),)


def _better_pictures(a: Sample, b: Sample, outcome: Outcome) -> tuple[Reason, ...]:
    if outcome is Outcome.ACCEPT:
        return ()
    return tuple(
        reasons.better_picture(which, weakest.tip_en, weakest.tip_zh)
        for which, quality in (("a", a.quality), ("b", b.quality))
        for weakest in quality.tips(limit=1)
    )
