"""A learned signal for single frames: the two MiniFASNet models of Silent-Face-Anti-Spoofing.

Source: Minivision 2020, github.com/minivision-ai/Silent-Face-Anti-Spoofing (Apache-2.0); the
networks are a slimmed MobileFaceNet (Chen et al. 2018, arXiv:1804.07573) trained with a Fourier
spectrum as a second task. Each sees the face with its surroundings, one with less, one with
more; the score is the mean of both models' live probabilities.

Limits: what it was trained on is not disclosed; one frame at a time, so it knows no movement;
a good screen whose edges lie outside the wider crop can pass. A frame handed in by software
instead of a camera is judged as what it shows. It stands beside the built-in signals and never
replaces the challenge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, Self

import cv2
import numpy as np

from menshen.faces.models.pack import Pack
from menshen.faces.records import Box, Floats, Pixels
from menshen.faces.runtime import Network
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.sampling import Sampled, sample, summary

NAME: Final = "minifasnet"
SIDE = 80
LIVE = 1
"""Class 1 of the three is live; 0 and 2 are kinds of artefact."""
ACCEPT = 0.5
SCALES: Mapping[str, float] = {"minifasnet-v2": 2.7, "minifasnet-v1se": 4.0}
"""How much of the frame each model of the pack was trained to see, in face boxes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """One network and the scale of its crop."""

    scale: float
    network: Network


class Learned:
    """The signal, over the networks handed in; it may be shared between threads."""

    name = NAME

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)

    @classmethod
    def of(cls, pack: Pack, *, threads: int = 1) -> Self:
        """Take the pack's networks; they are read and compiled when first run.

        Raises ModelFileError, at that time, when a network is damaged.
        """
        return cls(
            [
                Model(scale, Network(lambda n=name: pack.read(n), streams=threads))  # type: ignore[misc]
                for name, scale in SCALES.items()
            ]
        )

    def look(self, observation: Observation) -> SignalResult:
        """Judge one frame; the score is None where there is no face."""
        if observation.face is None:
            return SignalResult(NAME, None, "no-face")
        box = raised(observation.face.detection.box)
        scores = [_live(model, observation.pixels, box) for model in self._models]
        mean = sum(scores) / len(scores)
        evidence = {f"scale_{m.scale:g}": s for m, s in zip(self._models, scores, strict=True)}
        code = "learned-live" if mean >= ACCEPT else "learned-artefact"
        return SignalResult(NAME, mean, code, evidence)

    def step(self, state: Sampled, observation: Observation) -> Sampled:
        """Judge the frame if the last one judged lies far enough back."""
        return sample(self.look, state, observation)

    def result(self, state: Sampled) -> SignalResult:
        """Return the median frame's judgement."""
        return summary(NAME, state)


def raised(box: Box) -> Box:
    """Turn BlazeFace's box, brow to chin, into one with the forehead: the training's habit."""
    return Box(box.x, box.y - 0.15 * box.height, box.width, 1.2 * box.height)


def crop(pixels: Pixels, box: Box, *, scale: float) -> Pixels:
    """Cut the box grown about its centre, shifted to stay inside; (80, 80, 3) RGB.

    Where the frame is smaller than the box times ``scale``, it grows by less, in both
    directions alike.
    """
    height, width = pixels.shape[:2]
    scale = min((width - 1) / box.width, (height - 1) / box.height, scale)
    left, right = _span(box.centre[0], box.width * scale, width - 1)
    top, bottom = _span(box.centre[1], box.height * scale, height - 1)
    cut = pixels[top : bottom + 1, left : right + 1]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _span(centre: float, length: float, last: int) -> tuple[int, int]:
    """Return the first and the last pixel of a stretch moved to lie in 0..last."""
    start = min(max(centre - length / 2, 0.0), max(last - length, 0.0))
    return int(start), min(int(start + length), last)


def tensor(chip: Pixels) -> Floats:
    """Return (1, 3, 80, 80): BGR, 0..255, as the models were trained."""
    return np.ascontiguousarray(chip[..., ::-1].transpose(2, 0, 1)[None], np.float32)


def _live(model: Model, pixels: Pixels, box: Box) -> float:
    logits = model.network.run(tensor(crop(pixels, box, scale=model.scale)))["logits"][0]
    powers = np.exp(logits - logits.max())
    return float(powers[LIVE] / powers.sum())
