"""Calibrate: `menshen calibrate PAIRS.csv` from labelled pairs, `--site` from enrolled people."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from menshen.cli.common import NO, Lang, Language, out, reported
from menshen.cli.evaluate import extracted, work_folder, write
from menshen.errors import CalibrationError, MenshenError

if TYPE_CHECKING:
    from menshen.cli.evaluation import Measured
    from menshen.cli.extraction import Extraction
    from menshen.faces.calibration import CalibrationTable
    from menshen.faces.models.pack import Pack
    from menshen.faces.site_calibration import SiteCalibration

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
SUSPECTS = 5

Row = dict[str, Any]


class SourceError(MenshenError):
    """Neither or both of the two sources were named."""

    code = "calibrate-source"
    advice = "Give either a CSV file of labelled pairs, or --site with a folder or CSV of people."


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """A site calibration with what the operator should know beside it."""

    calibration: SiteCalibration
    table: CalibrationTable | None
    failed: int
    suspects: tuple[tuple[str, str], ...]


def calibrate(
    pairs: Annotated[
        Path | None, typer.Argument(help="CSV of labelled pairs: a, b, same; also group, people.")
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(help="Enrolled people: a folder for each, or a CSV: picture, person."),
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack. Default: the active one.")] = None,
    out_dir: Annotated[
        Path, typer.Option("--out", help="Folder for what PAIRS.csv gives: table, plot, report.")
    ] = Path("menshen-calibration"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads. Default: all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the warnings.")] = Lang.en,
) -> None:
    """Find what a similarity is worth with your own people and cameras.

    Exit status: 0 done; 1 too few people or pairs to say anything; 2 error. Killed half way,
    the same command goes on where it was.
    """
    with reported(as_json=as_json):
        if (pairs is None) == (site is None):
            raise SourceError("name one source: PAIRS.csv or --site")
        from menshen.verification.opening import open_pack

        opened = open_pack(pack)
        try:
            if site is not None:
                _site(site, opened, jobs=jobs, as_json=as_json, language=lang.value)
            elif pairs is not None:
                _pairs(pairs, opened, out_dir, jobs=jobs, as_json=as_json)
        except CalibrationError as error:
            if as_json:
                raise
            out.print(f"[yellow]{error.code}[/]: {error}", highlight=False)
            raise typer.Exit(NO) from error


# ------------------------------------------------------------------- labelled pairs


def _pairs(file: Path, pack: Pack, folder: Path, *, jobs: int | None, as_json: bool) -> None:
    from menshen.faces.calibration import CalibrationTable, assurance
    from menshen.faces.evaluation import calibration_columns

    measured = _measure(file, pack, jobs)
    write(measured, folder)
    scores = measured.comparisons.scores()
    table = CalibrationTable.of(calibration_columns(scores.similarities, scores.same))
    rows, level = pair_rows(table), assurance(table)
    if as_json:
        found = {"assurance": level, "thresholds": rows, "table": str(folder / "calibration.csv")}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    out.print(_as_table("What these pairs show (raw score)", rows))
    for warning in measured.evaluation.warnings:
        out.print(f"[yellow]Warning:[/] {warning}", highlight=False)
    out.print(f"Assurance level these pairs support: [bold]{level}[/]", highlight=False)
    out.print(f"Table, DET plot and report by group: {folder}", highlight=False, soft_wrap=True)


def _measure(file: Path, pack: Pack, jobs: int | None) -> Measured:
    from menshen.cli.evaluation import Subject, evaluate_pairs
    from menshen.cli.pairs import read_pairs
    from menshen.faces.scores import part_weights

    pairs = read_pairs(file)
    folder = work_folder(file)
    wanted = [path for pair in pairs for path in (pair.left, pair.right)]
    extraction = extracted(pack, wanted, folder=folder, jobs=jobs, words="Pictures")
    weights = part_weights(pack.manifest)
    subject = Subject(pack.manifest.name, pack.contract, weights, _published(pack), RATES[1])
    measured = evaluate_pairs(subject, pairs, extraction)
    shutil.rmtree(folder, ignore_errors=True)
    return measured


def pair_rows(table: CalibrationTable) -> list[Row]:
    """Return, for each policy rate, the threshold the pairs support and its cost."""
    rows: list[Row] = []
    for fmr in RATES:
        row: Row = {"fmr": fmr, "supported": table.supports(fmr), "threshold": None, "fnmr": None}
        if row["supported"]:
            row["threshold"] = table.threshold(fmr)
            row["fnmr"] = table.fnmr(row["threshold"])
        rows.append(row)
    return rows


# ------------------------------------------------------------------- enrolled people


def _site(source: Path, pack: Pack, *, jobs: int | None, as_json: bool, language: Language) -> None:
    from menshen.cli.enrolled import read_enrolled

    enrolled = read_enrolled(source)
    folder = work_folder(source)
    wanted = [entry.picture for entry in enrolled]
    extraction = extracted(pack, wanted, folder=folder, jobs=jobs, words="Pictures")
    people = {entry.picture: entry.person for entry in enrolled}
    made = make_site(extraction, people, pack)
    where = save(made.calibration)
    shutil.rmtree(folder, ignore_errors=True)  # templates are biometric data
    rows = site_rows(made)
    if as_json:
        found = {"file": str(where), "failed": made.failed, "suspects": made.suspects}
        typer.echo(json.dumps(found | {"thresholds": rows}, ensure_ascii=False, indent=2))
        return
    _show_site(made, rows, where, language)


def make_site(extraction: Extraction, people: dict[Path, str], pack: Pack) -> Site:
    """Calibrate from extracted pictures and whose each is; raises CalibrationError."""
    from menshen.faces.scores import flatten_all, part_weights
    from menshen.faces.site_calibration import build, look_alikes

    used = sorted(extraction.templates)
    templates = [extraction.templates[path] for path in used]
    features = flatten_all(templates, weights=part_weights(pack.manifest))
    owners = [people[path] for path in used]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    made = build(features, people=owners, contract=pack.contract, made=today)
    suspects = look_alikes(features, people=owners, most=SUSPECTS)
    named = tuple((str(a), str(b)) for a, b in suspects)
    return Site(made, _published(pack), len(extraction.failures), named)


def save(calibration: SiteCalibration) -> Path:
    """Write the calibration into the data folder, whole or not at all; returns where."""
    from menshen.platform.settings import Settings
    from menshen.platform.whole_files import write_whole
    from menshen.verification.opening import site_file

    target = site_file(Settings().data_dir, contract=calibration.contract)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(target, f"{calibration.to_json()}\n".encode())
    return target


def site_rows(site: Site) -> list[Row]:
    """Return, for each policy rate, what the site shows and what it must ask for."""
    calibration, table = site.calibration, site.table
    rows: list[Row] = []
    for fmr in RATES:
        published = table.threshold(fmr) if table and table.supports(fmr) else None
        normalised = calibration.normalised
        row: Row = {
            "fmr": fmr,
            "raw": calibration.raw.threshold(fmr),
            "normalised": normalised.threshold(fmr) if normalised else None,
            "supported": (normalised or calibration.raw).supports(fmr),
            "people_needed": 0,
            "published": published,
            "published_fmr_here": calibration.raw.fmr_estimate(published) if published else None,
        }
        curve = normalised or calibration.raw
        row["fnmr"] = curve.fnmr(curve.threshold(fmr))
        if table is not None and published is not None:
            rule = calibration.rule(fmr, published=table)
            row |= {"people_needed": rule.people_needed}
            row |= {"warning_en": rule.warning_en, "warning_zh": rule.warning_zh}
        rows.append(row)
    return rows


def _show_site(site: Site, rows: list[Row], where: Path, language: Language) -> None:
    made = site.calibration
    out.print(f"{made.people:,} people, {made.templates:,} pictures", highlight=False)
    if site.failed:
        out.print(f"[yellow]{site.failed:,} pictures have no usable face[/]", highlight=False)
    out.print(_as_table("What this site's own people show", rows))
    out.print(LEGEND, style="dim", highlight=False)
    warnings = [row[f"warning_{language}"] for row in rows if row.get(f"warning_{language}")]
    for warning in warnings[:1]:  # the laxest rate that is not shown; the column has the others
        out.print(f"[yellow]![/] {warning}", highlight=False)
    for a, b in site.suspects:
        out.print(f"[yellow]Enrolled twice?[/] {a} and {b} look like one person", highlight=False)
    out.print(f"Written: {where}", highlight=False, soft_wrap=True)


# ------------------------------------------------------------------- shared


def _published(pack: Pack) -> CalibrationTable | None:
    from menshen.faces.calibration import CalibrationTable

    return CalibrationTable.parse(pack.table) if pack.table else None


HEADS = {
    "fmr": "FMR",
    "threshold": "threshold",
    "raw": "raw",
    "normalised": "normal.",
    "supported": "shown",
    "people_needed": "needed",
    "fnmr": "rejects",
    "published": "pack's",
    "published_fmr_here": "FMR here",
}
LEGEND = (
    "raw, normal.: the site's thresholds on raw and normalised scores. shown: whether the data "
    "show the rate; if not, the threshold is a cautious guess, and this many more people are "
    "needed, at least. rejects: share of people's own pairs below it. pack's: the pack's "
    "published threshold, and the FMR measured here at it."
)


def _as_table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    columns = [name for name in HEADS if name in rows[0]]
    for name in columns:
        table.add_column(HEADS[name], justify="right")
    for row in rows:
        table.add_row(*(_cell(name, row[name]) for name in columns))
    return table


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "fmr":
        return f"{value:g}"
    if name in ("fnmr", "published_fmr_here"):
        return f"{100 * value:.3g} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
