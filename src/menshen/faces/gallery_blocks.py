"""Blocks of a gallery: eight-bit codes that prove which rows cannot win.

With x the probe and g a row, each split into a head and a tail, the heads rounded to s·p and
r·q (p, q whole numbers) with rounding errors e and f:

    x·g = s·r·(p·q) + e·g_head + s·p·f + x_tail·g_tail
        <= s·r·(p·q) + |e||g_head| + |s·p||f| + |x_tail||g_tail|      (Cauchy and Schwarz)

The sum p·q is a whole number that the int8 kernel gives without rounding up to 1,040
features, and within ``_rounding`` beyond. The tail holds the recognisers of little weight,
so that its product is small whatever it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from menshen.faces.records import Floats

_FIRST = 16
_UNIT_ROUNDOFF = 2.0**-24

Rows = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """A probe's vector, and its head as whole numbers (``codes``) times ``scale``."""

    vector: Doubles
    head: Floats
    codes: Floats
    scale: float
    code_norm: float
    error_norm: float
    tail_norm: float


@dataclasses.dataclass(frozen=True, slots=True)
class OpenBlock:
    """The newest rows, still few: the first ``head`` features are compared as float32."""

    vectors: Floats
    people: Sequence[str]
    head: int
    tail_norm: float

    def candidates(self, probe: Probe, *, floor: float) -> tuple[Rows, Doubles]:
        """Return the rows that may reach ``floor``, best first, and each one's upper bound."""
        slack = _rounding(self.head) + probe.tail_norm * self.tail_norm
        products = self.vectors[:, : self.head] @ probe.head
        upper = products.astype(np.float64) + slack
        rows = np.flatnonzero(upper >= floor)
        rows = rows[np.argsort(-upper[rows], kind="stable")]
        return rows, upper[rows]


@dataclasses.dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block of rows with eight-bit codes of their heads. Never changes."""

    vectors: Floats
    people: Sequence[str]
    index: faiss.IndexScalarQuantizer
    scale: float
    head_norm: float
    error_norm: float
    tail_norm: float

    def candidates(self, probe: Probe, *, floor: float) -> tuple[Rows, Doubles]:
        """Return the rows that may reach ``floor``, best first, and each one's upper bound."""
        slack = self._slack(probe)
        count = min(_FIRST, len(self.people))
        while True:
            products, rows = self.index.search(probe.codes, count)
            upper = products[0].astype(np.float64) * (self.scale * probe.scale) + slack
            if count == len(self.people) or upper[-1] < floor:
                break
            count = min(4 * count, len(self.people))
        kept = upper >= floor
        return rows[0][kept], upper[kept]

    def without(self, person: str) -> SealedBlock | None:
        """Return the block without a person's rows: itself if there are none, None if no other."""
        kept = [row for row, name in enumerate(self.people) if name != person]
        if len(kept) == len(self.people):
            return self
        if not kept:
            return None
        return seal(self.vectors[kept], [self.people[row] for row in kept], head=self.index.d)

    def _slack(self, probe: Probe) -> float:
        return (
            probe.error_norm * self.head_norm
            + probe.code_norm * self.error_norm
            + probe.tail_norm * self.tail_norm
            + _rounding(self.index.d)
        )


def seal(vectors: Floats, people: Sequence[str], *, head: int) -> SealedBlock:
    """Code (N, D) unit vectors by their first ``head`` features; N > 0."""
    codes, scale, error = _encode(vectors[:, :head])
    index = faiss.IndexScalarQuantizer(
        head, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    index.add(codes)
    return SealedBlock(
        vectors=vectors,
        people=tuple(people),
        index=index,
        scale=scale,
        head_norm=widest(vectors[:, :head]),
        error_norm=error,
        tail_norm=widest(vectors[:, head:]),
    )


def probe(vector: Floats, *, head: int) -> Probe:
    """Prepare a (D,) unit vector to be searched for."""
    wide = vector.astype(np.float64)
    codes, scale, error = _encode(vector[None, :head])
    return Probe(
        vector=wide,
        head=vector[:head],
        codes=codes,
        scale=scale,
        code_norm=widest(codes) * scale,
        error_norm=error,
        tail_norm=float(np.linalg.norm(wide[head:])),
    )


def widest(rows: NDArray[np.floating]) -> float:
    """Return the largest Euclidean norm of (N, D) rows, in double precision; 0 for none."""
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return float(np.sqrt(squares.max(initial=0.0)))


def _encode(heads: Floats) -> tuple[Floats, float, float]:
    """Round rows to whole numbers -127..127; returns them, their unit and the widest error."""
    scale = float(np.abs(heads).max()) / 127 or 1.0
    codes = np.rint(heads.astype(np.float64) / scale)
    return codes.astype(np.float32), scale, widest(heads - codes * scale)


def _rounding(length: int) -> float:
    """Bound the error of a single-precision sum of ``length`` products of unit vectors.

    Higham 2002, 3.1, whatever the order of summation; doubled, for norms a little above one.
    """
    return 2 * (length + 2) * _UNIT_ROUNDOFF
