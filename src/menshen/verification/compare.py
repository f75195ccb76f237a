"""One-to-one comparison: two pictures in, a decision out."""

from __future__ import annotations

import dataclasses
import math

from menshen.errors import ContractMismatchError
from menshen.faces.calibration import CalibrationTable, level_of, permit
from menshen.faces.decode import Limits
from menshen.faces.engine import Engine, Sample
from menshen.faces.models.pack import Pack
from menshen.faces.records import Template
from menshen.faces.scores import flatten, part_weights, similarity
from menshen.faces.site_calibration import Rule, SiteCalibration
from menshen.verification import reasons
from menshen.verification.records import Comparison, Decision, Numbers, Outcome, Policy, Reason

OTHER_RATES = (1e-2, 1e-3, 1e-4, 1e-5)


@dataclasses.dataclass(frozen=True, slots=True)
class Verifier:
    """An engine with the calibration its scores are read by; share one between threads.

    ``published`` is the pack's own table and ``title`` says what it was measured on; ``site``
    is the calibration from the site's enrolled people, where one was made with this pack.
    """

    engine: Engine
    published: CalibrationTable
    title: str
    site: SiteCalibration | None = None

    @classmethod
    def of(cls, pack: Pack, *, threads: int = 1, site: SiteCalibration | None = None) -> Verifier:
        """Make a verifier with the pack's published table and the site's calibration, if any.

        Raises ContractMismatchError when the site's calibration was made with another pack.
        """
        if site is not None and site.contract != pack.contract:
            raise ContractMismatchError("the site calibration was made with another model pack")
        source = pack.manifest.calibration
        table = CalibrationTable.parse(pack.table, source=source)
        title = source.title if source else ""
        return cls(Engine(pack, threads=threads), table, title, site)

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
        self.rule(policy.fmr)

    def rule(self, fmr: float) -> Rule:
        """Return what a comparison must reach; raises CalibrationError when nobody can tell."""
        if self.site is not None:
            return self.site.rule(fmr, published=self.published)
        return Rule(fmr, self.published.threshold(fmr), None, supported=False)

    def decide(self, a: Sample, b: Sample, *, policy: Policy) -> Decision:
        """Decide about two samples already made by this engine."""
        rule = self.rule(policy.fmr)
        numbers = self._numbers(a, b, rule)
        matched = _reaches(rule, numbers)
        near = _reaches(self.rule(policy.review_fmr), numbers)
        outcome, why = _outcome(numbers, policy, matched=matched, near=near)
        return Decision(
            outcome=outcome,
            reasons=(*why, *self._caveats(rule)),
            numbers=numbers,
            would_change=(
                *self._other_policies(numbers, policy, outcome),
                *_better_pictures(a, b, outcome),
            ),
            policy_version=policy.version,
            pack=self.engine.manifest.name,
            contract=self.engine.contract,
            calibration=self._measured_on(rule),
        )

    def _numbers(self, a: Sample, b: Sample, rule: Rule) -> Numbers:
        raw = similarity(a.template, b.template, weights=part_weights(self.engine.manifest))
        normalised = self._normalised(a.template, b.template)
        return Numbers(
            similarity=raw,
            threshold=rule.raw,
            normalised=normalised,
            threshold_normalised=rule.normalised,
            fmr_bound=self._fmr(raw, normalised, rule),
            fmr_policy=rule.fmr,
            fnmr=self._fnmr(rule),
            quality_a=a.quality.overall,
            quality_b=b.quality.overall,
        )

    def _normalised(self, a: Template, b: Template) -> float | None:
        if self.site is None:
            return None
        weights = part_weights(self.engine.manifest)
        return self.site.centred(flatten(a, weights=weights), flatten(b, weights=weights))

    def _fmr(self, raw: float, normalised: float | None, rule: Rule) -> float:
        """Bound the rate by the calibration the rule rests on: the site's, or the published."""
        if self.site is None or not rule.supported:
            return max(self.published.fmr(raw), self.published.smallest_claim)
        if self.site.normalised is not None and normalised is not None:
            return self.site.normalised.fmr(normalised)
        return self.site.raw.fmr(raw)

    def _fnmr(self, rule: Rule) -> float | None:
        if self.site is None:
            return None if rule.raw is None else self.published.fnmr(rule.raw)
        if rule.normalised is not None and self.site.normalised is not None:
            return self.site.normalised.fnmr(rule.normalised)
        return None if rule.raw is None else self.site.raw.fnmr(rule.raw)

    def _caveats(self, rule: Rule) -> tuple[Reason, ...]:
        if self.site is None:
            return (reasons.uncalibrated(),)
        if rule.supported:
            return ()
        return (reasons.too_few_people(rule.warning_en, rule.warning_zh),)

    def _measured_on(self, rule: Rule) -> str:
        if self.site is None or not rule.supported:
            return self.title
        return f"{self.site.people:,} people enrolled at this site, {self.site.made}"

    def _other_policies(
        self, numbers: Numbers, policy: Policy, outcome: Outcome
    ) -> tuple[Reason, ...]:
        """Find the nearest rate, among those the pack may be used at, that decides otherwise."""
        accepted = outcome is Outcome.ACCEPT
        for rate in sorted(OTHER_RATES, key=lambda rate: abs(math.log(rate / policy.fmr))):
            if rate == policy.fmr or not self._allowed(rate):
                continue
            if _reaches(self.rule(rate), numbers) is not accepted:
                return (reasons.other_policy(rate, "reject" if accepted else "accept"),)
        return ()

    def _allowed(self, rate: float) -> bool:
        assurance = self.engine.manifest.assurance
        return level_of(rate).rank <= assurance.rank and self.published.supports(rate)


def _reaches(rule: Rule, numbers: Numbers) -> bool:
    return rule.accepts(numbers.similarity, normalised=numbers.normalised)


def _outcome(
    numbers: Numbers, policy: Policy, *, matched: bool, near: bool
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Judge a comparison that reaches the policy's rate, the rate for review, or neither."""
    if matched:
        poor = tuple(
            reasons.low_quality(which)
            for which, quality in (("a", numbers.quality_a), ("b", numbers.quality_b))
            if quality < policy.least_quality
        )
        match = reasons.match(numbers.fmr_bound)
        return (Outcome.REVIEW, (match, *poor)) if poor else (Outcome.ACCEPT, (match,))
    if near:
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
