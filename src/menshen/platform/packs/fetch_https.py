"""Gets an artifact from its own home over HTTPS, going on where it was cut off (RFC 9110, 14)."""

from __future__ import annotations

import errno
import http.client
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from menshen.faces.models.manifest import Artifact
from menshen.platform.packs.errors import PackFetchError
from menshen.platform.packs.fetching import Report
from menshen.platform.packs.files import CHUNK

ATTEMPTS = 4
TIMEOUT = 30.0
_PARTIAL = 206

OpenUrl = Callable[[urllib.request.Request], Any]


class HttpsFetcher:
    """Fetches with ranges; the proxy and certificate settings of the machine apply."""

    def __init__(self, open_url: OpenUrl | None = None) -> None:
        self._open = open_url or _open_securely

    def check(self) -> None:
        """Do nothing: the client comes with Python."""

    def fetch(
        self,
        artifact: Artifact,
        *,
        to: Path,
        work: Path,  # noqa: ARG002 (the part lies beside the target, to survive)
        report: Report,
    ) -> None:
        """Download to ``to``; the part beside it survives a failure. Raises PackFetchError."""
        _check_scheme(artifact.url)
        part = to.with_name(f"{to.name}.part")
        problem: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                self._go_on(artifact, part, report)
            except (OSError, http.client.HTTPException) as error:
                if getattr(error, "errno", None) == errno.ENOSPC:
                    raise
                problem = error
            if part.exists() and part.stat().st_size == artifact.size:
                part.replace(to)
                return
        host = urllib.parse.urlsplit(artifact.url).hostname
        reason = getattr(problem, "reason", problem) or "the answer ended early"
        raise PackFetchError(f"{host} did not give {artifact.file}: {reason}") from problem

    def _go_on(self, artifact: Artifact, part: Path, report: Report) -> None:
        have = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        request = urllib.request.Request(artifact.url, headers=headers)  # noqa: S310 (checked)
        with self._open(request) as answer:
            resumed = answer.status == _PARTIAL and _starts_at(answer) == have
            with part.open("ab" if resumed else "wb") as file:
                _copy(answer, file, artifact.size, report)
        if part.stat().st_size > artifact.size:
            part.unlink()
            raise PackFetchError(f"{artifact.file} is larger than the manifest says")


def _copy(answer: Any, file: IO[bytes], size: int, report: Report) -> None:
    """Copy until the end, or until one byte more than there should be."""
    while (room := size + 1 - file.tell()) > 0:
        piece = answer.read(min(CHUNK, room))
        if not piece:
            return
        file.write(piece)
        report(file.tell())


def _starts_at(answer: Any) -> int:
    words = str(answer.headers.get("Content-Range", "")).removeprefix("bytes ")
    start = words.partition("-")[0]
    return int(start) if start.isdecimal() else -1


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str) -> None:
    if urllib.parse.urlsplit(url).scheme != "https":
        raise PackFetchError("artifacts are fetched over HTTPS only")


def _open_securely(request: urllib.request.Request) -> Any:
    return urllib.request.build_opener(_SecureRedirects).open(request, timeout=TIMEOUT)
