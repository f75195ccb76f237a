"""``menshen doctor``: is this machine ready, and what may its pack be trusted with.

Exit status: 0 ready, 1 something is to be done first.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from menshen.cli.common import NO, out
from menshen.errors import MenshenError
from menshen.faces.calibration import LEVELS, MAX_FNMR, CalibrationTable
from menshen.faces.models.manifest import Assurance
from menshen.platform.packs import PackStore, catalogue
from menshen.platform.settings import Settings

State = Literal["ok", "note", "trouble"]
OLDEST_PYTHON = (3, 11)
FETCH = "menshen models fetch"
NUMBERS = ("FP32", "BF16", "FP16", "INT8")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "amx_bf16")
VERIFY = "menshen verify FIRST.jpg SECOND.jpg"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``advice`` is what to do next, empty when nothing."""

    subject: str
    state: State
    words: str
    advice: str = ""


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Look at this machine: Python, processor, runtime, folders, packs, assurance level."""
    findings = tuple(examine(PackStore(Settings().packs_dir)))
    step = next((f.advice for f in findings if f.state == "trouble" and f.advice), VERIFY)
    ready = all(finding.state != "trouble" for finding in findings)
    if as_json:
        typer.echo(json.dumps(_as_json(findings, ready, step), ensure_ascii=False, indent=2))
    else:
        _print(findings, step)
    if not ready:
        raise typer.Exit(NO)


def examine(store: PackStore) -> Iterator[Finding]:
    """Look at everything once; never raises."""
    for look in (_python, _processor, _runtime):
        yield look()
    for subject, look_at in _LOOKS:
        yield from _guarded(subject, look_at, store)


def _guarded(
    subject: str, look_at: Callable[[PackStore], Iterator[Finding]], store: PackStore
) -> Iterator[Finding]:
    """Turn what a look raises into a finding."""
    try:
        yield from look_at(store)
    except MenshenError as error:
        yield Finding(subject, "trouble", str(error), error.advice)


def _python() -> Finding:
    words = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("Python", "trouble", words, "Install Python 3.11 or newer.")
    return Finding("Python", "ok", words)


def _processor() -> Finding:
    """Name the processor and what of it the runtime uses."""
    import openvino

    core = openvino.Core()
    name = str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()
    capable = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    features = ", ".join([word for word in NUMBERS if word in capable] + _instruction_sets())
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding("Processor", "ok", f"{name}; {count} cores for us; {features}")


def _instruction_sets() -> list[str]:
    """Read the vector instructions Linux reports on x86-64; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "").split()
    return [flag for flag in INSTRUCTIONS if flag in flags]


def _runtime() -> Finding:
    import openvino

    return Finding("Runtime", "ok", f"OpenVINO {openvino.get_version()}")


def _folder(store: PackStore) -> Iterator[Finding]:
    existing = next(path for path in (store.root, *store.root.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            yield Finding("Packs folder", "ok", f"{store.root} can be written")
    except OSError:
        words = f"{store.root} cannot be written: packs can be used, not fetched"
        advice = "Choose another folder with MENSHEN_PACKS_DIR."
        yield Finding("Packs folder", "note" if store.root.exists() else "trouble", words, advice)


def _packs(store: PackStore) -> Iterator[Finding]:
    present = [status for status in store.list() if status.present]
    for status in present:
        name = status.manifest.name
        problems = store.verify(name)
        if problems:
            words = "; ".join(f"{problem.model}: {problem.words}" for problem in problems)
            yield Finding(f"Pack {name}", "trouble", words, f"{FETCH} {name}")
        else:
            size = f"{status.bytes_on_disk / 1e6:.0f} MB"
            yield Finding(f"Pack {name}", "ok", f"intact, {size}, contract {status.contract[:12]}")
    for name, error in store.damaged().items():
        advice = "Side-load it again: menshen models add DIR"
        yield Finding(f"Pack {name}", "trouble", str(error), advice)
    if not present:
        yield Finding("Packs", "trouble", "no model pack is installed", FETCH)
    elif all(status.manifest.companion for status in present):
        yield Finding("Packs", "trouble", "no installed pack recognises anybody", FETCH)


def _assurance(store: PackStore) -> Iterator[Finding]:
    """Say how much the active pack may be trusted with, and why not more."""
    name = store.active()
    if not name:
        return
    pack = store.load(name)
    yield Finding("In use", "ok", f"pack '{name}': {pack.manifest.title}")
    level = catalogue.supported(pack.manifest, pack.table)
    source = pack.manifest.calibration
    if not source or level is Assurance.NONE:
        advice = "Calibrate with your own people: menshen calibrate --site"
        yield Finding("Assurance", "trouble", "none: no calibration table supports it", advice)
        return
    table = CalibrationTable.parse(pack.table, source=source)
    yield Finding("Assurance", "ok", f"{level}: {'; '.join(_reasons(table, level))}")
    yield Finding("Measured on", "note", f"{source.title} ({source.population}). {source.caveat}")


def _reasons(table: CalibrationTable, level: Assurance) -> Iterator[str]:
    """Name the rates at the level reached, and at the first level missed."""
    yield _rates(table, LEVELS[level])
    missed = next((above for above in LEVELS if above.rank > level.rank), None)
    if missed:
        yield f"not {missed}: {_rates(table, LEVELS[missed])} (limit {MAX_FNMR:.0%})"


def _rates(table: CalibrationTable, fmr: float) -> str:
    if not table.supports(fmr):
        return f"the table cannot show a false-match rate of {fmr:g}"
    rejected = table.fnmr(table.threshold(fmr))
    return f"at a false-match rate of {fmr:g} it rejects {rejected:.1%} of the right people"


_LOOKS: tuple[tuple[str, Callable[[PackStore], Iterator[Finding]]], ...] = (
    ("Packs folder", _folder),
    ("Packs", _packs),
    ("Assurance", _assurance),
)


def _as_json(findings: tuple[Finding, ...], ready: bool, step: str) -> dict[str, Any]:
    return {
        "ready": ready,
        "next": step,
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def _print(findings: tuple[Finding, ...], step: str) -> None:
    colours: dict[State, str] = {"ok": "green", "note": "yellow", "trouble": "bold red"}
    table = Table("", "", "", show_header=False)
    for finding in findings:
        state = Text(finding.state, style=colours[finding.state])
        table.add_row(state, finding.subject, Text(finding.words))
    out.print(table, highlight=False)
    out.print(f"Next: {step}", markup=False, highlight=False, soft_wrap=True)
