"""Blocks of a gallery: eight-bit codes that prove which rows cannot win.

Let x be the probe and g a row. For any orthonormal axes with heads x', g' (coordinates along
the axes) and residuals u, v (what the axes miss), by Cauchy and Schwarz

    x·g = x'·g' + u·v <= (x', |u|)·(g', |v|) =: X·G

Round X to s·p and G to r·q (p, q whole numbers, rounding errors e and f). Then

    X·G = s·r·(p·q) + e·G + s·p·f <= s·r·(p·q) + |e||G| + |s·p||f|

The sum p·q is a whole number, which the int8 kernel gives without rounding: so every row has
a proven upper bound of its similarity, and the rows whose bound misses the floor are out.
Short templates are their own heads; for long ones the axes are learned, which makes the
residuals small but is no part of the proof.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats

FIRST = 16
"""Rows asked for at first, where nothing is known about how many may reach the floor."""

WHOLE = 256
"""Templates up to this length are coded whole."""

AXES = 191
"""Axes of a longer template's head; with the residual's length a multiple of 16."""

_UNIT_ROUNDOFF = 2.0**-24
_PASSES = 3

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """A probe's vector, and its coded head: whole numbers ``codes`` times ``scale``."""

    vector: Doubles
    single: Floats
    codes: Floats
    scale: float
    code_norm: float
    error_norm: float


@dataclasses.dataclass(frozen=True, slots=True)
class OpenBlock:
    """The newest rows, still few: their first ``head`` features are compared as float32."""

    vectors: Floats
    people: Sequence[str]
    head: int
    tail_norm: float

    def candidates(
        self,
        probe: Probe,
        *,
        floor: float,
        expected: int = FIRST,  # noqa: ARG002
    ) -> tuple[Rows, Doubles]:
        """Return the rows that may reach ``floor``, best first, and each one's upper bound."""
        tails = float(np.linalg.norm(probe.vector[self.head :])) * self.tail_norm
        products = self.vectors[:, : self.head] @ probe.single[: self.head]
        upper = products.astype(np.float64) + (tails + _rounding(self.head))
        rows = np.flatnonzero(upper >= floor)
        rows = rows[np.argsort(-upper[rows], kind="stable")]
        return rows, upper[rows]


@dataclasses.dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block of rows with eight-bit codes of their heads. Never changes."""

    vectors: Floats
    people: Sequence[str]
    axes: Doubles | None
    index: faiss.IndexScalarQuantizer
    scale: float
    head_norm: float
    error_norm: float

    def candidates(
        self, probe: Probe, *, floor: float, expected: int = FIRST
    ) -> tuple[Rows, Doubles]:
        """Return the rows that may reach ``floor``, best first, and each one's upper bound.

        ``expected`` is a guess of how many there are: a good one saves time, a bad one does
        not change the result.
        """
        slack, size = self._slack(probe), len(self.people)
        count = min(expected, size)
        while True:
            products, rows = self.index.search(probe.codes, count)
            upper = products[0].astype(np.float64) * (self.scale * probe.scale) + slack
            if count == size or upper[-1] < floor:
                break
            count = min(4 * count, size)
        kept = upper >= floor
        return rows[0][kept], upper[kept]

    def without(self, person: str) -> SealedBlock | None:
        """Return the block without a person's rows: itself if there are none, None if no other."""
        kept = [row for row, name in enumerate(self.people) if name != person]
        if len(kept) == len(self.people):
            return self
        if not kept:
            return None
        return seal(self.vectors[kept], [self.people[row] for row in kept], axes=self.axes)

    def _slack(self, probe: Probe) -> float:
        errors = probe.error_norm * self.head_norm + probe.code_norm * self.error_norm
        return errors + _rounding(self.index.d)


def learn_axes(vectors: Floats) -> Doubles | None:
    """Return (D, AXES) orthonormal axes along which (N, D) rows are long; None if D is short.

    Subspace iteration (Halko, Martinsson, Tropp 2011), then a fixed random turn, which spreads
    the length over all coordinates so that eight bits go far. The same rows give the same axes.
    """
    width = vectors.shape[1]
    if width <= WHOLE:
        return None
    rng = np.random.default_rng(0)
    axes = rng.standard_normal((width, AXES))
    for _ in range(_PASSES):
        axes = np.linalg.qr(vectors.T @ (vectors @ axes.astype(np.float32)))[0]
    turn = np.linalg.qr(rng.standard_normal((AXES, AXES)))[0]
    return np.asarray(np.linalg.qr(axes.astype(np.float64))[0] @ turn)


def seal(vectors: Floats, people: Sequence[str], *, axes: Doubles | None) -> SealedBlock:
    """Code (N, D) unit vectors by their heads along ``axes``; N > 0."""
    heads = _heads(vectors, axes)
    codes, scale, error = _encode(heads)
    index = faiss.IndexScalarQuantizer(
        heads.shape[1], faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    index.add(codes)
    return SealedBlock(vectors, tuple(people), axes, index, scale, widest(heads), error)


def probe(vector: Floats, *, axes: Doubles | None) -> Probe:
    """Prepare a (D,) unit vector to be searched for."""
    codes, scale, error = _encode(_heads(vector[None], axes))
    return Probe(
        vector=vector.astype(np.float64),
        single=vector,
        codes=codes,
        scale=scale,
        code_norm=widest(codes) * scale,
        error_norm=error,
    )


def scores(vectors: Floats, rows: Rows, probe: Probe, *, floor: float) -> tuple[Rows, Doubles]:
    """Return those of the rows that reach ``floor`` or may, with their exact similarity."""
    single = vectors[rows] @ probe.single
    rows = rows[single + _rounding(probe.single.size) >= floor]
    return rows, vectors[rows].astype(np.float64) @ probe.vector


def widest(rows: NDArray[np.floating]) -> float:
    """Return the largest Euclidean norm of (N, D) rows, in double precision; 0 for none."""
    return float(np.sqrt(_squares(rows).max(initial=0.0)))


def _heads(vectors: Floats, axes: Doubles | None) -> Doubles:
    """Return each row's coordinates along the axes, then the length of what they miss."""
    rows = vectors.astype(np.float64)
    if axes is None:
        return rows
    along = rows @ axes
    # A difference of squares near 1 is right to 1e-15: 1e-12 keeps the length an upper bound.
    missed = np.sqrt(np.maximum(_squares(rows) - _squares(along), 0.0) + 1e-12)
    return np.concatenate([along, missed[:, None]], axis=1)


def _squares(rows: NDArray[np.floating]) -> Doubles:
    return np.asarray(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))


def _encode(heads: Doubles) -> tuple[Floats, float, float]:
    """Round rows to whole numbers -127..127; returns them, their unit and the widest error."""
    scale = float(np.abs(heads).max()) / 127 or 1.0
    codes = np.rint(heads / scale)
    return codes.astype(np.float32), scale, widest(heads - codes * scale)


def _rounding(length: int) -> float:
    """Bound the error of a single-precision sum of ``length`` products of unit vectors.

    Higham 2002, 3.1, whatever the order of summation; doubled, for norms a little above one
    and for axes that are orthonormal to double precision only.
    """
    return 2 * (length + 2) * _UNIT_ROUNDOFF
