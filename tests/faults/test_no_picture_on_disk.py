"""After 200 calls with large pictures no picture byte is on any disk the server could write to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fakes import BLACK, BLUE, RED, picture

Serve = Callable[..., TestClient]
CALLS = 200
SIGNATURES = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WebP": b"WEBPVP8"}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temp folder of our own, whichever way it is asked for."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every temporary file anybody asks for, deleted ones and nameless ones included."""
    asked: list[str] = []

    def watch(name: str) -> None:
        real = getattr(tempfile, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            asked.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(tempfile, name, watched)

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "mkdtemp"):
        watch(name)
    return asked


def large(colour: tuple[int, int, int], kind: str) -> bytes:
    data = picture(colour, size=(800, 800), kind=kind)
    # Trailing bytes are harmless to decoders and make each part larger than any spool limit.
    return data + b"\0" * max(0, 1_200_000 - len(data))


def found_pictures(*folders: Path) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                yield from ((path, kind) for kind, sign in SIGNATURES.items() if sign in content)


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    for kind in SIGNATURES:
        (tmp_path / kind).write_bytes(b"header" + picture(RED, kind=kind))
    assert {kind for _, kind in found_pictures(tmp_path)} == set(SIGNATURES)


def test_the_watch_sees_a_spooled_upload(opened: list[str]) -> None:
    with tempfile.SpooledTemporaryFile(max_size=1) as spooled:
        spooled.write(b"over the limit")
    assert opened == ["TemporaryFile"]


def test_no_picture_byte_is_on_disk_after_200_calls(
    serve: Serve, tmp_path: Path, temporary: Path, opened: list[str]
) -> None:
    client = serve(key_rate="100000/minute", address_rate="100000/minute")
    opened.clear()
    pictures = [large(RED, "JPEG"), large(BLUE, "PNG"), large(RED, "WEBP"), large(BLACK, "JPEG")]
    broken = pictures[0][:40_000]
    statuses = set()
    for call in range(CALLS // 2):
        first, second = pictures[call % 4], (broken if call % 10 == 9 else pictures[(call + 2) % 4])
        pair = {"a": ("a.jpg", first), "b": ("b.jpg", second)}
        statuses.add(client.post("/v1/compare", files=pair).status_code)
        statuses.add(client.post("/v1/inspect", files={"picture": ("p", second)}).status_code)
    assert statuses == {200, 422}
    assert opened == []
    assert list(found_pictures(tmp_path, temporary)) == []
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "api-keys.json",
        "api-keys.lock",
    ]


def test_an_abandoned_upload_leaves_nothing(
    serve: Serve, tmp_path: Path, temporary: Path, opened: list[str]
) -> None:
    client = serve(max_request_bytes=2_000_000)
    opened.clear()
    for _ in range(5):
        files = {"picture": ("p", large(RED, "JPEG") + b"\0" * 1_000_000)}
        assert client.post("/v1/inspect", files=files).status_code == 413
    assert opened == []
    assert list(found_pictures(tmp_path, temporary)) == []
    assert os.listdir(temporary) == []  # noqa: PTH208
