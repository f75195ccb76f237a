"""``menshen models``: fetch, list, verify, side-load and choose model packs.

Exit status: 0 done, 1 verification found damage, 2 the command failed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table

from menshen.cli.common import NO, err, out, reported
from menshen.faces.models.manifest import PackManifest
from menshen.platform.packs import PackStore
from menshen.platform.packs.errors import ClientMissingError, PackMissingError
from menshen.platform.packs.records import PackStatus, Problem, Step
from menshen.platform.settings import Settings

DEFAULT = "standard"
WITHOUT_NPM = "basic"
_LICENCE_COLUMNS = ("Model", "Licence", "Trained on", "Paper", "In")
_WORK = {"wait": "Waiting:", "fetch": "Fetching", "convert": "Converting", "verify": "Checking"}

app = typer.Typer(
    name="models", help="Model packs: fetch, list, verify, add, use.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def open_store() -> PackStore:
    """Return the store in the folder the settings name."""
    return PackStore(Settings().packs_dir)


@app.command()
def fetch(
    pack: Annotated[
        str | None, typer.Argument(help=f"Name of the pack; without one, {DEFAULT}.")
    ] = None,
) -> None:
    """Fetch a pack through this machine's package clients, check it and make it ready."""
    with reported():
        store = open_store()
        with _progress() as show:
            status, fell_back = _fetch(store, pack, show)
        if fell_back:
            _say(
                f"npm is not on this machine, so the pack '{WITHOUT_NPM}' was fetched instead of "
                f"'{DEFAULT}'. It supports less: see `menshen doctor`."
            )
        _ready(status)


def _fetch(store: PackStore, pack: str | None, show: _Show) -> tuple[PackStatus, bool]:
    """Install the pack; only the default may be replaced by what can be had without npm."""
    try:
        return store.install(pack or DEFAULT, progress=show), False
    except ClientMissingError:
        if pack:
            raise
    return store.install(WITHOUT_NPM, progress=show), True


@app.command(name="list")
def list_packs(*, as_json: Json = False) -> None:
    """List the packs, what each may be trusted with, and under which licences."""
    with reported(as_json=as_json):
        store = open_store()
        statuses = store.list()
        if as_json:
            _print_json({"folder": str(store.root), "packs": [_as_json(s) for s in statuses]})
            return
        out.print(_packs_table(statuses))
        out.print(_licences_table([status.manifest for status in statuses]))


@app.command()
def verify(
    pack: Annotated[
        str | None, typer.Argument(help="Name of the pack; without one, all installed.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Hash every stored file of a pack and compare with what was installed."""
    with reported(as_json=as_json):
        store = open_store()
        names = [pack] if pack else [s.manifest.name for s in store.list() if s.present]
        if not names:
            raise PackMissingError("no model pack is installed")
        with _progress() as show:
            results = {name: store.verify(name, progress=show) for name in names}
        _print_verification(results, as_json=as_json)
    if any(results.values()):
        raise typer.Exit(NO)


@app.command()
def add(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with the pack's files, any names.")
    ],
    pack: Annotated[
        str | None, typer.Option(help="Install this pack; without it, those found.")
    ] = None,
) -> None:
    """Side-load packs from a folder: files are recognised by what is in them."""
    with reported():
        store = open_store()
        with _progress() as show:
            statuses = store.add(folder, name=pack, progress=show)
        for status in statuses:
            _ready(status)


@app.command()
def use(name: Annotated[str, typer.Argument(help="Name of an installed pack.")]) -> None:
    """Make a pack the one in use. Templates made with another pack do not match it."""
    with reported():
        open_store().use(name)
        _say(f"The pack '{name}' is in use now.")


def _ready(status: PackStatus) -> None:
    name, level = status.manifest.name, status.manifest.assurance
    out.print(_licences_table([status.manifest]))
    if status.manifest.companion:
        _say(f"The pack '{name}' is ready; it serves beside the pack in use.")
        return
    _say(f"The pack '{name}' is ready; its table supports the assurance level '{level}'.")
    if not status.active:
        _say(f"Another pack is in use. To change: menshen models use {name}")


def _say(words: str) -> None:
    out.print(words, markup=False, highlight=False, soft_wrap=True)


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


class _Show:
    """Draws steps as progress bars: one for each file, one for all items of a kind of work."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: Step) -> None:
        words = f"{_WORK[step.work]} {step.subject}"
        key = words if step.unit == "bytes" else step.work
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(words, count="")
        self._bars.update(
            self._tasks[key],
            description=words,
            completed=step.done,
            total=step.total,
            count=_count(step),
        )


def _count(step: Step) -> str:
    if step.unit == "items":
        return f"{step.done}/{step.total}"
    return f"{step.done / 1e6:.1f}/{step.total / 1e6:.1f} MB"


@contextlib.contextmanager
def _progress() -> Iterator[_Show]:
    columns = (
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[count]}", table_column=Column(no_wrap=True, justify="right")),
    )
    with Progress(*columns, console=err, expand=True) as bars:
        yield _Show(bars)


def _packs_table(statuses: tuple[PackStatus, ...]) -> Table:
    table = Table("Pack", "What it is", "Assurance level", "On disk", "In use", title="Model packs")
    for status in statuses:
        size = f"{status.bytes_on_disk / 1e6:.0f} MB" if status.installed else "no"
        manifest = status.manifest
        level = "-" if manifest.companion else manifest.assurance.value
        cells = (manifest.name, manifest.title, level, size)
        table.add_row(*cells, "yes" if status.active else "")
    return table


def _licences_table(manifests: Sequence[PackManifest]) -> Table:
    """List every model once, with the packs it is in."""
    columns = [Column(words, overflow="fold") for words in _LICENCE_COLUMNS]
    table = Table(*columns, title="Licences and sources")
    models = {model.title: model for manifest in manifests for model in manifest.models}
    for title, model in models.items():
        packs = [m.name for m in manifests if any(one.title == title for one in m.models)]
        cells = (title, model.licence, model.training_data, model.paper, ", ".join(packs))
        table.add_row(*cells)
    return table


def _as_json(status: PackStatus) -> dict[str, Any]:
    manifest = status.manifest
    fields = {"id", "role", "title", "licence", "training_data", "paper"}
    return {
        "name": manifest.name,
        "title": manifest.title,
        "assurance": manifest.assurance.value,
        "installed": status.installed,
        "active": status.active,
        "bytes": status.bytes_on_disk,
        "contract": status.contract,
        "models": [model.model_dump(include=fields) for model in manifest.models],
    }


def _print_verification(results: dict[str, tuple[Problem, ...]], *, as_json: bool) -> None:
    if as_json:
        packs = {
            name: [{"model": p.model, "problem": p.words} for p in problems]
            for name, problems in results.items()
        }
        _print_json({"intact": not any(packs.values()), "problems": packs})
        return
    for name, problems in results.items():
        _say(f"{name}: {'damaged' if problems else 'intact'}")
        for problem in problems:
            _say(f"  {problem.model}: {problem.words}")
        if problems:
            _say(f"  Repair it: menshen models fetch {name}")
