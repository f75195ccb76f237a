from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from menshen.cli.keys import app
from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.settings import Settings


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def store() -> KeyStore:
    return KeyStore(Settings().keys_file)


def test_a_key_is_shown_once_and_works() -> None:
    result = run("create", "front-desk")
    secret = result.stdout.splitlines()[0]
    assert result.exit_code == 0
    key = store().find(secret)
    assert key is not None
    assert key.name == "front-desk"
    assert set(key.scopes) == {Scope.COMPARE, Scope.INSPECT, Scope.MODELS}
    assert secret not in run("list").stdout
    assert f"…{secret[-4:]}" in run("list").stdout


def test_scopes_are_as_asked_for() -> None:
    result = run("create", "prometheus", "--scope", "metrics", "--scope", "metrics", "--json")
    made = json.loads(result.stdout)
    assert made["scopes"] == ["metrics"]
    assert store().find(made["key"]) is not None


def test_an_unknown_scope_is_refused() -> None:
    assert run("create", "x", "--scope", "everything").exit_code == 2
    assert store().keys() == ()


def test_a_revoked_key_works_no_longer() -> None:
    made = json.loads(run("create", "x", "--json").stdout)
    result = run("revoke", made["id"])
    assert result.exit_code == 0
    assert made["ending"] in result.stdout
    assert store().find(made["key"]) is None


def test_revoking_an_unknown_key_says_so() -> None:
    result = run("revoke", "nobody", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "key-unknown"


def test_the_list_as_json_has_no_hash() -> None:
    run("create", "x")
    (row,) = json.loads(run("list", "--json").stdout)
    assert set(row) == {"id", "name", "scopes", "created", "ending"}


def test_an_empty_list_says_what_to_do() -> None:
    assert "menshen keys create" in run("list").stdout


def test_an_exposed_file_is_reported(data_dir: Path) -> None:
    run("create", "x")
    (data_dir / "api-keys.json").chmod(0o644)
    result = run("list", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "key-file-invalid"
