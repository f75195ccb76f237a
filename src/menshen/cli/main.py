"""The `menshen` command; each group of commands is a file of its own beside this one."""

from __future__ import annotations

from typing import Annotated

import typer

from menshen import __version__
from menshen.cli import (
    calibrate,
    demo,
    doctor,
    evaluate,
    inspect,
    keys,
    liveness,
    models,
    serve,
    verify,
)

app = typer.Typer(
    name="menshen",
    help="Consent-first face verification and access, self-hosted.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold pictures and templates
    rich_markup_mode="rich",
)
app.command()(verify.verify)
app.command()(inspect.inspect)
app.command()(evaluate.evaluate)
app.command()(calibrate.calibrate)
app.command()(serve.serve)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(liveness.app, name="liveness")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"menshen {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Consent-first face verification and access, self-hosted."""


def main() -> None:
    """Run the command line."""
    app()
