"""Chromium on a real server with the fake verifier."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.fakes import BLUE, CRIMSON, RED, fake_verifier, picture

from menshen.platform.settings import Settings
from menshen.web.app import create_app

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
LOUD = "NO BROWSER TEST WAS RUN: Chromium is missing, run `apt-get install chromium`"
PATIENCE_MS = 20_000
Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the session: while Playwright runs, no other test may run an event loop."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(LOUD)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server with samples of two actors."""
    samples = tmp_path_factory.mktemp("samples")
    for name, colour in {"mei-1": RED, "mei-2": CRIMSON, "otto-1": BLUE}.items():
        (samples / f"{name}.png").write_bytes(picture(colour, kind="PNG"))
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        samples_dir=samples,
        workers=2,
        address_rate="100000/minute",
    )
    app = create_app(settings, verifier=fake_verifier())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def open_page(browser: Browser, base: str) -> Iterator[Open]:
    """Open the page in a fresh profile; at the end nothing may have gone wrong unseen."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def start(*, width: int = 1280, height: int = 900, path: str = "/", **options: Any) -> Page:
        options = {"locale": "en-GB", "permissions": ["camera"]} | options
        viewport: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, base_url=base, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _note(message.text, complaints))
        page.on("request", lambda request: _check_host(request.url, base, complaints))
        page.goto(path)
        return page

    yield start
    for context in contexts:
        with contextlib.suppress(Exception):
            context.close()
    assert complaints == []


def _note(text: str, complaints: list[str]) -> None:
    if "Content Security Policy" in text or "Uncaught" in text:
        complaints.append(text)


def _check_host(url: str, base: str, complaints: list[str]) -> None:
    if not url.startswith((base, "blob:")):
        complaints.append(f"asked another host: {url}")
