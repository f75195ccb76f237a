"""Presentation attacks (ISO/IEC 30107-3 artefact kinds) made from frames of an actor.

Every attack takes frames (height, width, 3) uint8 RGB of one size and gives back as many frames of
that size; the same seed gives the same frames. The artefact is held by an unsteady hand in a room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.background import add_noise, room
from menshen.actors.geometry import Floats, rotation, unit
from menshen.actors.light import develop

_Frame = NDArray[np.uint8]
_PAPER_WHITE = 242
_SUBPIXELS = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """How an artefact is held: degrees, and distance in widths of the artefact.

    bend: radians by which it is curved round a vertical axis; > 0 bulges towards the camera.
    unsteady: degrees of slow wandering of the hand.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = 1.22
    bend: float = 0.0
    unsteady: float = 3.0


FLAT = Hold()
BENT = Hold(bend=0.9)
BEFORE_THE_FACE = Hold(unsteady=0.8, distance=1.02)
ON_A_STAND = Hold(distance=1.3, unsteady=1.5)


def still(frames: Sequence[_Frame], *, seed: int = 0) -> tuple[_Frame, ...]:
    """Repeat the first frame, as a fed-in photograph; only camera noise changes."""
    return tuple(
        add_noise(frames[0], deviation=1.0, seed=seed * 997 + i) for i in range(len(frames))
    )


def printed(frames: Sequence[_Frame], *, hold: Hold = FLAT, seed: int = 0) -> tuple[_Frame, ...]:
    """Hold up a flat print of the first frame with a white margin."""
    return _present([_paper(frames[0], seed=seed)] * len(frames), frames, hold, seed)


def bent_print(frames: Sequence[_Frame], *, hold: Hold = BENT, seed: int = 0) -> tuple[_Frame, ...]:
    """Hold up a print curved round a vertical axis, as one holds it to imitate a round head."""
    return _present([_paper(frames[0], seed=seed)] * len(frames), frames, hold, seed)


def cut_out(
    frames: Sequence[_Frame],
    *,
    holes: Sequence[Floats],
    photo: _Frame | None = None,
    hold: Hold = BEFORE_THE_FACE,
    seed: int = 0,
) -> tuple[_Frame, ...]:
    """Hold up a print with holes, through which the living person behind it is seen.

    Args:
        frames: the person behind the print.
        holes: polygons (n, 2) in pixels of the photo, such as `renderer.eye_outlines` gives.
        photo: the picture printed; the first frame if None. Same size as the frames.
        hold: how the print is held; near 1.0 widths away, the holes stay over the frame's eyes.
        seed: of the hand and the paper.

    """
    sheet = _paper(frames[0] if photo is None else photo, seed=seed)
    opacity = np.full(sheet.shape[:2], 255, np.uint8)
    cv2.fillPoly(opacity, [np.rint(hole).astype(np.int32) for hole in holes], 0, cv2.LINE_AA)
    count = len(frames)
    path = _wander(count, hold, seed)
    return tuple(
        _compose(sheet, frames[i], path[i], opacity=opacity, noise_seed=seed * 997 + i)
        for i in range(count)
    )


def replay(
    frames: Sequence[_Frame], *, hold: Hold = ON_A_STAND, seed: int = 0
) -> tuple[_Frame, ...]:
    """Play the frames on a screen: bezel, cold glow, sub-pixels that give moire."""
    return _present([_screen(frame) for frame in frames], frames, hold, seed)


def _present(
    sheets: Sequence[_Frame], frames: Sequence[_Frame], hold: Hold, seed: int
) -> tuple[_Frame, ...]:
    """Photograph sheets, one for every frame, in a room."""
    height, width = frames[0].shape[:2]
    behind = develop(room(seed + 4000, (width, height)), exposure=0.9)
    path = _wander(len(frames), hold, seed)
    return tuple(
        _compose(sheet, behind, at, noise_seed=seed * 997 + i)
        for i, (sheet, at) in enumerate(zip(sheets, path, strict=True))
    )


def _wander(count: int, hold: Hold, seed: int) -> list[Hold]:
    """Give the hold of every frame, with the hand's slow movement."""
    rng = np.random.default_rng([seed, 53])
    time = np.arange(count)[:, None] / 15.0
    waves = np.sin(2 * np.pi * rng.uniform(0.2, 0.6, 4) * time + rng.uniform(0, 6.28, 4))
    yaw, pitch, roll, nearer = (waves * hold.unsteady * [1.0, 0.7, 0.5, 0.004]).T
    return [
        Hold(
            yaw=hold.yaw + yaw[i],
            pitch=hold.pitch + pitch[i],
            roll=hold.roll + roll[i],
            distance=hold.distance * (1 + nearer[i]),
            bend=hold.bend,
        )
        for i in range(count)
    ]


def _paper(photo: _Frame, *, seed: int) -> _Frame:
    """Print:  less contrast, a warm cast, grain, a white margin."""
    rng = np.random.default_rng([seed, 54])
    ink = cv2.GaussianBlur(photo, (0, 0), 0.8).astype(np.float32) * [0.78, 0.765, 0.73] + 33
    ink += rng.standard_normal((*photo.shape[:2], 1), dtype=np.float32) * 3.5
    paper = np.clip(ink, 0, 255).astype(np.uint8)
    margin = round(0.03 * photo.shape[1])
    border = (_PAPER_WHITE, _PAPER_WHITE, _PAPER_WHITE - 6)
    inner = paper[margin:-margin, margin:-margin]
    framed = cv2.copyMakeBorder(inner, *(margin,) * 4, cv2.BORDER_CONSTANT, value=border)
    return np.asarray(framed, np.uint8)


def _screen(frame: _Frame) -> _Frame:
    """Show the frame as lit sub-pixel columns and dark row gaps, three times as large."""
    height, width = frame.shape[:2]
    k = _SUBPIXELS
    mask = np.full((k, k, 3), 110, np.uint8)
    for channel in range(3):
        mask[:, channel, channel] = 255
    mask[0] = mask[0] * 0.7
    large = cv2.resize(frame, None, fx=k, fy=k, interpolation=cv2.INTER_NEAREST)
    lit = cv2.multiply(large, np.tile(mask, (height, width, 1)), scale=0.95 / float(mask.mean()))
    glow = np.array([10, 12, 16], np.uint8)
    lit = np.minimum(cv2.blur(lit, (2, 2)), 255 - glow) + glow
    bezel = round(0.035 * width * k)
    framed = cv2.copyMakeBorder(lit, *(bezel,) * 4, cv2.BORDER_CONSTANT, value=(13, 13, 15))
    return np.asarray(framed, np.uint8)


def _compose(
    sheet: _Frame,
    behind: _Frame,
    hold: Hold,
    *,
    opacity: NDArray[np.uint8] | None = None,
    noise_seed: int,
) -> _Frame:
    """Photograph a sheet held before a picture."""
    size = (behind.shape[1], behind.shape[0])
    where = _sheet_coordinates(size, hold, aspect=sheet.shape[0] / sheet.shape[1])
    scale = np.array(sheet.shape[1::-1], np.float32) - 1
    x, y = np.moveaxis(np.where(np.isfinite(where), where, -9.0).astype(np.float32) * scale, 2, 0)
    seen = cv2.remap(sheet, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = np.asarray(((where >= 0) & (where <= 1)).all(2), np.float32)
    if opacity is not None:
        inside = inside * cv2.remap(opacity, x, y, cv2.INTER_LINEAR) / np.float32(255)
    cover = cv2.GaussianBlur(inside, (0, 0), 0.7)[..., None]
    shading = 1.0 + 0.16 * np.sin((where[..., :1] - 0.5) * hold.bend + np.radians(hold.yaw))
    lit = seen * np.nan_to_num(shading, nan=1.0)
    picture = np.clip(behind * (1 - cover) + lit * cover, 0, 255).astype(np.uint8)
    return add_noise(picture, deviation=1.5, seed=noise_seed)


def _sheet_coordinates(size: tuple[int, int], hold: Hold, *, aspect: float) -> Floats:
    """Find where each ray meets a sheet one unit wide: (height, width, 2) in 0..1, or NaN."""
    width, height = size
    x, y = np.meshgrid(np.arange(width) - width / 2, np.arange(height) - height / 2)
    turn = rotation(yaw=hold.yaw, pitch=hold.pitch, roll=hold.roll)
    ray = unit(np.dstack([x, y, np.full_like(x, width)])) @ turn
    origin = -np.array([0.0, 0.0, hold.distance], np.float32) @ turn
    along, u = _meet_plane(origin, ray) if not hold.bend else _meet_cylinder(origin, ray, hold.bend)
    v = (origin[1] + along * ray[..., 1]) / aspect
    return np.dstack([u + 0.5, v + 0.5]).astype(np.float32)


def _meet_plane(origin: Floats, ray: Floats) -> tuple[Floats, Floats]:
    """Distance along each ray to the plane z = 0, and x there."""
    along = -origin[2] / ray[..., 2]
    return along, origin[0] + along * ray[..., 0]


def _meet_cylinder(origin: Floats, ray: Floats, bend: float) -> tuple[Floats, Floats]:
    """Distance along each ray to the curved sheet, and arc length there from its middle line."""
    radius = 1.0 / bend  # signed: the axis lies behind the sheet where it bulges to the camera
    z0 = origin[2] - radius
    a = ray[..., 0] ** 2 + ray[..., 2] ** 2
    b = origin[0] * ray[..., 0] + z0 * ray[..., 2]
    inside = b * b - a * (origin[0] ** 2 + z0**2 - radius**2)
    root = np.sqrt(np.where(inside >= 0, inside, np.nan))
    along = (-b - np.sign(bend) * root) / a
    across, depth = origin[0] + along * ray[..., 0], z0 + along * ray[..., 2]
    return along, np.arctan2(across * np.sign(bend), -depth * np.sign(bend)) * radius * np.sign(
        bend
    )
