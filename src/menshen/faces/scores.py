"""From templates to one similarity: fusion of recognisers and fusion of several pictures.

A template holds one unit-length vector for each part of a pack (a recogniser at one crop).
The similarity of two templates is the weighted sum of the parts' cosines; the weights were
measured and stand in the manifest. Scaled by the root of its weight and laid end to end the
parts are one unit vector, so that the fused similarity is a plain dot product: that is what
galleries, cohorts and calibrations work on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from menshen.errors import ContractMismatchError
from menshen.faces.models.manifest import PackManifest
from menshen.faces.records import Floats, Template


def part_weights(manifest: PackManifest) -> tuple[float, ...]:
    """Return the weight of each part, in the pack's order; they add up to 1.

    Each recogniser's weight is shared equally by its crops.
    """
    return tuple(r.weight / len(r.crops) for r in manifest.recognisers for _ in r.crops)


def flatten(template: Template, *, weights: Sequence[float]) -> Floats:
    """Return the template as one float32 unit vector.

    The dot product of two such vectors is their fused similarity, -1..1. Raises
    ContractMismatchError when the template has another number of parts than ``weights``.
    """
    if len(template.features) != len(weights):
        raise ContractMismatchError("the template has another number of parts than the pack")
    return np.concatenate(
        [
            part * np.float32(math.sqrt(w))
            for part, w in zip(template.features, weights, strict=True)
        ]
    )


def flatten_all(templates: Iterable[Template], *, weights: Sequence[float]) -> Floats:
    """Return (N, D) flattened templates of one contract; raises ContractMismatchError."""
    listed = list(templates)
    _one_contract(listed)
    rows = [flatten(template, weights=weights) for template in listed]
    return np.stack(rows) if rows else np.zeros((0, 0), np.float32)


def similarity(a: Template, b: Template, *, weights: Sequence[float]) -> float:
    """Return the fused similarity, -1..1: the weighted sum of the parts' cosines.

    Raises ContractMismatchError when the templates come from different packs.
    """
    _one_contract((a, b))
    value = float(flatten(a, weights=weights) @ flatten(b, weights=weights))
    return min(1.0, max(-1.0, value))


def fuse(templates: Sequence[Template]) -> Template:
    """Return one template for several pictures of one person: the quality-weighted mean.

    A template counts with its weight times the pictures already in it, so fusing in steps
    comes to the same direction within rounding of the intermediate length. Where no picture
    has any weight all count alike. Raises ContractMismatchError across packs, ValueError for
    none.
    """
    if not templates:
        raise ValueError("nothing to fuse")
    _one_contract(templates)
    samples = sum(t.samples for t in templates)
    masses = np.array([t.weight * t.samples for t in templates])
    shares = masses if masses.sum() > 0 else np.array([float(t.samples) for t in templates])
    parts = zip(*(t.features for t in templates), strict=True)
    return Template(
        contract=templates[0].contract,
        features=tuple(_mean_direction(np.stack(part), shares) for part in parts),
        weight=float(masses.sum() / samples),
        samples=samples,
    )


def _mean_direction(vectors: Floats, shares: NDArray[np.float64]) -> Floats:
    mean = shares @ vectors.astype(np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-9:  # opposite vectors of equal weight: no direction is better than another
        return np.asarray(vectors[int(shares.argmax())], dtype=np.float32)
    return np.asarray(mean / length, dtype=np.float32)


def _one_contract(templates: Sequence[Template]) -> None:
    if len({t.contract for t in templates}) > 1:
        raise ContractMismatchError("templates of different packs cannot be compared")
