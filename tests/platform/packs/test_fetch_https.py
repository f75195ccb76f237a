from __future__ import annotations

import email.message
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from menshen.faces.models.manifest import Artifact
from menshen.platform.packs import fetch_https
from menshen.platform.packs.errors import PackFetchError
from menshen.platform.packs.fetch_https import HttpsFetcher

DATA = bytes(range(256)) * 40


def artifact(**changes: Any) -> Artifact:
    fields = {"id": "home", "channel": "https", "package": "p", "version": "1", "file": "d.onnx"}
    made = {"size": len(DATA), "sha256": "0" * 64, "url": "https://home.example/d.onnx"}
    return Artifact.model_validate({**fields, **made, **changes})


class Answer(io.BytesIO):
    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(body)
        self.status = status
        self.headers = headers


@dataclass
class Home:
    """A server: answers ranges unless told not to, and hangs up after ``limit`` bytes."""

    ranges: bool = True
    limit: int = 10**9
    body: bytes = DATA
    asked: list[str | None] = field(default_factory=list)

    def __call__(self, request: urllib.request.Request) -> Answer:
        wanted = request.get_header("Range")
        self.asked.append(wanted)
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Range": f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"}
            return Answer(206, self.body[start : start + self.limit], headers)
        return Answer(200, self.body[: self.limit], {})


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[..., bytes]:
    def run(home: Any, **changes: Any) -> bytes:
        to = tmp_path / "target"
        fetcher = HttpsFetcher(home)
        fetcher.check()
        fetcher.fetch(artifact(**changes), to=to, work=tmp_path, report=lambda done: None)
        return to.read_bytes()

    return run


def test_fetches(fetch: Any, tmp_path: Path) -> None:
    home = Home()
    assert fetch(home) == DATA
    assert home.asked == [None]
    assert [p.name for p in tmp_path.iterdir()] == ["target"]


def test_goes_on_where_it_was_cut_off(fetch: Any) -> None:
    home = Home(limit=4000)
    assert fetch(home) == DATA
    assert home.asked == [None, "bytes=4000-", "bytes=8000-"]


def test_goes_on_in_a_later_run(fetch: Any) -> None:
    with pytest.raises(PackFetchError, match="ended early"):
        fetch(Home(limit=1000))
    later = Home()
    assert fetch(later) == DATA
    assert later.asked == ["bytes=4000-"]


def test_starts_again_where_ranges_are_not_kept(fetch: Any) -> None:
    with pytest.raises(PackFetchError):
        fetch(Home(limit=1000))
    assert fetch(Home(ranges=False)) == DATA


def test_another_range_than_asked_for_is_not_appended(fetch: Any, tmp_path: Path) -> None:
    (tmp_path / "target.part").write_bytes(DATA[:100])

    def home(request: urllib.request.Request) -> Answer:
        return Answer(206, DATA, {"Content-Range": "bytes 0-10239/10240"})

    assert fetch(home) == DATA


def test_a_whole_part_of_an_earlier_run_needs_no_answer(fetch: Any, tmp_path: Path) -> None:
    (tmp_path / "target.part").write_bytes(DATA)

    def home(request: urllib.request.Request) -> Answer:
        headers = email.message.Message()
        raise urllib.error.HTTPError(request.full_url, 416, "Range", headers, io.BytesIO())

    assert fetch(home) == DATA


def test_more_than_the_manifest_says_is_cut_and_refused(fetch: Any, tmp_path: Path) -> None:
    with pytest.raises(PackFetchError, match="larger than"):
        fetch(Home(body=DATA + bytes(10**6)))
    assert list(tmp_path.iterdir()) == []


def test_network_down(fetch: Any) -> None:
    calls = []

    def home(request: urllib.request.Request) -> Answer:
        calls.append(request)
        raise urllib.error.URLError("no route to host")

    with pytest.raises(PackFetchError, match=r"home\.example .* no route"):
        fetch(home)
    assert len(calls) == fetch_https.ATTEMPTS


def test_disk_full_is_not_a_network_problem(fetch: Any) -> None:
    def home(request: urllib.request.Request) -> Answer:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fetch(home)


@pytest.mark.parametrize("url", ["http://home.example/d", "file:///etc/passwd", "", "ftp://x/y"])
def test_https_only(fetch: Any, url: str) -> None:
    home = Home()
    with pytest.raises(PackFetchError, match="HTTPS only"):
        fetch(home, url=url)
    assert home.asked == []


def test_redirects_stay_on_https() -> None:
    handler = fetch_https._SecureRedirects()
    request = urllib.request.Request("https://home.example/d")
    headers = email.message.Message()
    with pytest.raises(PackFetchError, match="HTTPS only"):
        handler.redirect_request(request, io.BytesIO(), 302, "x", headers, "http://evil/d")
    onward = handler.redirect_request(request, io.BytesIO(), 302, "x", headers, "https://b/d")
    assert onward is not None
    assert onward.full_url == "https://b/d"
