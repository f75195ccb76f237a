from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient
from tests.fakes import BLUE, RED, picture

from menshen.platform.api_keys import Scope

Serve = Callable[..., TestClient]


def test_alive_and_ready(serve: Serve) -> None:
    client = serve(scopes=None)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "pack": "standard"}


def test_alive_but_not_ready(serve: Serve, tmp_path: Path) -> None:
    client = serve(ready=False, packs_dir=tmp_path / "nothing", scopes=None)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["code"] == "not-ready"


def test_metrics_count_what_happened(client: TestClient) -> None:
    for other in (RED, BLUE, BLUE):
        pair = {"a": ("a", picture(RED)), "b": ("b", picture(other))}
        client.post("/v1/compare", files=pair)
    client.get("/nowhere/at/all")
    text = client.get("/metrics").text
    assert 'menshen_decisions_total{outcome="accept"} 1.0' in text
    assert 'menshen_decisions_total{outcome="reject"} 2.0' in text
    assert 'route="/v1/compare",status="200"} 3.0' in text
    assert 'menshen_problems_total{code="not-found"} 1.0' in text
    assert 'route="other",status="404"} 1.0' in text
    assert "nowhere" not in text


def test_metrics_are_open_on_loopback_only(serve: Serve) -> None:
    assert serve(scopes=None).get("/metrics").status_code == 200
    stranger = serve(scopes=None, host="192.0.2.1")
    assert stranger.get("/metrics").json()["code"] == "key-missing"
    wrong = serve(scopes=(Scope.COMPARE,), host="192.0.2.1")
    assert wrong.get("/metrics").json()["code"] == "scope-missing"
    right = serve(scopes=(Scope.METRICS,), host="192.0.2.1")
    assert right.get("/metrics").status_code == 200
