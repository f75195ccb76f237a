"""Where the faces are: BlazeFace, short range (Bazarevsky et al. 2019, arXiv:1907.05047).

The network sees 128 x 128 pixels, so a face smaller than about a tenth of the picture
escapes it. Where the whole picture shows no face, overlapping tiles can be searched.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from menshen.faces.pyramid import Pyramid
from menshen.faces.records import Box, Detection, Floats
from menshen.faces.runtime import Network

SIDE = 128
THRESHOLD = 0.5
OVERLAP = 0.3
FILLING = 0.45
CLEAR = 0.9
WIDER = 1.4
TILE_GRIDS = (2, 4, 8)
SMALLEST_TILE = 100


def _anchors() -> Floats:
    """Cell centres of the two feature maps: 16 x 16 x 2, then 8 x 8 x 6; (896, 2) in 0..1."""
    rows = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for cells, boxes in ((16, 2), (8, 6))
        for y in range(cells)
        for x in range(cells)
        for _ in range(boxes)
    ]
    return np.array(rows, np.float32)


_ANCHORS = _anchors()


class Detector:
    """Finds faces in a picture."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def detect(self, pyramid: Pyramid) -> tuple[Detection, ...]:
        """Return the faces of the whole picture, largest first; small ones escape.

        No face, or a doubtful one that fills the picture, makes a wider view worth a look:
        the network was not trained on heads cut off at the brow.
        """
        height, width = pyramid.pixels.shape[:2]
        whole = Box(0, 0, width, height)
        found = self._in_region(pyramid, whole)
        if not found or (_best_score(found) < CLEAR and _fills(found, whole)):
            wider = self._in_region(pyramid, _grown(whole, WIDER))
            found = max(found, wider, key=_best_score)
        return _largest_first(found)

    def search(self, pyramid: Pyramid) -> Iterator[tuple[Detection, ...]]:
        """Yield the faces of the whole picture, then of ever smaller overlapping tiles.

        The caller stops when it has seen a face it believes in.
        """
        yield self.detect(pyramid)
        height, width = pyramid.pixels.shape[:2]
        for cells in TILE_GRIDS:
            if min(width, height) * 2 / (cells + 1) < SMALLEST_TILE:
                return
            tiles = _tiles(width, height, cells=cells)
            yield _largest_first([d for tile in tiles for d in self._in_region(pyramid, tile)])

    def _in_region(self, pyramid: Pyramid, region: Box) -> list[Detection]:
        side = max(region.width, region.height)
        scale = SIDE / side
        # The region sits in the middle of a square, black beyond the picture's edge; the
        # half pixels align pixel centres.
        left, top = region.centre[0] - side / 2, region.centre[1] - side / 2
        shift = 0.5 * scale - 0.5
        transform = np.array([[scale, 0, -left * scale + shift], [0, scale, -top * scale + shift]])
        square = pyramid.cut(transform.astype(np.float32), size=SIDE)
        outputs = self._network.run((square.astype(np.float32) / 127.5 - 1)[None])
        corner = np.array([left, top], np.float32)
        return _decode(outputs["regressors"][0], outputs["classificators"][0], corner, side)


def _decode(regressors: Floats, logits: Floats, corner: Floats, side: float) -> list[Detection]:
    """Turn the network's 896 candidates into detections in picture pixels."""
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -80, 80)))
    found = []
    for i in np.flatnonzero(scores >= THRESHOLD):
        raw = regressors[i] / SIDE
        centre = (raw[:2] + _ANCHORS[i]) * side + corner
        size = raw[2:4] * side
        keypoints = (raw[4:16].reshape(6, 2) + _ANCHORS[i]) * side + corner
        x, y = centre - size / 2
        box = Box(float(x), float(y), float(size[0]), float(size[1]))
        if min(box.width, box.height) > 0:
            found.append(Detection(box, float(scores[i]), keypoints.astype(np.float32)))
    return found


def _best_score(found: list[Detection]) -> float:
    return max((d.score for d in found), default=0.0)


def _fills(found: list[Detection], region: Box) -> bool:
    side = max(region.width, region.height)
    return max(d.box.width for d in found) > FILLING * side


def _grown(box: Box, factor: float) -> Box:
    width, height = box.width * factor, box.height * factor
    x, y = box.centre
    return Box(x - width / 2, y - height / 2, width, height)


def _largest_first(found: list[Detection]) -> tuple[Detection, ...]:
    return tuple(sorted(suppress(found), key=lambda d: -d.box.width * d.box.height))


def _tiles(width: int, height: int, *, cells: int) -> Iterator[Box]:
    """Yield overlapping squares: each twice as large as its step, so that no face is cut by all."""
    side = min(max(width, height) * 2 / (cells + 1), width, height)
    across = max(2, int(np.ceil(width / side * 2)) - 1) if width > side else 1
    down = max(2, int(np.ceil(height / side * 2)) - 1) if height > side else 1
    for y in np.linspace(0, height - side, down):
        for x in np.linspace(0, width - side, across):
            yield Box(float(x), float(y), float(side), float(side))


def intersection_over_union(a: Box, b: Box) -> float:
    """Overlap of two boxes, 0..1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)


def suppress(found: list[Detection]) -> list[Detection]:
    """Blend overlapping candidates, weighted by score (BlazeFace's own suppression)."""
    rest = sorted(found, key=lambda d: -d.score)
    kept = []
    while rest:
        best = rest[0]
        group = [d for d in rest if intersection_over_union(best.box, d.box) > OVERLAP] or [best]
        rest = [d for d in rest[1:] if intersection_over_union(best.box, d.box) <= OVERLAP]
        kept.append(_blend(group))
    return kept


def _blend(group: list[Detection]) -> Detection:
    weights = np.array([d.score for d in group])
    boxes = np.array([[d.box.x, d.box.y, d.box.width, d.box.height] for d in group])
    box = (weights @ boxes) / weights.sum()
    keypoints = np.tensordot(weights, np.array([d.keypoints for d in group]), 1) / weights.sum()
    return Detection(Box(*map(float, box)), group[0].score, keypoints.astype(np.float32))
