"""Skin, brows, lips, beard and clothes, painted once per actor into a cylindrical texture.

Texels hold the square root of linear albedo (8 bit), so that decoding is one multiplication.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, encode_albedo, noise, smoothstep
from menshen.actors.hair import STYLES
from menshen.actors.head import TEXTURE_SIZE, TexelMap, front_depth, texel_map, texture_coordinates
from menshen.actors.identity import Traits

_SHAPE = TEXTURE_SIZE[::-1]
_FACE = (slice(120, 620), slice(360, 1176))
"""The part of the texture with the face on it: painting only there saves most of the time."""

_FACE_SHAPE = (500, 816)
_HEAD = (slice(0, 470), slice(None))
_BODY = (slice(420, None), slice(None))


def paint_skin(traits: Traits, *, scalp: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paint the texture (height, width, 3); `scalp` (height, width) says where hair grows, 0..1."""
    at = texel_map()
    mottle = 0.018 * _fine_noise(rng, cells=(12, 24, 48, 96))
    mottle += 0.012 * _fine_noise(rng, cells=(200, 400))
    skin = np.exp(mottle)[..., None] * traits.skin
    face = skin[_FACE]
    on_face = at.window(_FACE)
    _complexion(face, traits, on_face, rng)
    _lines(face, traits, on_face, rng)
    _lips(face, traits, on_face, rng)
    _beard(face, traits, on_face, rng)
    _blend(skin[_HEAD], traits.hair * 0.8, scalp[_HEAD])
    _blend(face, _brow_colour(traits), _brows(traits, rng)[_FACE])
    _clothes(skin[_BODY], traits, at.window(_BODY), rng)
    return encode_albedo(skin)


def _fine_noise(rng: np.random.Generator, *, cells: tuple[int, ...]) -> Floats:
    """Draw noise over the texture, at half its resolution to save time."""
    half = (_SHAPE[0] // 2, _SHAPE[1] // 2)
    coarse = noise(half, rng=rng, cells=cells, persistence=0.75)
    return np.asarray(cv2.resize(coarse, TEXTURE_SIZE, interpolation=cv2.INTER_LINEAR), np.float32)


def _blend(skin: Floats, colour: Floats, amount: Floats) -> None:
    skin += amount[..., None] * (colour - skin)


def _tint(skin: Floats, colour: tuple[float, float, float], amount: Floats) -> None:
    """Multiply by a colour where `amount` is 1."""
    skin *= 1.0 - amount[..., None] * (1.0 - np.array(colour, np.float32))


def _complexion(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Paint warm cheeks, nose and ears, soft shadows at the eyes, perhaps freckles."""
    fair, woman = 1.0 - 0.6 * traits.melanin, float(traits.male < 0.5)
    cheeks = at.spot(0.46, 6.93, 0.26, 0.2) + 0.7 * at.spot(0.0, 6.93, 0.14, 0.12)
    blush = np.clip(cheeks + 0.4 * at.spot(0.0, 6.35, 0.2, 0.12) + 0.6 * at.ears, 0, 1)
    _tint(skin, (1.0, 0.84, 0.82), blush * fair * rng.uniform(0.4, 1.1))
    _tint(skin, (0.86, 0.8, 0.8), at.spot(0.3, 7.1, 0.17, 0.07) * rng.uniform(0.0, 0.6))
    shadow = rng.uniform(0.1, 0.6) + woman * rng.choice([0.0, 0.9], p=[0.6, 0.4])
    _tint(skin, (0.84, 0.76, 0.74), at.spot(0.32, 7.34, 0.2, 0.06) * shadow)
    freckled, depth = rng.random() < 0.3 * fair, rng.uniform(0.4, 0.9)
    if freckled:
        spots = smoothstep(1.5, 2.4, noise(_FACE_SHAPE, rng=rng, cells=(110, 160), persistence=1.0))
        _tint(skin, (0.72, 0.6, 0.5), spots * at.spot(0.3, 7.0, 0.5, 0.3) * depth)


def _lines(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Paint the lines of age on the forehead and beside the eyes."""
    strength = float(smoothstep(0.3, 0.9, traits.age)) * 0.28
    wave = 0.015 * noise(_FACE_SHAPE, rng=rng, cells=(4, 8))
    lines = np.zeros(_FACE_SHAPE, np.float32)
    middle = smoothstep(0.5, 0.2, np.abs(at.x))
    for height in (7.7, 7.78, 7.86):
        lines += middle * _ridge(at.y - height - wave - 0.03 * np.cos(at.x * 3), 0.012)
    away = np.abs(at.x) - 0.58
    beside = smoothstep(0.0, 0.03, away) * smoothstep(0.16, 0.08, away) * smoothstep(0.5, 0.8, at.z)
    for slope in (-0.35, 0.05, 0.45):
        lines += beside * _ridge(at.y - 7.22 - slope * away, 0.009)
    _tint(skin, (0.7, 0.6, 0.55), np.clip(lines, 0, 1) * np.float32(strength))


def _ridge(distance: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-((distance / width) ** 2)), np.float32)


def _lips(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Paint natural lips; now and then a quiet lipstick."""
    natural = traits.skin * np.array([0.88, 0.62, 0.6], np.float32) * rng.uniform(0.85, 1.05)
    stick = np.array([0.4, 0.11, 0.12], np.float32) * (1 - 0.5 * traits.melanin)
    made_up = float(rng.choice([0.0, 0.35, 0.7])) * float(traits.male < 0.5)
    edge = cv2.GaussianBlur(at.lips, (0, 0), 1.2)
    lips = natural * (1 - made_up) + stick * made_up
    _blend(skin, lips.astype(np.float32), smoothstep(0.1, 0.9, edge) * np.float32(0.85))


def _brow_colour(traits: Traits) -> Floats:
    return np.asarray(traits.hair * 0.9 + 0.03 * traits.skin, dtype=np.float32)


def _brows(traits: Traits, rng: np.random.Generator) -> Floats:
    """Draw both brows as fine hairs that follow an arch; opacity (height, width)."""
    thick = rng.uniform(0.009, 0.026) * (1 + 0.45 * traits.male)
    arch, tilt = rng.uniform(0.01, 0.06), rng.uniform(-0.015, 0.035)
    base, inner, outer = rng.uniform(7.435, 7.51), rng.uniform(0.12, 0.19), rng.uniform(0.48, 0.57)
    density = rng.uniform(0.6, 1.25)
    canvas = np.zeros(_SHAPE, np.uint8)
    for side in (-1, 1):
        t = rng.random(340)
        taper = thick * (0.35 + 0.65 * np.sin(np.pi * np.clip(t * 0.85 + 0.12, 0, 1)))
        y = base + arch * np.sin(np.pi * np.clip(t * 0.95, 0, 1)) + tilt * (t - 0.3)
        root = np.column_stack(
            [inner + (outer - inner) * t, y + rng.normal(size=t.size) * taper * 0.5]
        )
        lean = (
            np.radians(np.interp(t, [0, 0.25, 1], [75, 35, -12])) + rng.normal(size=t.size) * 0.16
        )
        hair = np.column_stack([np.cos(lean), np.sin(lean)])
        tip = root + hair * rng.uniform(0.03, 0.055, (t.size, 1))
        _strokes(canvas, root * [side, 1], tip * [side, 1])
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.8).astype(np.float32) / 255.0
    return np.asarray(np.clip(soft * density, 0, 0.88), np.float32)


def _strokes(canvas: NDArray[np.uint8], roots: Floats, tips: Floats) -> None:
    """Draw hairs between points (n, 2) of the front of the resting face."""
    ends = np.stack([_on_face(roots), _on_face(tips)], axis=1)
    lines = list(np.rint(ends * 16).astype(np.int32))
    for line in lines:
        cv2.polylines(canvas, [line], False, 190, 1, cv2.LINE_AA, 4)


def _on_face(xy: Floats) -> Floats:
    """Texture coordinates of the front of the resting face at (x, y) (n, 2)."""
    return texture_coordinates(np.column_stack([xy, front_depth(xy)]).astype(np.float32))


def _beard(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Paint anything from a shave to a short full beard, on men."""
    kind, amount, cut = rng.random(), rng.uniform(0.6, 0.95), rng.random()
    hairs = 0.9 + 0.1 * noise(_FACE_SHAPE, rng=rng, cells=(160, 260), persistence=0.9)
    if traits.male < 0.5:
        return
    across = np.abs(at.azimuth)
    jaw = smoothstep(6.98, 6.78, at.y + 0.2 * across**2 - 0.1 * (across > 0.85))
    area = jaw * smoothstep(1.5, 1.2, across) * smoothstep(5.98, 6.2, at.y)
    if cut < 0.25:
        area = area * smoothstep(0.42, 0.3, np.abs(at.x))
    mouth = np.exp(-((at.x / 0.25) ** 4) - ((at.y - 6.62) / 0.085) ** 4)
    area = area * (1 - smoothstep(0.2, 0.7, mouth)) * (1 - smoothstep(0.05, 0.4, at.lips))
    strength = amount if kind < 0.35 else (0.05 if kind > 0.65 else 0.18)
    grain = cv2.GaussianBlur(area.astype(np.float32), (0, 0), 6) * np.clip(hairs, 0, 1)
    _blend(skin, traits.hair * 0.85 + traits.skin * 0.05, grain * np.float32(strength))


def _clothes(skin: Floats, traits: Traits, at: TexelMap, rng: np.random.Generator) -> None:
    """Paint a plain top with a round neck and a ribbed collar."""
    height = at.y - neckline(at.azimuth) - np.float32(0.32 * STYLES[traits.style].cloth)
    weave = np.exp(0.03 * _fine_noise(rng, cells=(100, 200, 400))[_BODY])
    rib = smoothstep(-0.09, -0.075, height) * smoothstep(0.0, -0.015, height)
    weave *= 1.0 - 0.22 * rib * (0.7 + 0.3 * np.sin(at.azimuth * 260))
    _tint(skin, (0.72, 0.66, 0.64), smoothstep(0.16, 0.0, height) * (height > 0))
    _blend(skin, weave[..., None] * traits.cloth, smoothstep(0.006, -0.006, height))


def neckline(azimuth: Floats) -> Floats:
    """Return the height of a top's neckline at an azimuth, in resting decimetres."""
    return np.asarray(6.02 - 0.13 * np.cos(azimuth), dtype=np.float32)
