"""The form reader, driven chunk by chunk as a hostile client would."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from menshen.platform.problems import (
    MediaTypeError,
    RequestInvalidError,
    RequestTooLargeError,
    RequestTooSlowError,
)
from menshen.platform.uploads import Form, read_form

TYPE = "multipart/form-data; boundary=x"
GOOD = (
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="p.jpg"\r\n'
    b"Content-Type: image/jpeg\r\n\r\nJPEG\r\nBYTES\r\n"
    b'--x\r\nContent-Disposition: form-data; name="level"\r\n\r\ncounter\r\n--x--\r\n'
)


def read(
    *chunks: bytes,
    kind: str = TYPE,
    limit: int = 10_000,
    seconds: float = 10,
    length: str | None = None,
    ends: bool = True,
) -> Form:
    headers = [(b"content-type", kind.encode("latin-1"))]
    headers += [(b"content-length", length.encode())] if length is not None else []
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    if ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    else:
        messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60)
        raise AssertionError

    async def main() -> Form:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        return await read_form(
            Request(scope, receive),
            files=frozenset({"a", "b"}),
            texts=frozenset({"level"}),
            limit=limit,
            seconds=seconds,
        )

    return asyncio.run(main())


def part(name: str, *, filename: str | None = "f", body: bytes = b"1") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return b"--x\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + body + b"\r\n"


def test_files_and_texts_are_told_apart() -> None:
    form = read(GOOD)
    assert form.files == {"a": b"JPEG\r\nBYTES"}
    assert form.texts == {"level": "counter"}


@given(st.lists(st.integers(1, len(GOOD) - 1), max_size=12))
def test_chunks_may_break_anywhere(cuts: list[int]) -> None:
    places = [0, *sorted(set(cuts)), len(GOOD)]
    chunks = [GOOD[i:j] for i, j in itertools.pairwise(places)]
    assert read(*chunks) == read(GOOD)


def test_a_large_picture_stays_whole() -> None:
    body = bytes(range(256)) * 20_000
    form = read(part("a", body=body) + b"--x--\r\n", limit=10_000_000)
    assert form.files["a"] == body


def test_what_arrives_is_counted_not_what_is_declared() -> None:
    flood = [
        b"--x\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n",
        *[b"0" * 500] * 30,
    ]
    with pytest.raises(RequestTooLargeError):
        read(*flood, length="100")
    with pytest.raises(RequestTooLargeError):
        read(*flood)


def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(RequestTooLargeError):
        read(length="10001", ends=False)


@pytest.mark.parametrize("length", ["-1", "many", "1e9", "٣", ""])
def test_a_senseless_length_is_no_licence(length: str) -> None:
    assert read(GOOD, length=length).files


def test_exactly_the_limit_is_allowed() -> None:
    assert read(GOOD, limit=len(GOOD)).files
    with pytest.raises(RequestTooLargeError):
        read(GOOD, limit=len(GOOD) - 1)


def test_a_dribbling_client_is_cut_off() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": True}

    async def main() -> None:
        scope = {"type": "http", "headers": [(b"content-type", TYPE.encode())]}
        request = Request(scope, receive)
        await read_form(
            request, files=frozenset({"a"}), texts=frozenset(), limit=1000, seconds=0.05
        )

    with pytest.raises(RequestTooSlowError):
        asyncio.run(main())


def test_a_client_that_hangs_up() -> None:
    with pytest.raises(RequestInvalidError, match="connection ended"):
        read(GOOD[:50], ends=False)


@pytest.mark.parametrize("cut", [0, 1, 30, 80, 120, len(GOOD) - 6])
def test_an_incomplete_form_is_refused(cut: int) -> None:
    with pytest.raises(RequestInvalidError):
        read(GOOD[:cut])


@pytest.mark.parametrize(
    "body",
    [
        part("c") + b"--x--\r\n",
        part("level") + b"--x--\r\n",
        part("a", filename=None) + b"--x--\r\n",
        part("a") * 2 + b"--x--\r\n",
        part("level", filename=None, body=b"x" * 257) + b"--x--\r\n",
        part("level", filename=None, body=b"\xff\xfe") + b"--x--\r\n",
        b"--x\r\n\r\nno name\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; filename=f\r\n\r\n1\r\n--x--\r\n",
        b"--y\r\n\r\n--y--\r\n",
        b"--x\r\n" + b"A: b\r\n" * 1000 + b"\r\n1\r\n--x--\r\n",
        b"--x\r\nA: " + b"b" * 9000 + b"\r\n\r\n1\r\n--x--\r\n",
    ],
)
def test_what_does_not_belong_is_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalidError):
        read(body)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_another_media_type(kind: str) -> None:
    with pytest.raises(MediaTypeError):
        read(GOOD, kind=kind)


@settings(max_examples=200)
@given(st.binary(max_size=400), st.integers(0, len(GOOD)))
def test_no_bytes_cause_anything_but_a_refusal(noise: bytes, place: int) -> None:
    with contextlib.suppress(RequestInvalidError):
        assert set(read(GOOD[:place] + noise + GOOD[place:]).files) <= {"a", "b"}
