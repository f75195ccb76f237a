"""Frozen records of the pack store: what it tells, and what it writes down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from menshen.faces.models.manifest import PackManifest

Digest = Field(pattern=r"^[0-9a-f]{64}$")
Key = Field(pattern=r"^[0-9a-f]{32}$")


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """How far one piece of work is: ``done`` of ``total``, bytes of a file or items of a list."""

    work: Literal["wait", "fetch", "convert", "verify"]
    subject: str
    done: int
    total: int
    unit: Literal["bytes", "items"] = "items"


Progress = Callable[[Step], None]


def silent(_step: Step) -> None:
    """Show nothing."""


class StoredFile(BaseModel):
    """One file of a stored network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=1)
    sha256: str = Digest


class StoredModel(BaseModel):
    """One stored network: a folder named by ``key`` with ``network.xml`` and ``network.bin``.

    ``sources`` are the SHA-256 of the files it was made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Key
    sources: tuple[str, ...]
    xml: StoredFile
    weights: StoredFile


class PackRecord(BaseModel):
    """The content of ``installed.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    name: str
    contract: str = Digest
    installed_at: str
    models: dict[str, StoredModel]


@dataclasses.dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A pack Menshen knows: its manifest and the text of its calibration table.

    ``text`` is the manifest as the operator wrote it, for side-loaded ones; the packs that
    come with Menshen have none.
    """

    manifest: PackManifest
    table: str
    text: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class PackStatus:
    """One line of the list of packs.

    ``present``: its record is there; ``installed``: so are its files, in the right size
    (only verification hashes them).
    """

    manifest: PackManifest
    contract: str
    present: bool
    installed: bool
    active: bool
    bytes_on_disk: int


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something verification found: which model, and what is wrong with it."""

    model: str
    words: str
