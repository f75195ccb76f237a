"""The words of decisions, in English and Simplified Chinese, by stable code."""

from __future__ import annotations

from menshen.verification.records import Reason


def odds(rate: float) -> str:
    """Say a rate as "1 in N", N rounded to two significant digits; "most" from one half up."""
    if rate >= 0.5:
        return "most"
    inverse = 1 / rate
    digits = max(0, len(str(int(inverse))) - 2)
    return f"1 in {round(inverse, -digits):,.0f}"


def _many(rate: float) -> str:
    return "most" if rate >= 0.5 else f"as many as {odds(rate)}"


def match(fmr: float) -> Reason:
    """Say that the similarity is high enough."""
    return Reason(
        "match",
        f"The two faces match: at most {odds(fmr)} pairs of strangers would look this alike.",
        f"两张人脸匹配：不同的人如此相像的概率不超过 {fmr:.2g}。",
    )


def no_match(fmr: float) -> Reason:
    """Say that the similarity is too low."""
    return Reason(
        "no-match",
        f"The two faces do not match: {_many(fmr)} pairs of strangers look this alike.",
        f"两张人脸不匹配：不同的人中约有 {fmr:.2g} 的比例如此相像。",
    )


def near_threshold() -> Reason:
    """Say that the similarity lies between the policy's two rates."""
    return Reason(
        "near-threshold",
        "Too alike to refuse, not alike enough to accept: a person should look.",
        "相似程度介于通过与拒绝之间：请由工作人员核对。",
    )


def low_quality(which: str) -> Reason:
    """Say that a sample is too poor to rely on; ``which`` is ``a`` or ``b``."""
    picture, picture_zh = ("first", "第一张") if which == "a" else ("second", "第二张")
    return Reason(
        f"quality-low-{which}",
        f"The {picture} picture is too poor to rely on.",
        f"{picture_zh}照片质量过低，结果不可靠。",
    )


def uncalibrated() -> Reason:
    """Warn that the rates were measured on other people and cameras."""
    return Reason(
        "site-not-calibrated",
        "The rate was measured on press photographs, not on your people and cameras: "
        "run `menshen calibrate --site` once people are enrolled.",
        "该误识率来自新闻照片数据，而非本场所的人员与摄像头：登记人员后请运行 "
        "`menshen calibrate --site`。",
    )


def too_few_people(warning_en: str, warning_zh: str) -> Reason:
    """Warn that the site's calibration rests on too few people for this rate."""
    return Reason("site-too-few-people", warning_en, warning_zh)


def other_policy(fmr: float, outcome: str) -> Reason:
    """Say which other policy would decide otherwise, and how."""
    outcomes = {"accept": "通过", "reject": "拒绝", "review": "人工核对"}
    return Reason(
        "other-policy",
        f"A policy of {odds(fmr)} would {outcome} this pair.",
        f"若策略的误识率为 {fmr:.2g}，结果将为“{outcomes[outcome]}”。",
    )


def better_picture(which: str, tip_en: str, tip_zh: str) -> Reason:
    """Give the weakest point of a picture as a tip to act on."""
    picture, picture_zh = ("first", "第一张") if which == "a" else ("second", "第二张")
    return Reason(
        f"better-picture-{which}",
        f"A better {picture} picture: {tip_en}",
        f"改善{picture_zh}照片：{tip_zh}",
    )
