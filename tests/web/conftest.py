"""A server on the fake verifier, and a client with a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fakes import fake_verifier

from menshen.platform.api_keys import KeyStore, Scope
from menshen.platform.settings import Settings
from menshen.verification.compare import Verifier
from menshen.web.app import create_app

BASE = "http://127.0.0.1"
Serve = Callable[..., TestClient]


@pytest.fixture
def verifier() -> Verifier:
    return fake_verifier()


@pytest.fixture
def serve(tmp_path: Path, verifier: Verifier) -> Iterator[Serve]:
    """Start an application with any settings; without ``key`` the client shows none."""
    opened: list[TestClient] = []

    def start(
        *, scopes: tuple[Scope, ...] | None = tuple(Scope), ready: bool = True, **chosen: Any
    ) -> TestClient:
        settings = Settings(data_dir=tmp_path, workers=2, **chosen)
        headers = {}
        if scopes is not None:
            secret, _ = KeyStore(settings.keys_file).create("test", scopes=scopes)
            headers = {"Authorization": f"Bearer {secret}"}
        app = create_app(settings, verifier=verifier if ready else None)
        client = TestClient(app, base_url=BASE, headers=headers)
        client.__enter__()
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()
