"""Folders that are whole or not there: hashing, moving, a lock between processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from menshen.platform import whole_files
from menshen.platform.packs.errors import PackStorageError, PackStoreBusyError

CHUNK = 2**20


@contextlib.contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the operating system's refusals into words; PackStorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PackStorageError("the disk is full; nothing half-done was kept") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise PackStorageError("the packs folder cannot be written") from error
        raise


def sha256_of(path: Path, *, report: Callable[[int], None] | None = None) -> str:
    """Hash a file a mebibyte at a time; ``report`` gets the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            done += len(piece)
            if report:
                report(done)
    return digest.hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole; a service account reads what an administrator fetched."""
    whole_files.write_whole(path, data, mode=whole_files.READABLE)


def settle(folder: Path, *, target: Path) -> None:
    """Move a finished folder to its place, whole; what stood there goes."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if target.exists():
        shutil.rmtree(target)
    folder.rename(target)


def clear(folder: Path) -> None:
    """Empty a folder of left-overs, making it if needed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def locked(path: Path, *, seconds: float, waiting: Callable[[], None]) -> Iterator[None]:
    """Keep other processes out; the system lets go when this one dies, however it dies.

    Waits up to ``seconds`` for another process, after calling ``waiting`` once; then raises
    PackStoreBusyError.
    """
    with path.open("ab") as file:
        _acquire(file.fileno(), seconds, waiting)
        yield


def _acquire(handle: int, seconds: float, waiting: Callable[[], None]) -> None:
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise PackStoreBusyError("another process is changing the packs") from error
        if not told:
            waiting()
            told = True
        time.sleep(0.1)
