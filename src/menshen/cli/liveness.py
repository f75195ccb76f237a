"""``menshen liveness``: what the signals say of pictures and clips, and how often they err.

Exit status of ``evaluate``: 0 everything looks live (or, with labels, was measured); 1 something
does not, or no signal could speak; 2 a file could not be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from menshen.cli.common import FAILED, NO, OK, err, out, problem, reported
from menshen.cli.presentations import (
    LIVE,
    Judged,
    NothingToJudgeError,
    Source,
    error_rates,
    gather,
    judge_all,
)

if TYPE_CHECKING:
    from menshen.faces.engine import Engine
    from menshen.liveness.learned import Learned
    from menshen.liveness.rates import ErrorRate

app = typer.Typer(name="liveness", help="Liveness: measure the signals.", no_args_is_help=True)
Rates = Mapping[str, Mapping[str, "ErrorRate"]]


@app.callback()
def group() -> None:
    """Liveness: measure the signals."""


@app.command()
def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILES]...", help="More pictures.")
    ] = None,
    frames: Annotated[
        list[Path] | None, typer.Option(help="A picture, or a folder of them.")
    ] = None,
    video: Annotated[list[Path] | None, typer.Option(help="A clip, or a folder of them.")] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack. Default: the active one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the passive signals on pictures and clips: a score and a reason for each.

    A folder with live/ and spoof/ in it (and in spoof/, one folder for each kind of attack)
    also gives error rates: BPCER, APCER for each kind, with 95 % intervals.
    """
    with reported(as_json=as_json):
        pictures = gather([*(frames or ()), *(files or ())], clips=False)
        sources = pictures + gather(video or (), clips=True)
        if not sources:
            raise NothingToJudgeError("there is no picture and no clip to judge")
        judged = _judged(sources, pack)
    rates = error_rates(judged)
    if as_json:
        typer.echo(json.dumps(as_dict(judged, rates), ensure_ascii=False, indent=2))
    else:
        _print(judged, rates)
    raise typer.Exit(status(judged, labelled=bool(rates)))


def status(judged: Sequence[Judged], *, labelled: bool) -> int:
    """Return the exit status."""
    if any(one.error for one in judged):
        return FAILED
    return OK if labelled or all(one.live for one in judged) else NO


def _judged(sources: Sequence[Source], pack: str | None) -> list[Judged]:
    judgements = judge_all(sources, engine=_engine(pack), learned=_learned())
    shown = track(judgements, "Judging", total=len(sources), console=err, transient=True)
    return list(shown)


def _engine(pack: str | None) -> Engine:
    from menshen.faces.engine import Engine
    from menshen.verification.opening import open_pack

    return Engine(open_pack(pack))


def _learned() -> Learned | None:
    """Open the learned signal where its pack is installed."""
    from menshen.liveness.learned import NAME, Learned
    from menshen.platform.packs import PackStore
    from menshen.platform.packs.errors import PackMissingError
    from menshen.platform.settings import Settings

    try:
        return Learned.of(PackStore(Settings().packs_dir).load(NAME))
    except PackMissingError:
        return None


def as_dict(judged: Sequence[Judged], rates: Rates) -> dict[str, Any]:
    """Return all that was found; ``rates`` is empty when nothing is labelled."""
    signals = dict.fromkeys(r.signal for one in judged for r in one.results)
    return {
        "signals": list(signals),
        "files": [_file(one) for one in judged],
        "rates": {
            signal: {
                "bpcer": _numbers(by_label[LIVE]) if LIVE in by_label else None,
                "apcer": {kind: _numbers(r) for kind, r in by_label.items() if kind != LIVE},
            }
            for signal, by_label in rates.items()
        },
    }


def _file(one: Judged) -> dict[str, Any]:
    source = one.source
    kind = "clip" if source.clip else "picture"
    said = [
        {"signal": r.signal, "score": r.score, "code": r.code, "evidence": dict(r.evidence)}
        for r in one.results
    ]
    facts = {"file": str(source.path), "kind": kind, "label": source.label, "frames": one.frames}
    failure = problem(one.error) if one.error else {}
    return {**facts, "live": one.live, "signals": said, **failure}


def _numbers(rate: ErrorRate) -> dict[str, Any]:
    counts = {"errors": rate.errors, "trials": rate.trials, "unanswered": rate.unanswered}
    return {"rate": rate.rate, "low": rate.low, "high": rate.high, **counts}


def _print(judged: Sequence[Judged], rates: Rates) -> None:
    table = Table("File", "Signal", "Score", "Reason", title="Passive signals")
    for one in judged:
        _add_rows(table, one)
        table.add_section()
    out.print(table)
    if rates:
        out.print(_rates_table(rates))
        out.print("Intervals are for independent presentations; frames of one person are not.")


def _add_rows(table: Table, one: Judged) -> None:
    path = one.source.path
    name = escape(f"{path.parent.name}/{path.name}" if one.source.label else path.name)
    if one.error:
        table.add_row(name, "", "", f"[red]{one.error.code}[/red]: {escape(str(one.error))}")
    for number, result in enumerate(one.results):
        score = "-" if result.score is None else f"{result.score:.2f}"
        colour = "dim" if result.score is None else "green" if result.score >= 0.5 else "red"
        cells = (result.signal, f"[{colour}]{score}[/]", result.code)
        table.add_row("" if number else name, *cells)


def _rates_table(rates: Rates) -> Table:
    table = Table("Signal", "Rate", "Errors", "%", "95 % interval", "No answer", title="Errors")
    for signal, by_label in rates.items():
        for label, rate in by_label.items():
            kind = "BPCER" if label == LIVE else escape(f"APCER {label}")
            share = "-" if rate.rate is None else f"{100 * rate.rate:.1f}"
            span = f"{100 * rate.low:.1f} - {100 * rate.high:.1f}"
            counts = f"{rate.errors}/{rate.trials}"
            table.add_row(signal, kind, counts, share, span, str(rate.unanswered))
    return table
