"""The server as a process: checked before it listens, quick to answer, gone when told."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
import typer
from tests.fakes import RED, picture
from typer.testing import CliRunner, Result

from menshen.cli import serve
from menshen.faces.models.pack import Pack
from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings

WORLD = "0.0.0.0"  # noqa: S104 - what must be refused


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENSHEN_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def any_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackStore, "load", lambda _self, _name=None: None)


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(serve.serve)
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_without_a_pack_it_does_not_listen() -> None:
    result = run()
    assert result.exit_code == 2
    assert "pack" in result.stderr
    assert "menshen models fetch" in result.stderr


def test_an_unknown_pack_is_named() -> None:
    result = run("--pack", "finest")
    assert result.exit_code == 2
    assert "finest" in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENSHEN_QUEUE", "-1")
    result = run()
    assert result.exit_code == 2
    assert "MENSHEN_QUEUE" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("any_pack")
def test_beyond_loopback_it_wants_a_key_first() -> None:
    result = run("--host", WORLD, "--port", "0")
    assert result.exit_code == 2
    assert "serve-unguarded" in result.stderr
    assert "menshen keys create" in result.stderr


@pytest.mark.usefixtures("any_pack")
def test_beyond_loopback_with_a_key_it_may() -> None:
    settings = Settings(host=WORLD)
    KeyStore(settings.keys_file).create("desk", scopes=())
    serve.check(settings)


@pytest.mark.usefixtures("any_pack")
def test_a_port_in_use_is_said_in_plain_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "serve-cannot-listen" in result.stderr


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", r"http://127\.0\.0\.1:\d+"), ("::1", r"http://\[::1\]:\d+")],
)
def test_the_address_is_one_a_browser_opens(host: str, address: str) -> None:
    with serve.listen(Settings(host=host, port=0)) as listener:
        assert re.fullmatch(address, serve.address_of(listener, host))


def test_what_is_open_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    serve.announce(Settings(host=WORLD, try_it=True), address="http://x:1")
    said = capsys.readouterr()
    assert "http://x:1/" in said.out
    assert "TLS" in said.err
    assert "needs no key" in said.err
    serve.announce(Settings(), address="http://127.0.0.1:1")
    assert capsys.readouterr().err == ""


class Server:
    """`menshen serve` as a child process."""

    def __init__(self, packs: Path, data: Path) -> None:
        known = {"MENSHEN_PACKS_DIR": str(packs), "MENSHEN_DATA_DIR": str(data)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "menshen", "serve", "--port", "0", "--pack", "basic"],
            env=os.environ | known | {"COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        assert self.process.stderr
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + self.process.stderr.read()
        self.base = found[0]
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.errors.extend(self.process.stderr)

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(30)
        self._reader.join(10)
        return code

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(30)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


@pytest.mark.models
def test_a_real_server_from_start_to_end(
    basic_pack: Pack, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert basic_pack.manifest.name == "basic"
    monkeypatch.delenv("MENSHEN_DATA_DIR")
    packs = Settings().packs_dir
    secret, _ = KeyStore(data_dir / "api-keys.json").create("test", scopes=tuple(Scope))
    with Server(packs, data_dir) as server, httpx2.Client(base_url=server.base) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        headers = {"Authorization": f"Bearer {secret}"}
        while client.get("/readyz").status_code == 503:
            assert server.process.poll() is None
            time.sleep(0.05)
        files = {"picture": ("ZhangSan.png", picture(RED, kind="PNG"))}
        answer = client.post("/v1/inspect?who=ZhangSan", files=files, headers=headers, timeout=60)
        assert answer.json()["faces"] == []
        assert server.stop(signal.SIGINT) == 0
    lines = [json.loads(line) for line in server.errors]
    assert "/v1/inspect" in {line.get("route") for line in lines}
    assert any("Application shutdown complete" in line["message"] for line in lines)
    assert "ZhangSan" not in "".join(server.errors)
    assert secret not in "".join(server.errors)


@pytest.mark.models
def test_a_service_manager_may_stop_it(basic_pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert basic_pack.manifest.name == "basic"
    monkeypatch.delenv("MENSHEN_DATA_DIR")
    settings = Settings()
    with Server(settings.packs_dir, settings.data_dir) as server:
        assert httpx2.get(f"{server.base}/healthz", timeout=60).status_code == 200
        # uvicorn says goodbye to its clients, then ends by the signal it was sent.
        assert server.stop(signal.SIGTERM) == -signal.SIGTERM
    assert any("Application shutdown complete" in line for line in server.errors)
