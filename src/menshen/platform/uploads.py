"""Pictures out of a multipart form (RFC 7578), in memory and nowhere else.

Starlette's own form parser writes parts over one megabyte to a temporary file. A face must not
touch a disk on its way to a decision, so this drives the same parser library into byte arrays,
and counts what really arrives: a Content-Length is a claim.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Mapping

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from menshen.platform.problems import (
    MediaTypeError,
    RequestInvalidError,
    RequestTooLargeError,
    RequestTooSlowError,
)

LONGEST_TEXT = 256


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """The parts of one form by name: ``files`` had a file name, ``texts`` had none."""

    files: Mapping[str, bytes]
    texts: Mapping[str, str]


async def read_form(
    request: Request, *, files: frozenset[str], texts: frozenset[str], limit: int, seconds: float
) -> Form:
    """Read a form whose parts are among ``files`` and ``texts``, each at most once.

    Raises MediaTypeError, RequestInvalidError, RequestTooLargeError (over ``limit`` bytes in
    all) and RequestTooSlowError (over ``seconds``).
    """
    _check_declared_length(request, limit=limit)
    collector = _Collector(_boundary(request), files=files, texts=texts)
    try:
        async with asyncio.timeout(seconds):
            await _feed(collector, request.stream(), limit=limit)
    except TimeoutError as error:
        raise RequestTooSlowError(f"the body took more than {seconds:g} seconds") from error
    except ClientDisconnect as error:
        raise RequestInvalidError("the connection ended before the body did") from error
    return collector.form()


def _check_declared_length(request: Request, *, limit: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise RequestTooLargeError(f"the limit is {limit} bytes")


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise MediaTypeError("the Content-Type must be multipart/form-data with a boundary")
    return options[b"boundary"]


async def _feed(collector: _Collector, chunks: AsyncIterator[bytes], *, limit: int) -> None:
    arrived = 0
    async for chunk in chunks:
        arrived += len(chunk)
        if arrived > limit:
            raise RequestTooLargeError(f"the limit is {limit} bytes")
        collector.write(chunk)


class _Collector:
    """Callbacks of the multipart parser that keep parts in memory."""

    def __init__(self, boundary: bytes, *, files: frozenset[str], texts: frozenset[str]) -> None:
        self._allowed = {"file": files, "text": texts}
        self._parts: dict[str, tuple[str, bytearray]] = {}
        self._part = bytearray()
        self._kind = ""
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header[0].extend(
                        data[start:end]
                    ),
                    "on_header_value": lambda data, start, end: self._header[1].extend(
                        data[start:end]
                    ),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._name,
                    "on_part_data": self._add,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise MediaTypeError("the boundary is too long") from error

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise RequestInvalidError("the body is not a well-formed multipart form") from error

    def form(self) -> Form:
        if not self._ended:
            raise RequestInvalidError("the multipart form is incomplete")
        return Form(
            files={n: bytes(data) for n, (kind, data) in self._parts.items() if kind == "file"},
            texts={n: _text(n, data) for n, (kind, data) in self._parts.items() if kind == "text"},
        )

    def _begin(self) -> None:
        self._part = bytearray()
        self._disposition = b""

    def _add_header(self, half: int, data: bytes, start: int, end: int) -> None:
        self._header[half].extend(data[start:end])

    def _end_header(self) -> None:
        field, value = self._header
        if field.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _name(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("latin-1")
        self._kind = "file" if b"filename" in options else "text"
        if name not in self._allowed[self._kind]:
            raise RequestInvalidError(f"the form may only have {self._wanted()}")
        if name in self._parts:
            raise RequestInvalidError(f"the form has the part {name!r} twice")
        self._parts[name] = (self._kind, self._part)

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._kind == "text" and len(self._part) + end - start > LONGEST_TEXT:
            raise RequestInvalidError(f"a text part is longer than {LONGEST_TEXT} bytes")
        self._part += data[start:end]

    def _end(self) -> None:
        self._ended = True

    def _wanted(self) -> str:
        pairs = [(kind, name) for kind, names in self._allowed.items() for name in sorted(names)]
        return ", ".join(f"the {kind} part {name!r}" for kind, name in pairs)


def _text(name: str, data: bytearray) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise RequestInvalidError(f"the part {name!r} is not UTF-8") from error
