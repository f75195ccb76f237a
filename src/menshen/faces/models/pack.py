"""A pack that is installed and intact, as the engine sees it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from menshen.faces.models.manifest import PackManifest


@dataclasses.dataclass(frozen=True, slots=True)
class NetworkBytes:
    """One network as OpenVINO intermediate representation: topology and weights."""

    xml: bytes
    weights: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Pack:
    """A manifest with its contract, its calibration table, and a way to read its networks.

    ``read`` returns the verified bytes of a model by its id, or raises ModelFileError; the
    engine calls it once for each model it needs, when it first needs it. ``table`` is the
    text of the calibration CSV, empty when the pack has none.
    """

    manifest: PackManifest
    contract: str
    table: str
    read: Callable[[str], NetworkBytes]
