"""Blocks of a gallery: eight-bit codes that prove which rows cannot win.

Let x be the probe and g a row. For any orthonormal axes with heads x', g' (coordinates along
the axes) and residuals u, v (what the axes miss), by Cauchy and Schwarz

    x·g = x'·g' + u·v <= (x', |u|)·(g', |v|) =: X·G

Round X to s·p and G to r·q (p, q whole numbers, rounding errors e and f). Then

    X·G = s·r·(p·q) + e·G + s·p·f <= s·r·(p·q) + |e||G| + |s·p||f|

The sum p·q is a whole number, which the int8 kernel gives without rounding (beyond 1,040
features, within ``_rounding``). So every row has a proven upper bound of its similarity, and
the rows whose bound misses the floor are out.

Short templates are their own heads. For long ones the axes are learned, which makes the
residuals small but is no part of the proof; the rows that their heads leave in question are
then bounded by the codes of all their features.
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

WHOLE = 384
"""Templates up to this length are coded whole."""

AXES = 383
"""Axes of a longer template's head; with the residual's length a multiple of 16."""

_UNIT_ROUNDOFF = 2.0**-24
_PASSES = 3

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Codes:
    """Vectors rounded to whole numbers times ``scale``, and the bounds of what that loses.

    ``norm`` is the largest length of the vectors, ``code_norm`` of the rounded ones,
    ``error_norm`` of the differences.
    """

    values: Floats
    scale: float
    norm: float
    code_norm: float
    error_norm: float

    @classmethod
    def of(cls, vectors: Doubles) -> Codes:
        """Round (N, D) vectors to -127..127."""
        scale = float(np.abs(vectors).max()) / 127 or 1.0
        values = np.rint(vectors / scale)
        rounded = widest(values) * scale
        errors = widest(vectors - values * scale)
        return cls(values.astype(np.float32), scale, widest(vectors), rounded, errors)


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """A probe's vector, the codes of its head, and those of all of it where the head is less."""

    vector: Doubles
    single: Floats
    head: Codes
    whole: Codes | None


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """Coded rows that give upper bounds of dot products."""

    index: faiss.IndexScalarQuantizer
    scale: float
    norm: float
    error_norm: float

    @classmethod
    def of(cls, vectors: Doubles) -> Bounds:
        """Code (N, D) vectors; N > 0."""
        codes = Codes.of(vectors)
        index = faiss.IndexScalarQuantizer(
            vectors.shape[1],
            faiss.ScalarQuantizer.QT_8bit_direct_signed,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.add(codes.values)
        return cls(index, codes.scale, codes.norm, codes.error_norm)

    def best(self, sought: Codes, count: int) -> tuple[Rows, Doubles]:
        """Return the ``count`` rows with the highest upper bounds, best first, and these."""
        return self._ranked(sought, *self.index.search(sought.values, count))

    def best_of(self, sought: Codes, rows: Rows) -> tuple[Rows, Doubles]:
        """Return the given rows, those with the highest upper bounds first, and these."""
        chosen = np.zeros(-(-self.index.ntotal // 8) * 8, np.bool_)
        chosen[rows] = True
        bits = np.packbits(chosen, bitorder="little")
        only = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg,arg-type]
        return self._ranked(sought, *self.index.search(sought.values, len(rows), params=only))

    def _ranked(self, sought: Codes, products: Floats, rows: Rows) -> tuple[Rows, Doubles]:
        slack = sought.error_norm * self.norm + sought.code_norm * self.error_norm
        upper = products[0].astype(np.float64) * (self.scale * sought.scale)
        return rows[0], upper + (slack + _rounding(self.index.d))


@dataclasses.dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may reach a floor, best first, and the upper bound of each one's similarity.

    ``in_question`` is how many rows their heads alone did not rule out.
    """

    rows: Rows
    upper: Doubles
    in_question: int


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
        expected: int = FIRST,
    ) -> Candidates:
        """Return the rows that may reach ``floor``; ``expected`` changes nothing here."""
        tails = float(np.linalg.norm(probe.vector[self.head :])) * self.tail_norm
        products = self.vectors[:, : self.head] @ probe.single[: self.head]
        upper = products.astype(np.float64) + (tails + _rounding(self.head))
        rows = np.flatnonzero(upper >= floor)
        rows = rows[np.argsort(-upper[rows], kind="stable")]
        return Candidates(rows, upper[rows], in_question=expected)


@dataclasses.dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block of rows with eight-bit codes of their heads. Never changes.

    Where heads are less than the rows, ``whole`` has the codes of the entire rows too, for
    those that the heads leave in question.
    """

    vectors: Floats
    people: Sequence[str]
    axes: Doubles | None
    head: Bounds
    whole: Bounds | None

    def candidates(self, probe: Probe, *, floor: float, expected: int = FIRST) -> Candidates:
        """Return the rows that may reach ``floor``.

        ``expected`` is a guess of how many heads leave in question: a good one saves time, a
        bad one does not change the result.
        """
        count, size = min(expected, len(self.people)), len(self.people)
        rows, upper = self.head.best(probe.head, count)
        while count < size and upper[-1] >= floor:
            count = min(4 * count, size)
            rows, upper = self.head.best(probe.head, count)
        kept = rows[upper >= floor]
        if self.whole is None or probe.whole is None or len(kept) <= FIRST:
            return Candidates(kept, upper[upper >= floor], in_question=len(kept))
        rows, upper = self.whole.best_of(probe.whole, kept)
        near = upper >= floor
        return Candidates(rows[near], upper[near], in_question=len(kept))

    def without(self, person: str) -> SealedBlock | None:
        """Return the block without a person's rows: itself if there are none, None if no other."""
        kept = [row for row, name in enumerate(self.people) if name != person]
        if len(kept) == len(self.people):
            return self
        if not kept:
            return None
        return seal(self.vectors[kept], [self.people[row] for row in kept], axes=self.axes)


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
    head = Bounds.of(_heads(vectors, axes))
    whole = None if axes is None else Bounds.of(vectors.astype(np.float64))
    return SealedBlock(vectors, tuple(people), axes, head, whole)


def probe(vector: Floats, *, axes: Doubles | None) -> Probe:
    """Prepare a (D,) unit vector to be searched for."""
    wide = vector.astype(np.float64)
    whole = None if axes is None else Codes.of(wide[None])
    return Probe(wide, vector, Codes.of(_heads(vector[None], axes)), whole)


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


def _rounding(length: int) -> float:
    """Bound the error of a single-precision sum of ``length`` products of unit vectors.

    Higham 2002, 3.1, whatever the order of summation; doubled, for norms a little above one
    and for axes that are orthonormal to double precision only.
    """
    return 2 * (length + 2) * _UNIT_ROUNDOFF
