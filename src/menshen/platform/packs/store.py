"""The folder model packs live in.

    models/<key>/network.xml, network.bin, installed.json   networks, shared by packs
    manifests/<name>/installed.json                         what makes up an installed pack
    manifests/<name>/manifest.toml, table.csv               only for side-loaded manifests
    sources/<sha256>                                        the files networks were made from
    downloads/<sha256>                                      archives until they are used
    active                                                  the name of the pack in use

A pack is installed when its ``installed.json`` is there; that file is written last. Any
process may be killed at any moment: what was whole stays, and the next run goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from menshen.errors import ModelFileError
from menshen.faces.models.contract import contract
from menshen.faces.models.pack import NetworkBytes, Pack
from menshen.platform.packs import catalogue, conversion, side_load
from menshen.platform.packs.errors import PackMissingError, PackUnfitError, PackUnknownError
from menshen.platform.packs.fetch_https import HttpsFetcher
from menshen.platform.packs.fetch_npm import NpmFetcher
from menshen.platform.packs.fetch_pip import PipFetcher
from menshen.platform.packs.fetching import Fetcher
from menshen.platform.packs.files import locked, storage_errors, write_whole
from menshen.platform.packs.install import RECORD, Found, Installer, damage, kept
from menshen.platform.packs.records import (
    CatalogueEntry,
    PackRecord,
    PackStatus,
    Problem,
    Progress,
    Step,
    StoredFile,
    StoredModel,
    silent,
)

LOCK_SECONDS = 1800.0


def fetchers() -> dict[str, Fetcher]:
    """Return the machine's own clients, by channel."""
    pip = PipFetcher()
    return {"pip-wheel": pip, "pip-sdist": pip, "npm": NpmFetcher(), "https": HttpsFetcher()}


class PackStore:
    """Packs on disk. Reading needs no lock; changing takes one between processes.

    ``known`` are the packs that need no side-loaded manifest; by default those Menshen comes
    with.
    """

    def __init__(
        self,
        root: Path,
        *,
        clients: Mapping[str, Fetcher] | None = None,
        known: Mapping[str, CatalogueEntry] | None = None,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self.root = root
        self._clients = fetchers() if clients is None else clients
        self._known = catalogue.built_in() if known is None else known
        self._lock_seconds = lock_seconds

    def list(self) -> tuple[PackStatus, ...]:
        """Return all known packs, weakest first; a look at sizes, no hashing."""
        active = self.active()
        entries = sorted(self._entries().values(), key=lambda e: e.manifest.assurance.rank)
        return tuple(self._status(entry, active) for entry in entries)

    def damaged(self) -> dict[str, ModelFileError]:
        """Return the side-loaded manifests that cannot be used, and why."""
        return self._side_loaded()[1]

    def entry(self, name: str) -> CatalogueEntry:
        """Return a known pack; raises PackUnknownError, ModelFileError for a damaged manifest."""
        if name in self._known:
            return self._known[name]
        entries, damaged = self._side_loaded()
        if name in entries:
            return entries[name]
        if name in damaged:
            raise damaged[name]
        raise PackUnknownError(f"there is no pack named {name}")

    def install(self, name: str, *, progress: Progress = silent) -> PackStatus:
        """Fetch what is missing, check it, convert it; then the pack is ready to load.

        The first pack installed becomes the active one, unless it recognises nobody. A pack
        that needs no more than what is then stored is installed along with it. Raises
        PackUnknownError, PackFetchError (ClientMissingError where a client is absent),
        ModelFileError, PackStorageError, PackStoreBusyError.
        """
        return self._install(self.entry(name), Found(), progress)

    def add(
        self, folder: Path, *, name: str | None = None, progress: Progress = silent
    ) -> tuple[PackStatus, ...]:
        """Side-load the packs whose files lie in ``folder``, with any names and in any depth.

        A manifest (``*.toml``) and the table it names may lie there too: a pack of the
        operator's own. Where a pack is wanted by ``name``, or none is complete, the rest is
        fetched. Raises what install raises, and PackMissingError when nothing fits.
        """
        own = {e.manifest.name: e for e in catalogue.offered(folder)}
        found = side_load.search(folder, progress=progress)
        entries = self._choose({**self._entries(), **own}, found, name)
        return tuple(self._install(entry, found, progress) for entry in entries)

    def verify(self, name: str, *, progress: Progress = silent) -> tuple[Problem, ...]:
        """Hash every stored file of a pack; an empty result means intact.

        Raises PackMissingError when it is not installed.
        """
        record = self._record(self.entry(name))
        problems = []
        for number, (model, stored) in enumerate(record.models.items()):
            progress(Step("verify", model, number, len(record.models)))
            if words := damage(self._folder(stored), stored):
                problems.append(Problem(model, words))
            progress(Step("verify", model, number + 1, len(record.models)))
        return tuple(problems)

    def use(self, name: str) -> None:
        """Make a pack the active one.

        Raises PackMissingError when it is not installed, PackUnfitError when it recognises
        nobody.
        """
        entry = self.entry(name)
        self._record(entry)
        if entry.manifest.companion:
            raise PackUnfitError(f"the pack {name} recognises nobody: it serves beside the active")
        with storage_errors():
            write_whole(self.root / "active", f"{name}\n".encode())

    def active(self) -> str | None:
        """Return the name of the pack in use, or None when none was chosen."""
        try:
            return (self.root / "active").read_text(encoding="utf-8").strip() or None
        except OSError:
            return None

    def load(self, name: str | None = None) -> Pack:
        """Return an installed pack, the active one by default, for the engine.

        Files are checked for presence and size now, and hashed when they are read. Raises
        PackMissingError, PackUnknownError.
        """
        name = name or self.active()
        if not name:
            raise PackMissingError("no model pack is installed")
        entry = self.entry(name)
        models = self._record(entry).models
        for model, stored in models.items():
            if not self._in_place(stored):
                raise PackMissingError(f"files of the model {model} are missing")

        def read(model: str) -> NetworkBytes:
            if model not in models:
                raise ModelFileError(f"pack {name} has no model {model}")
            return self._read(model, models[model])

        return Pack(entry.manifest, contract(entry.manifest), entry.table, read)

    def _entries(self) -> dict[str, CatalogueEntry]:
        return {**self._side_loaded()[0], **self._known}

    def _side_loaded(self) -> tuple[dict[str, CatalogueEntry], dict[str, ModelFileError]]:
        return catalogue.side_loaded(self.root / "manifests")

    def _home(self, entry: CatalogueEntry) -> Path:
        return self.root / "manifests" / entry.manifest.name

    def _folder(self, stored: StoredModel) -> Path:
        return self.root / "models" / stored.key

    def _record(self, entry: CatalogueEntry) -> PackRecord:
        """Read what is installed; it must be what the manifest now says."""
        name = entry.manifest.name
        try:
            record = PackRecord.model_validate_json((self._home(entry) / RECORD).read_bytes())
        except OSError as error:
            raise PackMissingError(f"the pack {name} is not installed") from error
        except ValueError as error:
            raise PackMissingError(f"the record of the pack {name} is damaged") from error
        current = {m.id: conversion.key(m) for m in entry.manifest.models}
        if current != {model: stored.key for model, stored in record.models.items()}:
            raise PackMissingError(f"the pack {name} is of another version: fetch it again")
        return record

    def _status(self, entry: CatalogueEntry, active: str | None) -> PackStatus:
        try:
            models = self._record(entry).models.values()
        except PackMissingError:
            models = {}.values()
        size = sum(stored.xml.size + stored.weights.size for stored in models)
        installed = bool(models) and all(self._in_place(stored) for stored in models)
        return PackStatus(
            entry.manifest,
            contract(entry.manifest),
            present=bool(models),
            installed=installed,
            active=entry.manifest.name == active,
            bytes_on_disk=size if installed else 0,
        )

    def _in_place(self, stored: StoredModel) -> bool:
        folder = self._folder(stored)
        return _is_size(folder / conversion.XML, stored.xml) and _is_size(
            folder / conversion.WEIGHTS, stored.weights
        )

    def _read(self, model: str, stored: StoredModel) -> NetworkBytes:
        folder = self._folder(stored)
        try:
            xml = (folder / conversion.XML).read_bytes()
            weights = (folder / conversion.WEIGHTS).read_bytes()
        except OSError as error:
            raise ModelFileError(f"the model {model} cannot be read") from error
        if not (_is_digest(xml, stored.xml) and _is_digest(weights, stored.weights)):
            raise ModelFileError(f"the model {model} has been changed since it was installed")
        return NetworkBytes(xml=xml, weights=weights)

    def _choose(
        self, entries: Mapping[str, CatalogueEntry], found: Found, name: str | None
    ) -> tuple[CatalogueEntry, ...]:
        if name is not None:
            return (entries[name] if name in entries else self.entry(name),)
        found_or_kept = self._with_kept(found)
        installer = self._installer(found_or_kept, silent)
        lacking = {
            entry.manifest.name: _lacking(entry, installer, found_or_kept)
            for entry in entries.values()
            if side_load.touched(entry.manifest, found)
        }
        if not lacking:
            raise PackMissingError("the folder has no file of a known pack")
        complete = [pack for pack, count in lacking.items() if not count]
        return tuple(entries[pack] for pack in complete or [min(lacking, key=lacking.__getitem__)])

    def _installer(self, found: Found, progress: Progress) -> Installer:
        return Installer(self.root, fetchers=self._clients, found=found, progress=progress)

    def _with_kept(self, found: Found) -> Found:
        return Found({**kept(self.root).files, **found.files})

    def _install(self, entry: CatalogueEntry, found: Found, progress: Progress) -> PackStatus:
        with storage_errors(), self._locked(progress):
            installer = self._installer(self._with_kept(found), progress)
            installer.provide(entry.manifest)
            for other in (entry, *self._entries().values()):
                if other == entry or all(installer.stored(m) for m in other.manifest.models):
                    self._write(other, installer.records(other.manifest))
            installer.discard_downloads(entry.manifest)
        if self.active() is None and not entry.manifest.companion:
            self.use(entry.manifest.name)
        return self._status(entry, self.active())

    @contextlib.contextmanager
    def _locked(self, progress: Progress) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)

        def waiting() -> None:
            progress(Step("wait", "another process is changing the packs", 0, 1))

        with locked(self.root / "lock", seconds=self._lock_seconds, waiting=waiting):
            yield

    def _write(self, entry: CatalogueEntry, models: dict[str, StoredModel]) -> None:
        home = self._home(entry)
        home.mkdir(parents=True, exist_ok=True)
        if entry.text:
            write_whole(home / catalogue.TABLE, entry.table.encode())
            write_whole(home / catalogue.MANIFEST, entry.text.encode())
        record = PackRecord(
            name=entry.manifest.name,
            contract=contract(entry.manifest),
            installed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            models=models,
        )
        write_whole(home / RECORD, record.model_dump_json(indent=2).encode())


def _lacking(entry: CatalogueEntry, installer: Installer, found: Found) -> int:
    wanted = [model for model in entry.manifest.models if not installer.stored(model)]
    return len(side_load.missing(entry.manifest, found, wanted=wanted))


def _is_size(path: Path, file: StoredFile) -> bool:
    try:
        return path.stat().st_size == file.size
    except OSError:
        return False


def _is_digest(data: bytes, file: StoredFile) -> bool:
    return hashlib.sha256(data).hexdigest() == file.sha256
