"""The packs Menshen knows: those it comes with, and manifests an operator side-loaded."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from menshen.errors import CalibrationError, ModelFileError
from menshen.faces.calibration import CalibrationTable, assurance
from menshen.faces.models.manifest import Assurance, PackManifest, parse
from menshen.platform.packs.records import CatalogueEntry

MANIFEST = "manifest.toml"
TABLE = "table.csv"

_FILE_LIMIT = 4 * 2**20


@cache
def built_in() -> dict[str, CatalogueEntry]:
    """Return the packs that come with Menshen, by name."""
    folder = resources.files("menshen.faces.models") / "packs"
    entries: dict[str, CatalogueEntry] = {}
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            manifest = parse(file.read_text(encoding="utf-8"))
            source = manifest.calibration
            table = (folder / source.table).read_text(encoding="utf-8") if source else ""
            entries[manifest.name] = CatalogueEntry(manifest, table)
    return dict(sorted(entries.items()))


def side_loaded(folder: Path) -> tuple[dict[str, CatalogueEntry], dict[str, ModelFileError]]:
    """Return the packs whose manifests lie in ``folder``, one sub-folder each, by name.

    A damaged one must not take the others along: it comes back as the error it is.
    """
    entries: dict[str, CatalogueEntry] = {}
    damaged: dict[str, ModelFileError] = {}
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            entries[path.parent.name] = read(path.parent)
        except ModelFileError as error:
            damaged[path.parent.name] = error
    return entries, damaged


def read(folder: Path) -> CatalogueEntry:
    """Read a stored manifest and table."""
    text = _text(folder / MANIFEST)
    manifest = parse(text)
    table = _text(folder / TABLE) if manifest.calibration else ""
    return _trusted(CatalogueEntry(manifest, table, text))


def offered(folder: Path) -> list[CatalogueEntry]:
    """Read the manifests an operator put into a folder, with the tables they name."""
    return [_offered(path) for path in sorted(folder.glob("*.toml"))]


def _offered(path: Path) -> CatalogueEntry:
    text = _text(path)
    manifest = parse(text)
    if manifest.name in built_in():
        raise ModelFileError(f"the name {manifest.name} belongs to a pack of Menshen's own")
    source, table = manifest.calibration, ""
    if source:
        if Path(source.table).name != source.table:
            raise ModelFileError("the calibration table must lie beside the manifest")
        table = _text(path.parent / source.table)
    return _trusted(CatalogueEntry(manifest, table, text))


def _trusted(entry: CatalogueEntry) -> CatalogueEntry:
    """Refuse a manifest that claims more than its table supports."""
    if entry.manifest.assurance.rank > supported(entry.manifest, entry.table).rank:
        raise ModelFileError("the manifest claims more assurance than its table supports")
    return entry


def supported(manifest: PackManifest, table: str) -> Assurance:
    """Return the level a table supports; none without a table."""
    if not manifest.calibration:
        return Assurance.NONE
    try:
        return assurance(CalibrationTable.parse(table, source=manifest.calibration))
    except CalibrationError as error:
        raise ModelFileError(f"the calibration table is unusable: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise ModelFileError(f"{path.name} is longer than 4 MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path.name} cannot be read") from error
