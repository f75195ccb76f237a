"""An evaluation in words: terminal, Markdown, JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from menshen.cli.det_plot import Curve
from menshen.cli.evaluation import Evaluation, Measured
from menshen.faces.confidence import Estimate, Scores, Summary
from menshen.faces.evaluation import TooFewPairsError, error_rates

GROUPS_DRAWN = 6

Rows = list[tuple[str, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """A table: a title, a header, rows of equal length."""

    title: str
    header: tuple[str, ...]
    rows: Rows


def sheets(evaluation: Evaluation) -> tuple[Sheet, ...]:
    """Return the tables of an evaluation, those without rows left out."""
    made = (
        Sheet(
            "Error rates, with 95 % confidence intervals",
            ("", "raw score", "normalised score"),
            _rates(evaluation),
        ),
        Sheet(
            "What the pack's thresholds do here (raw score)",
            ("claimed FMR", "threshold", "FMR", "FNMR"),
            [
                (f"{at.claimed_fmr:g}", f"{at.threshold:.3f}", percent(at.fmr), percent(at.fnmr))
                for at in evaluation.raw.at_thresholds
            ],
        ),
        Sheet(
            "Groups (raw score; normalised in brackets)",
            ("group", "genuine / impostor", "EER", "TAR at FMR 1 %", "FMR, FNMR at the claim"),
            list(_group_rows(evaluation)),
        ),
        Sheet(
            "Failure to acquire",
            ("pictures", "missing", "failed", "rate (FTA)", "pairs left out"),
            [_acquisition_row(evaluation)],
        ),
    )
    return tuple(sheet for sheet in made if sheet.rows)


def percent(estimate: Estimate) -> str:
    """Write a rate and its interval: ``1.2 % (0.9 to 1.6)``."""
    value, low, high = (_figure(100 * v) for v in dataclasses.astuple(estimate))
    return f"{value} % ({low} to {high})"


def terminal(evaluation: Evaluation) -> RenderableType:
    """Return what the command prints."""
    parts: list[RenderableType] = [escape(line) for line in _opening(evaluation)]
    for sheet in sheets(evaluation):
        table = Table(title=sheet.title, title_justify="left")
        for name in sheet.header:
            table.add_column(name)
        for row in sheet.rows:
            table.add_row(*map(escape, row))
        parts.append(table)
    parts += [f"[yellow]Warning:[/] {escape(warning)}" for warning in evaluation.warnings]
    parts.append(escape(evaluation.deployed))
    return Stack(*parts)


def markdown(evaluation: Evaluation) -> str:
    """Return the report as Markdown, with the DET plot beside it."""
    lines = [f"# Evaluation of the pack `{evaluation.pack}`", ""]
    lines += [f"{line}  " for line in _opening(evaluation)]
    lines += ["", "![DET plot](det.svg)", ""]
    lines += [f"> **Warning.** {warning}\n" for warning in evaluation.warnings]
    for sheet in sheets(evaluation):
        lines += [f"## {sheet.title}", "", *_pipes(sheet), ""]
    lines += [evaluation.deployed, "", *_method(evaluation)]
    if evaluation.acquisition.failures:
        lines += ["## Pictures without a template", "", "| picture | code | why |", "|---|---|---|"]
        lines += [
            f"| {_cell(f.picture)} | {f.code} | {_cell(f.detail)} |"
            for f in evaluation.acquisition.failures
        ]
    return "\n".join(lines) + "\n"


def as_json(evaluation: Evaluation) -> str:
    """Return everything as JSON; an infinite threshold (none is strict enough) is null."""
    return json.dumps(_plain(dataclasses.asdict(evaluation)), ensure_ascii=False, indent=2)


def curves(measured: Measured) -> list[Curve]:
    """Return the DET curves: raw, normalised, and the largest groups."""
    compared = measured.comparisons
    drawn = [_curve("raw score", compared.scores())]
    if measured.normalised is not None:
        drawn.append(_curve("normalised", compared.scores(measured.normalised)))
    groups = sorted(measured.evaluation.groups, key=lambda group: -group.pairs)[:GROUPS_DRAWN]
    for group in groups:
        chosen = [pair.group == group.name for pair in compared.pairs]
        drawn.append(_curve(f"group {group.name}", compared.scores(), chosen))
    return [curve for curve in drawn if curve is not None]


def _curve(label: str, scores: Scores, chosen: list[bool] | None = None) -> Curve | None:
    flags = slice(None) if chosen is None else chosen
    try:
        rates = error_rates(scores.similarities[flags], scores.same[flags])
    except TooFewPairsError:
        return None
    return Curve(label, rates, faint=chosen is not None)


def _opening(evaluation: Evaluation) -> list[str]:
    raw = evaluation.raw
    people = "" if evaluation.people_known else " (worked out from the pairs)"
    return [
        f"Pack {evaluation.pack}: {raw.genuine_pairs:,} genuine and {raw.impostor_pairs:,} "
        f"impostor pairs of {evaluation.people:,} people{people}.",
        f"Cohort of the normalised score: {evaluation.cohort}.",
    ]


def _rates(evaluation: Evaluation) -> Rows:
    raw, normalised = evaluation.raw, evaluation.normalised
    rows: Rows = [("EER", percent(raw.eer), percent(normalised.eer) if normalised else "–")]
    for i, at in enumerate(raw.at_rates):
        mark = "" if at.supported else " (too few pairs)"
        other = percent(normalised.at_rates[i].tar) if normalised else "–"
        rows.append((f"TAR at FMR {at.fmr:g}{mark}", percent(at.tar), other))
    return rows


def _group_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    for group in evaluation.groups:
        if group.raw is None:
            yield group.name, f"{group.pairs:,} of one kind", "–", "–", "–"
            continue
        size = f"{group.raw.genuine_pairs:,} / {group.raw.impostor_pairs:,}"
        tar = percent(group.raw.at_rates[1].tar)
        yield (
            group.name,
            size,
            percent(group.raw.eer) + _bracket(group.normalised, "eer"),
            tar + _bracket(group.normalised, "tar"),
            _at_claim(group.raw, evaluation.claimed_fmr),
        )


def _bracket(summary: Summary | None, what: str) -> str:
    if summary is None:
        return ""
    value = summary.eer if what == "eer" else summary.at_rates[1].tar
    return f" [{_figure(100 * value.value)} %]"


def _at_claim(summary: Summary, claimed: float) -> str:
    fitting = [at for at in summary.at_thresholds if at.claimed_fmr >= claimed * (1 - 1e-9)]
    if not fitting:
        return "–"
    at = fitting[-1]
    return f"{percent(at.fmr)}, {percent(at.fnmr)} at {at.claimed_fmr:g}"


def _acquisition_row(evaluation: Evaluation) -> tuple[str, ...]:
    a = evaluation.acquisition
    counts = (f"{n:,}" for n in (a.pictures, a.missing, a.failed))
    return (*counts, f"{_figure(100 * a.rate)} %", f"{a.pairs_left_out:,}")


def _method(evaluation: Evaluation) -> list[str]:
    unit = "people" if evaluation.people_known else "people, as the pairs of one person join them"
    return [
        "A pair matches when its score is at least the threshold. FMR, FNMR, DET and "
        "failure to acquire are meant as in ISO/IEC 19795-1; TAR = 1 - FNMR. The intervals are "
        f"percentile bootstraps over {unit}; where no error was seen, Clopper and Pearson's.",
        f"Template contract `{evaluation.contract}`.",
        "",
    ]


def _pipes(sheet: Sheet) -> Iterator[str]:
    yield "| " + " | ".join(sheet.header) + " |"
    yield "|" + "---|" * len(sheet.header)
    for row in sheet.rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _figure(value: float) -> str:
    if value == 0:
        return "0"
    digits = min(4, max(0, 1 - math.floor(math.log10(abs(value))))) if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
