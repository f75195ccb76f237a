"""Takes single members out of wheels and tarballs, into memory.

No path is ever made from a member's name and nothing but the wanted members is kept, so
neither a name that climbs out of the folder nor a file we have no licence for can land on
disk. Sizes are bounded before and while reading: a bomb costs an error.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import IO

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Source

MEMBER_LIMIT = 128 * 2**20
"""Bytes a member may have, unpacked."""
STREAM_LIMIT = 2**30
"""Bytes a tarball may have, unpacked, up to the last wanted member."""


def read_sources(path: Path, wanted: Collection[Source]) -> dict[str, bytes]:
    """Read the wanted members, by SHA-256; a file that is no archive is its own member.

    Raises ModelFileError when a member is missing, too large or not what its hash says, when
    a name is not a plain relative path, or when the archive is damaged.
    """
    for source in wanted:
        _check_name(source.member)
    found = _members(path, {source.member for source in wanted})
    for source in wanted:
        if source.member not in found:
            raise ModelFileError(f"the archive has no member {source.member}")
        if hashlib.sha256(found[source.member]).hexdigest() != source.sha256:
            raise ModelFileError(f"the member {source.member} is not what its hash says")
    return {source.sha256: found[source.member] for source in wanted}


_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name:
        raise ModelFileError("a member's name is not a plain relative path")


def _members(path: Path, names: set[str]) -> dict[str, bytes]:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PK\x03\x04":
            return _from_zip(path, names)
        if magic[:2] == b"\x1f\x8b":
            return _from_tar(path, names)
    except _DAMAGE as error:
        raise ModelFileError("the archive is damaged or incomplete") from error
    return {name: _bounded(path.open("rb")) for name in names}


def _from_zip(path: Path, names: set[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        present = names & set(archive.namelist())
        return {name: _bounded(archive.open(name)) for name in sorted(present)}


def _from_tar(path: Path, names: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with (
        gzip.open(path) as unpacked,
        tarfile.open(fileobj=_Metered(unpacked), mode="r|") as archive,
    ):
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file and member.name in names and member.name not in found:
                found[member.name] = _bounded(file)
            if len(found) == len(names):
                break
    return found


def _bounded(file: IO[bytes]) -> bytes:
    with file:
        data = file.read(MEMBER_LIMIT + 1)
    if len(data) > MEMBER_LIMIT:
        raise ModelFileError("a member of the archive is larger than 128 MiB")
    return bytes(data)


class _Metered(io.RawIOBase):
    """Passes reads through until a stream has given more than it may."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = STREAM_LIMIT

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ModelFileError("the archive unpacks to more than 1 GiB")
        return data
