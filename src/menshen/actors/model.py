"""Everything about an actor that does not change from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, Ints, encode_albedo, smoothstep, vertex_normals
from menshen.actors.hair import Hair, grow, scalp
from menshen.actors.head import (
    BODY,
    LOWER_TEETH,
    TONGUE,
    UPPER_TEETH,
    load_head,
    texel_map,
    texture_coordinates,
)
from menshen.actors.identity import Bust, Traits, draw_traits, shape_bust
from menshen.actors.skin import neckline, paint_skin

_SWATCH = 16
_TEETH, _TONGUE = (0.78, 0.74, 0.66), (0.42, 0.15, 0.14)


@dataclass(frozen=True, slots=True)
class Model:
    """A person ready to be posed: traits, bust, hair, texture and its coordinates (V, 2)."""

    traits: Traits
    bust: Bust
    hair: Hair | None
    texture: NDArray[np.uint8]
    uv: Floats


@lru_cache(maxsize=48)
def build_model(seed: int) -> Model:
    """Build the person of a seed (about a quarter of a second; kept for later frames)."""
    rng = np.random.default_rng([seed, 2026])
    traits = draw_traits(rng)
    bust = shape_bust(traits, rng=rng)
    at = texel_map()
    grown = scalp(at.azimuth, at.y, traits=traits)
    texture = paint_skin(traits, scalp=grown * (at.ears < 0.1), rng=rng)
    _paint_swatches(texture)
    hair = grow(bust, traits, rng=rng)
    return Model(traits, _dress(bust), hair, texture, _coordinates())


def _paint_swatches(texture: NDArray[np.uint8]) -> None:
    """Plain colours for teeth and tongue in the unused bottom corner of the texture."""
    texture[-_SWATCH:, :_SWATCH] = encode_albedo(np.array(_TEETH, np.float32))
    texture[-_SWATCH:, _SWATCH : 2 * _SWATCH] = encode_albedo(np.array(_TONGUE, np.float32))


@cache
def _coordinates() -> Floats:
    head = load_head()
    uv = texture_coordinates(head.points)
    middle, height = _SWATCH / 2, texel_map().x.shape[0]
    bottom = height - middle
    uv[:, 1] = np.clip(uv[:, 1], 0, height - _SWATCH - 2)  # all cloth further down
    uv[(head.part == UPPER_TEETH) | (head.part == LOWER_TEETH)] = (middle, bottom)
    uv[head.part == TONGUE] = (middle + _SWATCH, bottom)
    return uv


def _dress(bust: Bust) -> Bust:
    """Push what lies under the clothes outward by the thickness of cloth."""
    head = load_head()
    azimuth = np.arctan2(head.points[:, 0], head.points[:, 2] - 0.35)
    under = smoothstep(0.02, -0.05, head.points[:, 1] - neckline(azimuth)) * (head.part == BODY)
    normals = vertex_normals(bust.points, head.faces)
    points = bust.points + normals * (0.05 * under[:, None])
    return Bust(points.astype(np.float32), bust.eyes)


@cache
def visible_faces() -> tuple[Ints, Ints]:
    """Faces of the bust without the seam at the back of the texture, and the part of each."""
    head = load_head()
    uv = texture_coordinates(head.points)
    seam = np.ptp(uv[head.faces][:, :, 0], axis=1) > uv[:, 0].max() / 2
    faces = head.faces[~seam | (head.part[head.faces[:, 0]] != BODY)]
    return faces, head.part[faces[:, 0]].astype(np.int32)
