"""Measure a pack on labelled pairs of pictures: `menshen evaluate PAIRS.csv`."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import platformdirs
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from menshen.cli.common import NO, OK, err, out, reported
from menshen.errors import MenshenError

if TYPE_CHECKING:
    from menshen.cli.evaluation import Evaluation, Measured, Subject
    from menshen.cli.extraction import Extraction
    from menshen.faces.models.pack import Pack
    from menshen.faces.records import Floats

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


class CohortFolderError(MenshenError):
    """The cohort folder cannot be used."""

    code = "cohort-folder-invalid"
    advice = "Name a folder with one picture for each person of the cohort."


class FmrError(MenshenError):
    """The rate asked for is no rate."""

    code = "fmr-invalid"
    advice = "A false-match rate lies between 0 and 1, for example 0.001."


def evaluate(
    pairs: Annotated[Path, typer.Argument(help="CSV: a, b, same; also group, person_a, person_b.")],
    root: Annotated[
        Path | None, typer.Option(help="Where relative paths start. Default: the CSV's folder.")
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack. Default: the active one.")] = None,
    fmr: Annotated[float, typer.Option(help="The false-match rate you want to claim.")] = 1e-3,
    cohort: Annotated[
        Path | None, typer.Option(help="Pictures of other people to normalise with, one each.")
    ] = None,
    out_dir: Annotated[
        Path, typer.Option("--out", help="Folder for the report, plots and tables.")
    ] = Path("menshen-evaluation"),
    work: Annotated[
        Path | None,
        typer.Option(
            help="Keep templates in this folder. Default: a private one, emptied when done."
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Threads. Default: all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure error rates on your own pairs: FMR, FNMR, EER, DET plot, groups, confidence.

    Exit status: 0 measured; 1 nothing to measure (one kind of pair, or no usable picture);
    2 error. Killed half way, the same command goes on where it was.
    """
    from menshen.cli.evaluation_report import as_json as to_json
    from menshen.cli.evaluation_report import terminal
    from menshen.faces.evaluation import TooFewPairsError

    with reported(as_json=as_json):
        if not 0 < fmr < 1:
            raise FmrError(f"{fmr:g} is no false-match rate")
        try:
            measured = _measure(
                pairs, root=root, name=pack, fmr=fmr, cohort=cohort, work=work, jobs=jobs
            )
        except TooFewPairsError as error:
            err.print(f"[red]{error.code}[/red]: {error}. {error.advice}", highlight=False)
            raise typer.Exit(NO) from error
        write(measured, out_dir)
    if as_json:
        typer.echo(to_json(measured.evaluation))
    else:
        out.print(terminal(measured.evaluation))
        out.print(f"Report: {out_dir / 'report.md'}", highlight=False, soft_wrap=True)
    raise typer.Exit(OK)


def write(measured: Measured, folder: Path) -> None:
    """Write report.md, evaluation.json, det.png, det.svg, calibration.csv and failures.csv."""
    from menshen.cli.det_plot import draw
    from menshen.cli.evaluation_report import as_json, curves, markdown
    from menshen.faces.evaluation import calibration_columns, calibration_csv

    evaluation = measured.evaluation
    scores = measured.comparisons.scores()
    table = calibration_csv(calibration_columns(scores.similarities, scores.same))
    plots = draw(curves(measured), title=f"{evaluation.pack}: {evaluation.pairs:,} pairs")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.md").write_text(markdown(evaluation), "utf-8")
    (folder / "evaluation.json").write_text(as_json(evaluation) + "\n", "utf-8")
    (folder / "calibration.csv").write_text(table, "utf-8")
    (folder / "failures.csv").write_text(_failures(evaluation), "utf-8")
    for kind, data in plots.items():
        (folder / f"det.{kind}").write_bytes(data)


def work_folder(pairs: Path) -> Path:
    """Return the private folder that keeps the templates of this file's pictures."""
    key = hashlib.sha256(str(pairs.resolve()).encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("menshen") / "templates" / key


def _measure(
    file: Path,
    *,
    root: Path | None,
    name: str | None,
    fmr: float,
    cohort: Path | None,
    work: Path | None,
    jobs: int | None,
) -> Measured:
    from menshen.cli.evaluation import evaluate_pairs
    from menshen.cli.pairs import read_pairs
    from menshen.verification.opening import open_pack

    pairs = read_pairs(file, root=root)
    others = _cohort_pictures(cohort) if cohort else []
    opened = open_pack(name)
    subject = _subject(opened, fmr)
    folder = work or work_folder(file)
    wanted = [path for pair in pairs for path in (pair.left, pair.right)]
    extraction = extracted(opened, wanted, folder=folder, jobs=jobs, words="Pictures")
    features = None
    if others:
        known = extracted(opened, others, folder=folder, jobs=jobs, words="Cohort")
        features = _cohort(known, subject)
    measured = evaluate_pairs(subject, pairs, extraction, cohort=features)
    if work is None:  # templates are biometric data: nobody asked to keep them
        shutil.rmtree(folder, ignore_errors=True)
    return measured


def extracted(
    pack: Pack, pictures: Sequence[Path], *, folder: Path, jobs: int | None, words: str
) -> Extraction:
    """Make the templates of pictures with a progress bar; ``folder`` keeps them."""
    from menshen.cli.extraction import extract_with

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        task = progress.add_task(words, total=len(set(pictures)))
        return extract_with(
            pack, pictures, folder=folder, jobs=jobs, advance=lambda: progress.advance(task)
        )


def _subject(pack: Pack, fmr: float) -> Subject:
    from menshen.cli.evaluation import Subject
    from menshen.faces.calibration import CalibrationTable
    from menshen.faces.scores import part_weights

    return Subject(
        pack=pack.manifest.name,
        contract=pack.contract,
        weights=part_weights(pack.manifest),
        table=CalibrationTable.parse(pack.table) if pack.table else None,
        claimed_fmr=fmr,
    )


def _cohort_pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CohortFolderError(f"{folder} is no folder")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    if not found:
        raise CohortFolderError(f"{folder} has no pictures")
    return found


def _cohort(extraction: Extraction, subject: Subject) -> Floats:
    from menshen.faces.scores import flatten_all

    if not extraction.templates:
        raise CohortFolderError("no picture of the cohort has a usable face")
    return flatten_all(extraction.templates.values(), weights=subject.weights)


def _failures(evaluation: Evaluation) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("picture", "code", "detail"))
    writer.writerows((f.picture, f.code, f.detail) for f in evaluation.acquisition.failures)
    return text.getvalue()
