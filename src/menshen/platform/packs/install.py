"""Brings a pack's networks into the store: artifacts in, converted networks out.

Every finished step stands on its own: an archive that was fetched and checked is not
fetched again, a network that was converted is not converted again, also when another pack
needs the same one. The members taken from archives are kept, so that a damaged network is
repaired, and a better converter applied, without the network. Nothing counts before it is
whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from menshen.errors import ModelFileError
from menshen.faces.models.manifest import Artifact, ModelEntry, PackManifest, Source
from menshen.platform.packs import conversion
from menshen.platform.packs.archives import read_sources
from menshen.platform.packs.errors import PackMissingError, PackStorageError
from menshen.platform.packs.fetching import Fetcher
from menshen.platform.packs.files import clear, settle, sha256_of, write_whole
from menshen.platform.packs.records import Progress, Step, StoredFile, StoredModel

RECORD = "installed.json"
SOURCES = "sources"
_SPARE = 128 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Files an operator put somewhere, by SHA-256."""

    files: Mapping[str, Path] = dataclasses.field(default_factory=dict)

    def holds(self, artifact: Artifact, source: Source) -> bool:
        """Tell whether the source is there, bare or in its archive."""
        return source.sha256 in self.files or artifact.sha256 in self.files


def kept(root: Path) -> Found:
    """Find the sources of earlier installations that are still what their names say."""
    paths = sorted((root / SOURCES).glob("*"))
    return Found({path.name: path for path in paths if sha256_of(path) == path.name})


class Installer:
    """Works inside the store's folder; the caller holds the lock.

    ``found`` are sources and archives that need not be fetched.
    """

    def __init__(
        self, root: Path, *, fetchers: Mapping[str, Fetcher], found: Found, progress: Progress
    ) -> None:
        self._models = root / "models"
        self._downloads = root / "downloads"
        self._temporary = root / "tmp"
        self._kept = root / SOURCES
        self._fetchers = fetchers
        self._found = found
        self._progress = progress

    def provide(self, manifest: PackManifest) -> None:
        """Store every network of the pack.

        Raises ModelFileError, PackFetchError, PackStorageError.
        """
        clear(self._temporary)
        for folder in (self._models, self._downloads, self._kept):
            folder.mkdir(parents=True, exist_ok=True)
        missing = [model for model in manifest.models if not self.stored(model)]
        files = self._sources(manifest, missing)
        for number, model in enumerate(missing):
            self._progress(Step("convert", model.title, number, len(missing)))
            self._convert(model, [files[source.sha256] for source in model.sources])
            self._progress(Step("convert", model.title, number + 1, len(missing)))

    def records(self, manifest: PackManifest) -> dict[str, StoredModel]:
        """Return what is stored, by model id; raises PackMissingError when something is not."""
        return {model.id: self._record(model) for model in manifest.models}

    def discard_downloads(self, manifest: PackManifest) -> None:
        """Free the space of archives whose networks are stored."""
        for artifact in manifest.artifacts:
            (self._downloads / artifact.sha256).unlink(missing_ok=True)

    def stored(self, model: ModelEntry) -> bool:
        """Tell whether a model is stored whole, by its files' hashes."""
        try:
            record = self._record(model)
        except PackMissingError:
            return False
        return not damage(self._models / record.key, record)

    def _record(self, model: ModelEntry) -> StoredModel:
        record = read_record(self._models / conversion.key(model) / RECORD)
        if record.sources != tuple(source.sha256 for source in model.sources):
            raise PackMissingError(f"the model {model.id} is not stored")
        return record

    def _sources(self, manifest: PackManifest, missing: Sequence[ModelEntry]) -> dict[str, bytes]:
        wanted: dict[str, list[Source]] = {}
        for model in missing:
            for source in model.sources:
                wanted.setdefault(source.artifact, []).append(source)
        artifacts = [artifact for artifact in manifest.artifacts if artifact.id in wanted]
        self._prepare([a for a in artifacts if not self._at_hand(a, wanted[a.id])])
        files: dict[str, bytes] = {}
        for artifact in artifacts:
            files |= self._members(artifact, wanted[artifact.id])
        return files

    def _at_hand(self, artifact: Artifact, wanted: Sequence[Source]) -> bool:
        found = all(self._found.holds(artifact, source) for source in wanted)
        return found or (self._downloads / artifact.sha256).exists()

    def _prepare(self, artifacts: Sequence[Artifact]) -> None:
        """Fail before the first byte where it is clear that a later one would."""
        for artifact in artifacts:
            self._fetchers[artifact.channel].check()
        needed = 2 * sum(artifact.size for artifact in artifacts) + _SPARE * bool(artifacts)
        if shutil.disk_usage(self._downloads).free < needed:
            raise PackStorageError(f"{needed // 10**6} MB of free space are needed")

    def _members(self, artifact: Artifact, wanted: Sequence[Source]) -> dict[str, bytes]:
        bare = {s.sha256: self._found.files[s.sha256] for s in wanted if self._is_bare(s)}
        files = {digest: _exactly(path, digest) for digest, path in bare.items()}
        packed = [source for source in wanted if source.sha256 not in files]
        if packed:
            files |= read_sources(self._archive(artifact), packed)
        for digest, data in files.items():
            if not (self._kept / digest).exists():
                write_whole(self._kept / digest, data)
        return files

    def _is_bare(self, source: Source) -> bool:
        return source.sha256 in self._found.files

    def _archive(self, artifact: Artifact) -> Path:
        if artifact.sha256 in self._found.files:
            return self._found.files[artifact.sha256]
        path = self._downloads / artifact.sha256
        if not path.exists():
            self._fetch(artifact, path)
        if self._hash(artifact, path) != artifact.sha256:
            path.unlink()
            raise ModelFileError(f"{artifact.file} is not what its hash says")
        return path

    def _fetch(self, artifact: Artifact, path: Path) -> None:
        def report(done: int) -> None:
            done = min(done, artifact.size)
            step = Step("fetch", artifact.file, done, artifact.size, "bytes")
            self._progress(step)

        report(0)
        work = self._temporary / "fetch"
        clear(work)
        fetcher = self._fetchers[artifact.channel]
        fetcher.fetch(artifact, to=path, work=work, report=report)
        shutil.rmtree(work, ignore_errors=True)
        report(artifact.size)

    def _hash(self, artifact: Artifact, path: Path) -> str:
        def report(done: int) -> None:
            total = max(done, artifact.size)
            self._progress(Step("verify", artifact.file, done, total, "bytes"))

        return sha256_of(path, report=report)

    def _convert(self, model: ModelEntry, files: Sequence[bytes]) -> None:
        key = conversion.key(model)
        folder = self._temporary / key
        clear(folder)
        conversion.convert(model, files, folder=folder)
        record = StoredModel(
            key=key,
            sources=tuple(source.sha256 for source in model.sources),
            xml=_stored(folder / conversion.XML),
            weights=_stored(folder / conversion.WEIGHTS),
        )
        write_whole(folder / RECORD, record.model_dump_json(indent=2).encode())
        settle(folder, target=self._models / key)


def read_record(path: Path) -> StoredModel:
    """Read a stored network's record; raises PackMissingError when there is no valid one."""
    try:
        return StoredModel.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PackMissingError("the model is not stored") from error


def damage(folder: Path, record: StoredModel) -> str:
    """Say what is wrong with a stored network, by size and hash; empty when intact."""
    for name, file in ((conversion.XML, record.xml), (conversion.WEIGHTS, record.weights)):
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != file.size:
            return f"{name} has the wrong size"
        if sha256_of(path) != file.sha256:
            return f"{name} has been changed"
    return ""


def _stored(path: Path) -> StoredFile:
    return StoredFile(size=path.stat().st_size, sha256=sha256_of(path))


def _exactly(path: Path, digest: str) -> bytes:
    """Read a file that had this hash a moment ago."""
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelFileError(f"{path.name} changed while it was read")
    return data
