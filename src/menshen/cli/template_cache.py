"""Templates kept between runs, so that a long extraction resumes where it was killed.

One small file for each picture, named after the SHA-256 of the picture's bytes and placed in
a folder named after the template contract. Files appear whole or not at all (written beside,
then renamed) and carry a digest of their own: whatever does not check out counts as absent.
A face that could not be used is remembered too. Pictures are never written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from menshen.faces.records import Template

_MAGIC = b"MENSHEN-TEMPLATE-1\n"
_DIGEST = 32


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """A picture that gave no template, and why (failure to acquire, ISO/IEC 19795-1)."""

    code: str
    detail: str


class TemplateCache:
    """The templates of one contract in a folder only this user may read."""

    def __init__(self, folder: Path, *, contract: str) -> None:
        self._contract = contract
        self._home = folder / contract[:16]
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)

    def load(self, digest: str) -> Template | Failure | None:
        """Return what is known of the picture with this SHA-256; None when nothing sound is."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            return None
        body = data[len(_MAGIC) + _DIGEST :]
        if data[: len(_MAGIC) + _DIGEST] != _MAGIC + hashlib.sha256(body).digest():
            return None
        header, _, features = body.partition(b"\n")
        known = json.loads(header)
        if (known["contract"], known["picture"]) != (self._contract, digest):
            return None
        return _entry(known, features)

    def save(self, digest: str, entry: Template | Failure) -> None:
        """Remember what came of a picture."""
        body = _body(entry, contract=self._contract, digest=digest)
        path = self._path(digest)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        beside.write_bytes(_MAGIC + hashlib.sha256(body).digest() + body)
        beside.replace(path)

    def _path(self, digest: str) -> Path:
        return self._home / digest[:2] / f"{digest}.template"


def _body(entry: Template | Failure, *, contract: str, digest: str) -> bytes:
    known: dict[str, Any] = {"contract": contract, "picture": digest}
    if isinstance(entry, Failure):
        known |= {"code": entry.code, "detail": entry.detail}
        return json.dumps(known).encode() + b"\n"
    known |= {"weight": entry.weight, "samples": entry.samples}
    known["sizes"] = [part.size for part in entry.features]
    features = b"".join(part.astype("<f4").tobytes() for part in entry.features)
    return json.dumps(known).encode() + b"\n" + features


def _entry(known: dict[str, Any], features: bytes) -> Template | Failure:
    if "code" in known:
        return Failure(known["code"], known["detail"])
    flat = np.frombuffer(features, "<f4").astype(np.float32)
    parts = np.split(flat, np.cumsum(known["sizes"])[:-1])
    return Template(known["contract"], tuple(parts), known["weight"], known["samples"])
