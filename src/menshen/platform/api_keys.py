"""API keys: made at random, shown once, kept as hashes.

A key is 256 random bits, so a plain SHA-256 of it cannot be guessed back and needs no salt.
The file is read again whenever it changes: a key works, or stops working, at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from menshen.errors import MenshenError
from menshen.platform.whole_files import write_whole

PREFIX = "menshen_"
SECRET_BYTES = 32
FILE_MODE = 0o600


class Scope(StrEnum):
    """What a key may do."""

    COMPARE = "compare"
    INSPECT = "inspect"
    MODELS = "models"
    METRICS = "metrics"


class KeyFileError(MenshenError):
    """The key file cannot be read, or anybody else could."""

    code = "key-file-invalid"
    advice = "Look at the file named; without it no key works."


class KeyUnknownError(MenshenError):
    """No key has this identifier."""

    code = "key-unknown"
    advice = "See the identifiers with `menshen keys list`."


@dataclasses.dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key: enough to recognise it, nothing to use it.

    ``digest`` is the SHA-256 of the whole key in hexadecimal, ``ending`` its last four
    characters, ``created`` an RFC 3339 time in UTC.
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created: str
    ending: str
    digest: str


class KeyStore:
    """The keys of one data folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[ApiKey, ...] = ()

    def keys(self) -> tuple[ApiKey, ...]:
        """Return all valid keys, oldest first; raises KeyFileError."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._keys = self._read() if stamp else ()
            self._seen = stamp
        return self._keys

    def create(self, name: str, *, scopes: tuple[Scope, ...]) -> tuple[str, ApiKey]:
        """Make a key; the first of the pair is the key itself, never to be seen again."""
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        key = ApiKey(
            id=secrets.token_hex(4),
            name=name,
            scopes=scopes,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            ending=secret[-4:],
            digest=digest(secret),
        )
        with self._locked():
            self._write((*self.keys(), key))
        return secret, key

    def revoke(self, key_id: str) -> ApiKey:
        """Forget the key with this identifier; raises KeyUnknownError."""
        with self._locked():
            gone = [key for key in self.keys() if key.id == key_id]
            if not gone:
                raise KeyUnknownError(f"no key has the identifier {key_id!r}")
            self._write(tuple(key for key in self.keys() if key.id != key_id))
        return gone[0]

    def find(self, secret: str) -> ApiKey | None:
        """Return the key ``secret`` belongs to, in the same time for right and wrong ones."""
        wanted = digest(secret)
        found = None
        for key in self.keys():
            if hmac.compare_digest(key.digest, wanted):
                found = key
        return found

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        if status.st_mode & 0o077:
            raise KeyFileError(f"others may read {self._path}: run `chmod 600` on it")
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> tuple[ApiKey, ...]:
        try:
            return tuple(_key(row) for row in json.loads(self._path.read_bytes())["keys"])
        except (ValueError, TypeError, KeyError) as error:
            raise KeyFileError(f"{self._path} is damaged") from error

    def _write(self, keys: tuple[ApiKey, ...]) -> None:
        rows = [dataclasses.asdict(key) for key in keys]
        write_whole(self._path, json.dumps({"version": 1, "keys": rows}, indent=1).encode())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def digest(secret: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(**row | {"scopes": tuple(Scope(scope) for scope in row["scopes"])})
