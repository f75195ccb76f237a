"""A picture at full, half, quarter … size, each made once and only when asked for.

Cutting a small square out of a large face would alias: every cut is made from the level
that is at most twice as fine as the square.
"""

from __future__ import annotations

import cv2
import numpy as np

from menshen.faces.records import Floats, Pixels


class Pyramid:
    """Box-filtered halves of one picture's pixels, (H, W, 3) uint8."""

    def __init__(self, pixels: Pixels) -> None:
        self._levels = [pixels]

    @property
    def pixels(self) -> Pixels:
        """The finest level."""
        return self._levels[0]

    def level(self, index: int) -> Pixels:
        """Pixels reduced 2**index times; stops halving at 2 pixels."""
        while len(self._levels) <= index:
            last = self._levels[-1]
            height, width = last.shape[0] // 2, last.shape[1] // 2
            even = last[: height * 2, : width * 2]
            self._levels.append(
                np.asarray(
                    cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8
                )
            )
        return self._levels[index]

    def cut(self, transform: Floats, *, size: int, border: int = 0) -> Pixels:
        """Cut a ``size`` x ``size`` square; ``transform`` (2, 3) maps picture to square.

        Outside the picture the square is filled with the grey value ``border``.
        """
        scale = float(np.hypot(transform[0, 0], transform[1, 0]))
        index = self._index_for(scale)
        matrix = np.array(transform, np.float64)
        # A pixel centre x of the full picture is (x + 0.5) / 2**index - 0.5 at that level.
        factor = float(2**index)
        offset = (factor - 1) / 2
        matrix[:, 2] += matrix[:, :2] @ np.array([offset, offset])
        matrix[:, :2] *= factor
        cut = cv2.warpAffine(
            self.level(index),
            matrix,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(border, border, border),
        )
        return np.asarray(cut, np.uint8)

    def _index_for(self, scale: float) -> int:
        side = min(self.pixels.shape[:2])
        index = 0
        while scale * 2 ** (index + 1) <= 1 and side >> (index + 1) >= 2:
            index += 1
        return index
