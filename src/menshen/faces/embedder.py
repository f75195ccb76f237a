"""Templates: what the recognisers of a pack say about an aligned face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from menshen.faces.alignment import crop_transform, magnification
from menshen.faces.models.manifest import Crop, Recogniser
from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Face, Floats, Pixels, Template
from menshen.faces.runtime import Network


class Embedder:
    """Runs every recogniser of a pack on every one of its crops.

    ``networks`` are in the manifest's order of recognisers.
    """

    def __init__(
        self, recognisers: Sequence[Recogniser], networks: Sequence[Network], *, contract: str
    ) -> None:
        self._parts = tuple(zip(recognisers, networks, strict=True))
        self._contract = contract

    def embed(self, faces: Sequence[tuple[Pyramid, Face]]) -> tuple[Template, ...]:
        """Make one template for each face; all faces go through each network in one batch."""
        if not faces:
            return ()
        columns = [
            _features(recogniser, crop, network, faces)
            for recogniser, network in self._parts
            for crop in recogniser.crops
        ]
        return tuple(Template(self._contract, features) for features in zip(*columns, strict=True))

    def finest_magnification(self, face: Face) -> float:
        """Return the largest magnification a crop of this face needs; above 1 detail lacks."""
        return max(
            magnification(crop_transform(face.mesh, crop))
            for recogniser, _ in self._parts
            for crop in recogniser.crops
        )


def _features(
    recogniser: Recogniser, crop: Crop, network: Network, faces: Sequence[tuple[Pyramid, Face]]
) -> list[Floats]:
    chips = [p.cut(crop_transform(f.mesh, crop), size=crop.size) for p, f in faces]
    if recogniser.mirror:
        chips += [chip[:, ::-1] for chip in chips]
    raw = network.run(_tensor(chips, recogniser))[recogniser.output]
    raw = raw.reshape(-1, len(faces), recogniser.features).sum(0)
    return [unit(row) for row in raw]


def _tensor(chips: Sequence[Pixels], recogniser: Recogniser) -> Floats:
    batch = np.stack(chips).astype(np.float32)
    if recogniser.channels == "bgr":
        batch = batch[..., ::-1]
    if any(recogniser.mean) or recogniser.scale != 1:
        batch = (batch - np.array(recogniser.mean, np.float32)) / np.float32(recogniser.scale)
    return np.ascontiguousarray(batch.transpose(0, 3, 1, 2), np.float32)


def unit(vector: Floats) -> Floats:
    """Scale to length 1; a zero vector stays zero and so matches nobody."""
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 0 else vector).astype(np.float32)
