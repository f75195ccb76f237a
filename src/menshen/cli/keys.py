"""`menshen keys`: API keys, shown once and kept as hashes."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from menshen.cli.common import out, reported
from menshen.platform.api_keys import ApiKey, KeyStore, Scope
from menshen.platform.settings import Settings

DEFAULT_SCOPES = (Scope.COMPARE, Scope.INSPECT, Scope.MODELS)

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will use it, such as front-desk.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; give it again for more.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, this once."""
    scopes = tuple(dict.fromkeys(scope or DEFAULT_SCOPES))
    with reported(as_json=as_json):
        secret, key = _store().create(name, scopes=scopes)
    if as_json:
        typer.echo(json.dumps({"key": secret} | _facts(key), ensure_ascii=False))
        return
    # Plain echo: a table could wrap the key, and what is copied must be whole.
    typer.echo(secret)
    out.print(f"Key [bold]{key.id}[/bold] for: {', '.join(key.scopes)}.", highlight=False)
    out.print("Keep it now: it is stored as a hash and cannot be shown again.")


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the keys: name, scopes, last four characters."""
    with reported(as_json=as_json):
        keys = _store().keys()
    if as_json:
        typer.echo(json.dumps([_facts(key) for key in keys], ensure_ascii=False))
        return
    if not keys:
        out.print("No keys yet: make one with `menshen keys create NAME`.")
        return
    table = Table("Identifier", "Name", "Scopes", "Made", "Ends in")
    for key in keys:
        table.add_row(key.id, key.name, ", ".join(key.scopes), key.created, f"…{key.ending}")
    out.print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="IDENTIFIER", help="As `list` shows it.")],
    as_json: Json = False,
) -> None:
    """Make a key stop working, at once, on running servers too."""
    with reported(as_json=as_json):
        key = _store().revoke(key_id)
    if as_json:
        typer.echo(json.dumps(_facts(key), ensure_ascii=False))
        return
    out.print(f"Key {key.id} (…{key.ending}) no longer works.", highlight=False)


def _store() -> KeyStore:
    return KeyStore(Settings().keys_file)


def _facts(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created": key.created,
        "ending": key.ending,
    }
