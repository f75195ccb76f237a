"""Finds the files of packs in a folder an operator filled, by content, whatever their names."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from menshen.faces.models.manifest import ModelEntry, PackManifest, Source
from menshen.platform.packs.errors import PackMissingError
from menshen.platform.packs.files import sha256_of
from menshen.platform.packs.install import Found
from menshen.platform.packs.records import Progress, Step

MAX_FILES = 2000
MAX_BYTES = 2**31


def search(folder: Path, *, progress: Progress) -> Found:
    """Hash the files under ``folder``; raises PackMissingError when there is no such folder."""
    if not folder.is_dir():
        raise PackMissingError(f"{folder} is not a folder")
    inside = (path for path in sorted(folder.rglob("*")) if path.is_file())
    paths = list(islice((p for p in inside if p.stat().st_size <= MAX_BYTES), MAX_FILES))
    files: dict[str, Path] = {}
    for number, path in enumerate(paths):
        progress(Step("verify", path.name, number, len(paths)))
        files[sha256_of(path)] = path
    return Found(files)


def touched(manifest: PackManifest, found: Found) -> bool:
    """Tell whether any file of the pack was found."""
    return any(_holds(manifest, source, found) for source in _sources(manifest.models))


def missing(manifest: PackManifest, found: Found, *, wanted: Iterable[ModelEntry]) -> list[Source]:
    """List the sources of ``wanted`` models that were not found."""
    return [s for s in _sources(wanted) if not _holds(manifest, s, found)]


def _sources(models: Iterable[ModelEntry]) -> list[Source]:
    return [source for model in models for source in model.sources]


def _holds(manifest: PackManifest, source: Source, found: Found) -> bool:
    artifact = next(a for a in manifest.artifacts if a.id == source.artifact)
    return found.holds(artifact, source)
