"""What the HTTP operations answer. No template ever is part of an answer."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from menshen.faces.models.manifest import CalibrationSource, ModelEntry, PackManifest
from menshen.faces.quality import Component, Quality
from menshen.faces.records import Box, Face, HeadPose, Picture
from menshen.verification.outlines import Point, outlines
from menshen.verification.records import Comparison, Decision, Numbers, Policy, Reason

Outline = Literal["face", "right_eye", "left_eye", "right_brow", "left_brow", "lips", "mouth"]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextMessage(_Message):
    """One text in both languages."""

    en: str
    zh: str


class PictureMessage(_Message):
    """A picture as it was sent, upright. All coordinates of an answer are its pixels."""

    width: int = Field(description="Pixels, after turning upright.")
    height: int = Field(description="Pixels, after turning upright.")
    format: str = Field(description="`jpeg`, `png` or `webp`: what the bytes are.")

    @classmethod
    def of(cls, picture: Picture) -> Self:
        """Describe ``picture``."""
        width, height = picture.full_size
        return cls(width=width, height=height, format=picture.format)


class BoxMessage(_Message):
    """A rectangle, in pixels from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, box: Box, *, scale: float) -> Self:
        """Describe ``box`` magnified by ``scale``."""
        sides = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        return cls(**{name: round(side * scale, 1) for name, side in sides.items()})


class PoseMessage(_Message):
    """How the head is held, in degrees; looking straight at the camera is 0, 0, 0."""

    yaw: float = Field(description="Positive: the nose points to the right edge of the picture.")
    pitch: float = Field(description="Positive: the nose points down.")
    roll: float = Field(description="Positive: the head leans clockwise in the picture.")

    @classmethod
    def of(cls, pose: HeadPose) -> Self:
        """Describe ``pose`` to a tenth of a degree."""
        return cls(yaw=round(pose.yaw, 1), pitch=round(pose.pitch, 1), roll=round(pose.roll, 1))


class ComponentMessage(_Message):
    """One quality component (ISO/IEC 29794-5)."""

    name: str
    label: TextMessage = Field(description="The name for people.")
    value: int = Field(ge=0, le=100, description="0 is worst, 100 is best.")
    measure: float = Field(description="What was measured, in `unit`.")
    unit: str
    clause: str = Field(description="Where the component's name comes from.")
    critical: bool = Field(description="Whether it alone can make the picture useless.")
    tip: TextMessage = Field(description="What the person can do about it.")

    @classmethod
    def of(cls, component: Component) -> Self:
        """Describe ``component``."""
        return cls(
            name=component.name,
            label=TextMessage(en=component.label_en, zh=component.label_zh),
            value=component.value,
            measure=round(float(component.measure), 3),
            unit=component.unit,
            clause=component.clause,
            critical=component.critical,
            tip=TextMessage(en=component.tip_en, zh=component.tip_zh),
        )


class QualityMessage(_Message):
    """How good a sample is."""

    overall: int = Field(ge=0, le=100, description="The worst critical component.")
    usable: bool = Field(description="Whether the sample should be used at all.")
    components: list[ComponentMessage]

    @classmethod
    def of(cls, quality: Quality) -> Self:
        """Describe ``quality``."""
        components = [ComponentMessage.of(component) for component in quality.components]
        return cls(overall=quality.overall, usable=quality.usable, components=components)


class FaceMessage(_Message):
    """One face: where it is, how it is held, how good a sample it makes."""

    box: BoxMessage
    score: float = Field(ge=0, le=1, description="The detector's confidence.")
    pose: PoseMessage
    outlines: dict[Outline, list[Point]] = Field(description="Closed outlines for drawing.")
    quality: QualityMessage

    @classmethod
    def of(cls, face: Face, quality: Quality, *, scale: float) -> Self:
        """Describe ``face``; ``scale`` turns its pixels into those of the picture as sent."""
        return cls(
            box=BoxMessage.of(face.detection.box, scale=scale),
            score=round(float(face.detection.score), 4),
            pose=PoseMessage.of(face.pose),
            outlines=outlines(face.mesh, scale=scale),  # type: ignore[arg-type]
            quality=QualityMessage.of(quality),
        )


class InspectAnswer(_Message):
    """All faces of one picture, largest first."""

    picture: PictureMessage
    faces: list[FaceMessage]
    pack: str
    contract: str

    @classmethod
    def of(
        cls, picture: Picture, faces: list[tuple[Face, Quality]], *, pack: str, contract: str
    ) -> Self:
        """Describe what was found in ``picture``."""
        described = [FaceMessage.of(f, q, scale=picture.reduction) for f, q in faces]
        about = PictureMessage.of(picture)
        return cls(picture=about, faces=described, pack=pack, contract=contract)


class SampleMessage(_Message):
    """One of the two pictures compared, and the face in it."""

    picture: PictureMessage
    face: FaceMessage


class ReasonMessage(_Message):
    """A reason: program against ``code``, show ``text``."""

    code: str
    text: TextMessage

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """Describe ``reason``."""
        return cls(code=reason.code, text=TextMessage(en=reason.text_en, zh=reason.text_zh))


class NumbersMessage(_Message):
    """The figures behind a decision."""

    similarity: float = Field(description="Fused cosine, -1 to 1. No threshold of its own.")
    threshold: float | None = Field(
        description="The similarity the policy asks for; null where it asks for the normalised one."
    )
    fmr_bound: float = Field(
        description="At most this share of pairs of strangers looks as alike (95 % upper bound)."
    )
    fmr_policy: float = Field(description="The share of strangers the policy lets pass.")
    fnmr: float | None = Field(
        description="Share of genuine pairs refused, in the calibration data; null: unknown."
    )
    quality_a: int
    quality_b: int
    normalised: float | None = Field(
        default=None, description="The score after the site's own people are taken into account."
    )
    threshold_normalised: float | None = Field(
        default=None, description="The normalised score the policy asks for."
    )

    @classmethod
    def of(cls, numbers: Numbers) -> Self:
        """Describe ``numbers``, rounded to what they are good for."""
        return cls.model_validate(
            {name: _rounded(getattr(numbers, name)) for name in cls.model_fields}
        )


class PolicyMessage(_Message):
    """The policy a decision was made under."""

    fmr: float
    review_fmr: float
    least_quality: int
    version: str


class CompareAnswer(_Message):
    """The decision about two pictures, why, and what would change it."""

    outcome: Literal["accept", "reject", "review"]
    reasons: list[ReasonMessage]
    numbers: NumbersMessage
    would_change: list[ReasonMessage]
    policy: PolicyMessage
    a: SampleMessage
    b: SampleMessage
    pack: str
    contract: str
    assurance: str = Field(description="The highest level the pack's calibration supports.")
    calibration: str = Field(description="What the rates were measured on.")

    @classmethod
    def of(cls, comparison: Comparison, *, policy: Policy, assurance: str) -> Self:
        """Describe ``comparison``."""
        decision = comparison.decision
        return cls(
            outcome=decision.outcome.value,
            reasons=_reasons(decision.reasons),
            numbers=NumbersMessage.of(decision.numbers),
            would_change=_reasons(decision.would_change),
            policy=_policy(policy, decision),
            a=_sample(comparison, "a"),
            b=_sample(comparison, "b"),
            pack=decision.pack,
            contract=decision.contract,
            assurance=assurance,
            calibration=decision.calibration,
        )


class ModelMessage(_Message):
    """One network of the pack: what may be said about it."""

    id: str
    role: str
    title: str
    licence: str
    training_data: str
    paper: str

    @classmethod
    def of(cls, model: ModelEntry) -> Self:
        """Describe ``model``."""
        return cls(**{name: getattr(model, name) for name in cls.model_fields})


class CalibrationMessage(_Message):
    """What the pack's error rates were measured on."""

    title: str
    population: str
    measured: str
    caveat: TextMessage

    @classmethod
    def of(cls, source: CalibrationSource) -> Self:
        """Describe ``source``."""
        caveat = TextMessage(en=source.caveat, zh=source.caveat_zh)
        return cls(
            title=source.title,
            population=source.population,
            measured=source.measured,
            caveat=caveat,
        )


class ModelsAnswer(_Message):
    """The pack in use."""

    pack: str
    title: TextMessage
    contract: str = Field(description="Templates are comparable only within one contract.")
    assurance: str = Field(description="The highest level the pack's calibration supports.")
    calibration: CalibrationMessage | None
    models: list[ModelMessage]

    @classmethod
    def of(cls, manifest: PackManifest, *, contract: str) -> Self:
        """Describe the pack of ``manifest``."""
        source = manifest.calibration
        return cls(
            pack=manifest.name,
            title=TextMessage(en=manifest.title, zh=manifest.title_zh),
            contract=contract,
            assurance=manifest.assurance.value,
            calibration=CalibrationMessage.of(source) if source else None,
            models=[ModelMessage.of(model) for model in manifest.models],
        )


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.6g}")


def _reasons(reasons: tuple[Reason, ...]) -> list[ReasonMessage]:
    return [ReasonMessage.of(reason) for reason in reasons]


def _policy(policy: Policy, decision: Decision) -> PolicyMessage:
    return PolicyMessage(
        fmr=policy.fmr,
        review_fmr=policy.review_fmr,
        least_quality=policy.least_quality,
        version=decision.policy_version,
    )


def _sample(comparison: Comparison, name: Literal["a", "b"]) -> SampleMessage:
    sample = comparison.a if name == "a" else comparison.b
    scale = sample.picture.reduction
    face = FaceMessage.of(sample.face, sample.quality, scale=scale)
    return SampleMessage(picture=PictureMessage.of(sample.picture), face=face)
