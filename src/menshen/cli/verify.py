"""Compare two pictures from the command line: `menshen verify A B`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.panel import Panel
from rich.table import Table

from menshen.cli.common import NO, OK, Lang, Language, out, read_picture, reported

if TYPE_CHECKING:
    from menshen.faces.engine import Sample
    from menshen.verification.records import Comparison, Decision, Policy, Reason

COLOURS = {"accept": "green", "reject": "red", "review": "yellow"}
WORDS = {
    "en": {"accept": "ACCEPT", "reject": "REJECT", "review": "REVIEW"},
    "zh": {"accept": "通过", "reject": "拒绝", "review": "人工核对"},
}


def verify(
    first: Annotated[Path, typer.Argument(help="A picture with one face.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    fmr: Annotated[
        float | None,
        typer.Option(help="False-match rate to hold. Default: the pack's level, at most 1e-3."),
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack. Default: the active one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the words.")] = Lang.en,
) -> None:
    """Compare two pictures. Exit status: 0 accepted, 1 rejected or for review, 2 error."""
    with reported(as_json=as_json):
        from menshen.verification.opening import default_policy, open_verifier

        verifier = open_verifier(pack)
        policy = default_policy(verifier, fmr=fmr)
        pictures = [read_picture(path, index=i) for i, path in enumerate((first, second))]
        comparison = verifier.compare(*pictures, policy=policy)
    if as_json:
        typer.echo(json.dumps(as_dict(comparison), ensure_ascii=False, indent=2))
    else:
        _show(comparison, policy, names=(first.name, second.name), lang=lang.value)
    raise typer.Exit(OK if comparison.decision.outcome == "accept" else NO)


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data; templates and pixels stay out of it."""
    return {
        **dataclasses.asdict(comparison.decision),
        "a": _sample(comparison.a),
        "b": _sample(comparison.b),
    }


def _sample(sample: Sample) -> dict[str, Any]:
    box = sample.face.detection.box
    scale = sample.picture.reduction
    return {
        "width": sample.picture.full_size[0],
        "height": sample.picture.full_size[1],
        "box": [round(v * scale, 1) for v in (box.x, box.y, box.width, box.height)],
        "pose": dataclasses.asdict(sample.face.pose),
        "quality": sample.quality.overall,
        "components": {c.name: c.value for c in sample.quality.components},
        "tips": [c.tip_en for c in sample.quality.tips(limit=3)],
    }


def _show(
    comparison: Comparison, policy: Policy, *, names: tuple[str, str], lang: Language
) -> None:
    out.print(_quality_table(comparison, names=names, lang=lang))
    decision = comparison.decision
    colour = COLOURS[decision.outcome]
    lines = [f"[bold {colour}]{WORDS[lang][decision.outcome]}[/]"]
    lines += [_text(reason, lang) for reason in decision.reasons]
    lines += [_figures(decision, policy, lang)]
    lines += [f"→ {_text(change, lang)}" for change in decision.would_change]
    out.print(Panel("\n".join(lines), border_style=colour, expand=False))


def _quality_table(comparison: Comparison, *, names: tuple[str, str], lang: Language) -> Table:
    table = Table("质量 0–100" if lang == "zh" else "Quality, 0–100", *names)
    rows = zip(comparison.a.quality.components, comparison.b.quality.components, strict=True)
    for one, other in rows:
        table.add_row(one.label(lang), _graded(one.value), _graded(other.value))
    table.add_section()
    overall = "总体" if lang == "zh" else "Overall"
    table.add_row(overall, *(_graded(s.quality.overall) for s in (comparison.a, comparison.b)))
    return table


def _graded(value: int) -> str:
    colour = "green" if value >= 70 else "yellow" if value >= 30 else "red"
    return f"[{colour}]{value}[/]"


def _figures(decision: Decision, policy: Policy, lang: Language) -> str:
    n = decision.numbers
    asked = "需" if lang == "zh" else "asked"
    scores = [_score("相似度" if lang == "zh" else "similarity", n.similarity, n.threshold, asked)]
    if n.normalised is not None:
        name = "归一化得分" if lang == "zh" else "normalised"
        scores.append(_score(name, n.normalised, n.threshold_normalised, asked))
    if lang == "zh":
        rates = f"误识率上限 {n.fmr_bound:.2g}（策略 {policy.fmr:.2g}）"
        return "；".join([rates, *scores, f"模型包 {decision.pack}"])
    rates = f"false-match rate at most {n.fmr_bound:.2g} (policy {policy.fmr:.2g})"
    return "; ".join([rates, *scores, f"pack {decision.pack}"])


def _score(name: str, value: float, threshold: float | None, asked: str) -> str:
    return f"{name} {value:.3f}" + (f" ({asked} {threshold:.3f})" if threshold is not None else "")


def _text(reason: Reason, lang: Language) -> str:
    return reason.text_zh if lang == "zh" else reason.text_en
