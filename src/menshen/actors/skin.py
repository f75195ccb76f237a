"""Skin, brows, lips, beard and clothes, painted once per actor into a cylindrical texture.

Texels hold the square root of linear albedo (8 bit), so that decoding is one multiplication.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, noise, smoothstep
from menshen.actors.head import TEXTURE_SIZE, TexelMap, load_head, texel_map, texture_coordinates
from menshen.actors.identity import Traits

_SHAPE = TEXTURE_SIZE[::-1]


def encode_albedo(linear: Floats) -> NDArray[np.uint8]:
    """Linear albedo 0..1 to square-root coded bytes."""
    return np.asarray(np.sqrt(np.clip(linear, 0, 1)) * 255.0 + 0.5, dtype=np.uint8)


def paint_skin(traits: Traits, *, scalp: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The texture (height, width, 3); `scalp` (height, width) says where hair grows, 0..1."""
    at = texel_map()
    skin = np.ones((*_SHAPE, 3), np.float32) * traits.skin
    _complexion(skin, traits, at, rng)
    _lips(skin, traits, at, rng)
    _beard(skin, traits, at, rng)
    _blend(skin, traits.hair * 0.8, scalp)
    _blend(skin, _brow_colour(traits), _brows(traits, rng))
    _clothes(skin, traits, at, rng)
    return encode_albedo(skin)


def _blend(skin: Floats, colour: Floats, amount: Floats) -> None:
    skin += amount[..., None] * (colour - skin)


def _tint(skin: Floats, colour: tuple[float, float, float], amount: Floats) -> None:
    """Multiply by a colour where `amount` is 1."""
    skin *= 1.0 - amount[..., None] * (1.0 - np.array(colour, np.float32))


def _complexion(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Warm cheeks, nose and ears, soft shadows at the eyes, faint mottling."""
    fair = 1.0 - 0.6 * traits.melanin
    cheeks = at.spot(0.46, 6.93, 0.26, 0.2) + 0.7 * at.spot(0.0, 6.93, 0.14, 0.12)
    blush = np.clip(cheeks + 0.4 * at.spot(0.0, 6.35, 0.2, 0.12) + 0.6 * at.ears, 0, 1)
    _tint(skin, (1.0, 0.84, 0.82), blush * fair * rng.uniform(0.5, 1.0))
    _tint(skin, (0.86, 0.8, 0.8), at.spot(0.3, 7.1, 0.17, 0.07) * rng.uniform(0.1, 0.5))
    _tint(skin, (0.9, 0.82, 0.8), at.spot(0.32, 7.34, 0.2, 0.07) * rng.uniform(0.1, 0.6))
    mottle = noise(_SHAPE, rng=rng, cells=(12, 24, 48, 96)) * 0.018
    skin *= np.exp(mottle + noise(_SHAPE, rng=rng, cells=(200, 400), persistence=0.9) * 0.012)[
        ..., None
    ]
    if rng.random() < 0.3 * fair:
        spots = smoothstep(1.7, 2.6, noise(_SHAPE, rng=rng, cells=(180, 260), persistence=1.0))
        _tint(skin, (0.72, 0.6, 0.5), spots * (at.spot(0.3, 7.0, 0.5, 0.3)) * rng.uniform(0.3, 0.8))
    _lines(skin, traits, at, rng)


def _lines(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Lines of age on the forehead and beside the eyes."""
    strength = float(smoothstep(0.3, 0.9, traits.age)) * 0.22
    wave = 0.015 * noise(_SHAPE, rng=rng, cells=(8, 16))
    for height in (7.7, 7.78, 7.86):
        line = np.exp(-(((at.y - height - wave - 0.03 * np.cos(at.x * 3)) / 0.012) ** 2))
        _tint(skin, (0.7, 0.6, 0.55), line * strength * smoothstep(0.5, 0.2, np.abs(at.x)))
    for slope in (-0.35, 0.05, 0.45):
        away = np.abs(at.x) - 0.58
        line = np.exp(-(((at.y - 7.22 - slope * away) / 0.009) ** 2))
        fade = (
            smoothstep(0.0, 0.03, away) * smoothstep(0.16, 0.08, away) * smoothstep(0.5, 0.8, at.z)
        )
        _tint(skin, (0.7, 0.6, 0.55), line * strength * fade)


def _lips(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Natural lips; now and then a quiet lipstick."""
    natural = traits.skin * np.array([0.86, 0.62, 0.6], np.float32)
    stick = np.array([0.42, 0.13, 0.13], np.float32) * (1 - 0.5 * traits.melanin)
    made_up = float(rng.uniform(0.0, 0.55)) * float(traits.male < 0.5)
    edge = cv2.GaussianBlur(at.lips, (0, 0), 1.2)
    _blend(skin, natural * (1 - made_up) + stick * made_up, smoothstep(0.1, 0.9, edge) * 0.85)


def _brow_colour(traits: Traits) -> Floats:
    return np.asarray(traits.hair * 0.75 + 0.12 * traits.skin, dtype=np.float32)


def _brows(traits: Traits, rng: np.random.Generator) -> Floats:
    """Both brows as fine hairs that follow an arch; opacity (height, width)."""
    thick = rng.uniform(0.016, 0.026) * (1 + 0.35 * traits.male)
    arch, tilt = rng.uniform(0.02, 0.055), rng.uniform(-0.01, 0.03)
    base, inner, outer = rng.uniform(7.455, 7.49), rng.uniform(0.13, 0.17), rng.uniform(0.5, 0.56)
    along = rng.random((2, 420))
    canvas = np.zeros(_SHAPE, np.uint8)
    for side, places in zip((-1, 1), along, strict=True):
        taper = thick * (0.35 + 0.65 * np.sin(np.pi * np.clip(places * 0.85 + 0.12, 0, 1)))
        x = inner + (outer - inner) * places
        y = base + arch * np.sin(np.pi * np.clip(places * 0.95, 0, 1)) + tilt * (places - 0.3)
        y = y + rng.normal(size=places.size) * taper * 0.5
        lean = (
            np.radians(np.interp(places, [0, 0.25, 1], [75, 35, -12]))
            + rng.normal(size=places.size) * 0.16
        )
        length = rng.uniform(0.03, 0.055, places.size)
        root = _on_face(np.column_stack([x, y]))
        tip = _on_face(np.column_stack([x + length * np.cos(lean), y + length * np.sin(lean)]))
        for ends in np.stack([root, tip], axis=1):
            if side < 0:
                ends[:, 0] = _SHAPE[1] - 1 - ends[:, 0]
            cv2.polylines(canvas, [np.int32(ends * 16)], False, 150, 1, cv2.LINE_AA, 4)
    density = cv2.GaussianBlur(canvas, (0, 0), 0.9).astype(np.float32) / 255.0
    return np.clip(density * rng.uniform(0.9, 1.25), 0, 0.8)


def _on_face(xy: Floats) -> Floats:
    """Texture coordinates of the front of the resting face at (x, y) (n, 2)."""
    head = load_head()
    front = head.points[(head.part == 0) & (head.points[:, 2] > 0.6) & (head.mouth_inside < 0.3)]
    nearest = ((front[None, :, :2] - xy[:, None]) ** 2).sum(2).argmin(1)
    points = np.column_stack([xy, front[nearest, 2]])
    return texture_coordinates(points.astype(np.float32))


def _beard(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Stubble to a short full beard, on some men."""
    kind, amount = rng.random(), rng.uniform(0.35, 0.75)
    if traits.male < 0.5:
        return
    across = np.abs(at.azimuth)
    jaw = smoothstep(6.98, 6.78, at.y + 0.2 * across**2 - 0.1 * (across > 0.85))
    area = jaw * smoothstep(1.5, 1.2, across) * smoothstep(5.98, 6.2, at.y)
    mouth = np.exp(-((at.x / 0.25) ** 4) - ((at.y - 6.62) / 0.085) ** 4)
    area = area * (1 - smoothstep(0.2, 0.7, mouth)) * (1 - smoothstep(0.05, 0.4, at.lips))
    strength = amount if kind < 0.25 else (0.1 if kind > 0.65 else 0.22)
    hairs = np.clip(0.75 + 0.4 * noise(_SHAPE, rng=rng, cells=(300, 500), persistence=0.9), 0, 1)
    grain = cv2.GaussianBlur(area.astype(np.float32), (0, 0), 5) * hairs
    _blend(skin, traits.hair * 0.85 + traits.skin * 0.05, grain * np.float32(strength))


def _clothes(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """A plain top with a round neck and a ribbed collar."""
    line = neckline(at.azimuth)
    cloth = (
        traits.cloth
        * np.exp(noise(_SHAPE, rng=rng, cells=(100, 200, 400), persistence=0.9) * 0.03)[..., None]
    )
    rib = smoothstep(0.09, 0.075, line - at.y) * smoothstep(0.0, 0.015, line - at.y)
    cloth *= (1.0 - 0.22 * rib * (0.7 + 0.3 * np.sin(at.azimuth * 260)))[..., None]
    shade = smoothstep(0.16, 0.0, at.y - line)
    _tint(skin, (0.72, 0.66, 0.64), shade * (at.y > line))
    inside = smoothstep(0.006, -0.006, at.y - line)
    skin += inside[..., None] * (cloth - skin)


def neckline(azimuth: Floats) -> Floats:
    """Height of a top's neckline at an azimuth, in resting decimetres."""
    return np.asarray(6.02 - 0.13 * np.cos(azimuth), dtype=np.float32)
