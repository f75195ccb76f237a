"""The pictures everybody compares: people who do not exist, as JPEG files.

Three sizes: a webcam (640 x 480), a portrait (864 x 1152, about a megapixel) and a telephone
(3000 x 4000; the portrait enlarged, with fresh camera noise, for the network's cost depends
on the pixels and not on what they show).
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np

from menshen.actors import Pose, Scene, cast, render
from menshen.faces.records import Pixels

QUALITY = 92
TELEPHONE = (3000, 4000)
NOISE = 2.0
ACTOR = 1
DISTANCE = {"webcam": 0.5, "portrait": 0.38}
"""Metres: DeepFace adds a wide margin, in which its MediaPipe misses a face further away."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of one person, as files."""

    name: str
    title: str
    a: Path
    b: Path

    @property
    def request(self) -> dict[str, str]:
        """The pair as a contender is asked for it."""
        return {"a": str(self.a), "b": str(self.b)}


TITLES = {
    "webcam": "two webcam pictures, 640 × 480",
    "portrait": "two portraits, 864 × 1152 (1 megapixel)",
    "telephone": "two telephone photos, 3000 × 4000 (12 megapixels)",
}


def pairs(folder: Path) -> dict[str, Pair]:
    """Render the pairs into ``folder``, those that are not there yet."""
    made = {}
    for name, title in TITLES.items():
        a, b = folder / f"{name}-a.jpg", folder / f"{name}-b.jpg"
        if not (a.exists() and b.exists()):
            for number, file in enumerate((a, b)):
                write(file, picture(name, number))
        made[name] = Pair(name, title, a, b)
    return made


def picture(name: str, number: int) -> Pixels:
    """Return one rendered picture, (H, W, 3) uint8 RGB; ``number`` is 0 or 1."""
    pose = (Pose(), Pose(yaw=8, pitch=-3, smile=0.4))[number]
    if name == "webcam":
        scene = Scene(distance=DISTANCE[name], noise_seed=number)
        return render(cast()[ACTOR], pose=pose, scene=scene)
    scene = Scene(864, 1152, distance=DISTANCE["portrait"], supersampling=2, noise_seed=number)
    portrait = render(cast()[ACTOR], pose=pose, scene=scene)
    return enlarged(portrait, seed=number) if name == "telephone" else portrait


def enlarged(pixels: Pixels, *, seed: int) -> Pixels:
    """Enlarge to a telephone's size and add the noise of a sensor."""
    large = cv2.resize(pixels, TELEPHONE, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    noise = np.random.default_rng(seed).standard_normal(large.shape, dtype=np.float32)
    return np.asarray(np.clip(large + NOISE * noise, 0, 255), np.uint8)


def write(file: Path, pixels: Pixels) -> None:
    """Write a JPEG file as a camera would."""
    file.parent.mkdir(parents=True, exist_ok=True)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(file), bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise OSError(f"{file} cannot be written")


if __name__ == "__main__":
    pairs(Path(sys.argv[1]))
