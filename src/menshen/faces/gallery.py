"""Exact closed-set search: whose template is this, or nobody's (ISO/IEC 2382-37 identification).

Nothing is approximate. Eight-bit codes rule out the rows that provably cannot win
(:mod:`menshen.faces.gallery_blocks` has the proof); every other row is scored in double
precision from the full float32 template. Measured in ``docs/decisions/0004-gallery.md``.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Sequence

import numpy as np

from menshen.errors import CalibrationError, ContractMismatchError
from menshen.faces.calibration import CalibrationTable
from menshen.faces.gallery_blocks import (
    FIRST,
    Doubles,
    OpenBlock,
    Probe,
    SealedBlock,
    learn_axes,
    probe,
    scores,
    seal,
    widest,
)
from menshen.faces.records import Floats, Template
from menshen.faces.scores import flatten

BLOCK = 4096
"""Rows that are coded together; a smaller remainder is searched as float32."""

HEAD_WEIGHT = 0.75
"""Of uncoded rows, the leading parts with this share of the score are compared first."""

_CHUNK = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """The one enrolled person a probe belongs to.

    ``similarity`` is the fused similarity to the person's nearest template.
    ``false_positive_rate`` bounds the chance (0..1) that a stranger reaches this similarity
    to anybody in this gallery (FPIR, ISO/IEC 19795-1).
    """

    person: str
    similarity: float
    false_positive_rate: float


@dataclasses.dataclass(frozen=True, slots=True)
class _Snapshot:
    """What one search sees, whatever is added or removed meanwhile."""

    sealed: tuple[SealedBlock, ...] = ()
    open: OpenBlock | None = None
    axes: Doubles | None = None

    def blocks(self) -> Iterator[SealedBlock | OpenBlock]:
        if self.open is not None:
            yield self.open
        yield from self.sealed

    def __len__(self) -> int:
        return sum(len(block.vectors) for block in self.blocks())


class Gallery:
    """The enrolled templates of one place, in memory, searched exactly.

    ``weights`` are the pack's part weights and ``table`` its calibration, or the site's own.
    Searches take no lock and see one consistent state; additions and removals wait for each
    other only. A person may have several templates. The gallery is a copy that can be thrown
    away: the store of templates is the truth, and a restart rebuilds it.
    """

    def __init__(self, contract: str, *, weights: Sequence[float], table: CalibrationTable) -> None:
        self._contract = contract
        self._weights = tuple(weights)
        self._table = table
        self._lock = threading.Lock()
        self._state = _Snapshot()
        self._buffer: Floats = np.empty((0, 0), np.float32)
        self._names: list[str] = []
        self._head = 0
        self._tail_norm = 0.0

    def __len__(self) -> int:
        """Return the number of templates."""
        return len(self._state)

    def add(self, person: str, template: Template) -> None:
        """Enrol one template; raises ContractMismatchError for another pack's."""
        vector = self._vector(template)
        with self._lock:
            if not self._buffer.size:
                self._start_buffer(template, vector.size)
            self._buffer[len(self._names)] = vector
            self._names.append(person)
            self._tail_norm = max(self._tail_norm, widest(vector[None, self._head :]))
            self._publish()

    def remove(self, person: str) -> int:
        """Forget every template of a person; returns how many there were."""
        with self._lock:
            before = len(self._state)
            left = (block.without(person) for block in self._state.sealed)
            sealed = tuple(block for block in left if block is not None)
            kept = [row for row, name in enumerate(self._names) if name != person]
            if len(kept) < len(self._names):
                fresh = np.zeros_like(self._buffer)
                fresh[: len(kept)] = self._buffer[kept]
                self._buffer, self._names = fresh, [self._names[row] for row in kept]
            self._state = _Snapshot(sealed, self._open_block(), self._state.axes)
            return before - len(self._state)

    def threshold(self, fmr: float) -> float:
        """Return the similarity that a stranger reaches with probability ``fmr`` at most.

        One comparison is allowed ``fmr`` / N, N the number of templates: by Boole's
        inequality the sum over N comparisons, however dependent, stays within ``fmr``.
        Raises CalibrationError when the calibration has too few impostor pairs to support
        that: no threshold is made up.
        """
        return self._threshold(fmr, size=max(1, len(self._state)))

    def search(self, template: Template, *, fmr: float, margin: float = 0.0) -> Match | None:
        """Return the person the probe matches, or None: nobody here, or not clearly one person.

        ``fmr`` bounds the false-positive identification rate of the whole gallery.
        ``margin`` >= 0 is how far, in similarity, every other person must stay behind.
        Raises CalibrationError (see ``threshold``) and ContractMismatchError.
        """
        if not margin >= 0:
            raise ValueError("a margin is not negative")
        vector = self._vector(template)
        state = self._state
        threshold = self._threshold(fmr, size=max(1, len(state)))
        if not len(state):
            return None
        found = _best_scores(state, probe(vector, axes=state.axes), threshold, margin)
        return self._decide(found, threshold, margin, size=len(state))

    def _decide(
        self, found: dict[str, float], threshold: float, margin: float, *, size: int
    ) -> Match | None:
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:2]
        if not ranked or ranked[0][1] < threshold:
            return None
        person, similarity = ranked[0]
        if len(ranked) > 1 and similarity - ranked[1][1] < margin:
            return None
        rate = min(1.0, size * self._table.fmr(similarity))
        return Match(person, similarity, false_positive_rate=rate)

    def _threshold(self, fmr: float, *, size: int) -> float:
        if not 0 < fmr < 1:
            raise CalibrationError("a false-match rate lies between 0 and 1")
        if not self._table.supports(fmr / size):
            raise CalibrationError(
                f"{size:,} templates at a false-positive identification rate of {fmr:g} need a "
                f"false-match rate of {fmr / size:.2g} a comparison: the calibration has too "
                "few impostor pairs"
            )
        return self._table.threshold(fmr / size)

    def _vector(self, template: Template) -> Floats:
        if template.contract != self._contract:
            raise ContractMismatchError("this template was made with another model pack")
        return flatten(template, weights=self._weights)

    def _start_buffer(self, template: Template, width: int) -> None:
        shares = np.cumsum(self._weights)
        parts = int(np.searchsorted(shares, HEAD_WEIGHT * (1 - 1e-9))) + 1
        self._head = sum(part.size for part in template.features[:parts])
        self._buffer = np.zeros((BLOCK, width), np.float32)

    def _publish(self) -> None:
        sealed, axes = self._state.sealed, self._state.axes
        if len(self._names) == BLOCK:
            axes = learn_axes(self._buffer) if axes is None else axes
            sealed = (*sealed, seal(self._buffer, self._names, axes=axes))
            self._buffer, self._names = np.zeros_like(self._buffer), []
        self._state = _Snapshot(sealed, self._open_block(), axes)

    def _open_block(self) -> OpenBlock | None:
        # Readers of an older snapshot see fewer rows of the same buffer: rows are only appended.
        count = len(self._names)
        if not count:
            return None
        rows = self._buffer[:count]
        return OpenBlock(rows, self._names, head=self._head, tail_norm=self._tail_norm)


def _best_scores(
    state: _Snapshot, sought: Probe, threshold: float, margin: float
) -> dict[str, float]:
    """Return each person's best similarity, for everyone who can matter to the decision."""
    found: dict[str, float] = {}
    best, expected = threshold, FIRST
    for block in state.blocks():
        near = block.candidates(sought, floor=best - margin, expected=expected)
        expected = max(FIRST, 3 * near.in_question // 2)
        for start in range(0, len(near.rows), _CHUNK):
            floor = best - margin
            if near.upper[start] < floor:
                break
            chunk = near.rows[start : start + _CHUNK]
            kept, exact = scores(block.vectors, chunk, sought, floor=floor)
            for row, score in zip(kept.tolist(), exact.tolist(), strict=True):
                person = block.people[row]
                found[person] = max(score, found.get(person, -np.inf))
            best = max(best, float(exact.max(initial=-np.inf)))
    return found
