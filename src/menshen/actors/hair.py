"""Hair as a shell grown from the crown: a grid of strands with its own translucent texture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, Ints, encode_albedo, smoothstep, unit
from menshen.actors.head import BODY, load_head
from menshen.actors.identity import Bust, Traits

COLUMNS, ROWS = 90, 26
TEXTURE_SIZE = (1024, 192)
_CENTRE = np.array([0.0, 7.5, 0.42], np.float32)
_CROWN_TILT = 0.26  # radians; the crown lies behind the top of the head
_AXIS_Z = 0.35


@dataclass(frozen=True, slots=True)
class Style:
    """A way to wear hair. Lengths in decimetres at rest.

    volume: thickness of the shell; edge: thickness left at the hairline; sides: share of the
    volume at the sides; fringe: how far it falls below the hairline; bottom: height the sides
    and back hang down to (None: cut at the hairline); curl: 0 straight, 1 tight curls; wave:
    sideways swing of hanging hair; painted: how strongly the scalp is coloured where the shell
    is thin; parting: its azimuth; cloth: a headscarf instead of hair.
    """

    volume: float
    edge: float = 0.02
    sides: float = 0.6
    fringe: float = 0.0
    bottom: float | None = None
    curl: float = 0.0
    wave: float = 0.0
    painted: float = 0.0
    parting: float | None = None
    cloth: bool = False


STYLES = {
    "bald": Style(0.0, painted=0.12),
    "buzz": Style(0.035, edge=0.01, sides=0.6, painted=0.85),
    "crop": Style(0.13, edge=0.03, sides=0.35),
    "side": Style(0.19, edge=0.05, sides=0.35, parting=0.5),
    "swept": Style(0.26, edge=0.10, sides=0.3),
    "curls": Style(0.22, edge=0.04, sides=0.6, curl=1.0),
    "afro": Style(0.42, edge=0.05, sides=0.95, curl=1.0),
    "pixie": Style(0.17, edge=0.05, sides=0.5, fringe=0.22, parting=0.6),
    "tied": Style(0.11, edge=0.02, sides=0.7),
    "bob": Style(0.17, edge=0.03, sides=0.8, bottom=6.45, parting=0.35),
    "fringe": Style(0.16, edge=0.05, sides=0.8, fringe=0.3, bottom=6.1),
    "scarf": Style(0.14, edge=0.05, sides=0.75, fringe=0.06, bottom=5.7, cloth=True),
    "wavy": Style(0.22, edge=0.04, sides=0.85, bottom=5.95, wave=0.07, parting=-0.3),
    "long": Style(0.17, edge=0.03, sides=0.8, bottom=5.75, wave=0.03, parting=0.15),
}


@dataclass(frozen=True, slots=True)
class Hair:
    """The shell: points (V, 3), faces, texture coordinates (V, 2), RGBA texture (square roots)."""

    points: Floats
    faces: Ints
    uv: Floats
    texture: NDArray[np.uint8]

    def tangents(self, points: Floats) -> Floats:
        """Return unit directions (V, 3) along the strands of the posed shell."""
        grid = points.reshape(-1, ROWS, 3)
        return unit(np.asarray(np.gradient(grid, axis=1)).reshape(-1, 3))


def hairline(azimuth: Floats, *, receding: float = 0.0) -> Floats:
    """Return the height below which no hair grows, by azimuth (radians, 0 in front)."""
    away = np.abs(azimuth)
    places = [0.0, 0.35, 0.6, 0.8, 1.0, 1.14, 1.26, 1.34, 1.7, 1.86, 2.4, np.pi]
    front = [7.88, 7.88, 7.86, 7.77, 7.56, 7.3, 7.16, 7.42, 7.42, 7.0, 6.72, 6.62]
    recess = receding * (0.08 + 0.2 * np.exp(-(((away - 0.55) / 0.22) ** 2)))
    return np.asarray(np.interp(away, places, front) + recess * (away < 1.2), dtype=np.float32)


def scalp(azimuth: Floats, y: Floats, *, traits: Traits) -> Floats:
    """Return how strongly hair colours the skin itself, 0..1."""
    style = STYLES[traits.style]
    line = hairline(azimuth, receding=_receding(traits))
    if style.painted:
        return np.asarray(style.painted * smoothstep(-0.04, 0.1, y - line), dtype=np.float32)
    return np.asarray(0.9 * smoothstep(0.0, 0.16, y - line), dtype=np.float32)


def _receding(traits: Traits) -> float:
    return float(smoothstep(0.25, 1.0, traits.age) * traits.male)


def grow(bust: Bust, traits: Traits, *, rng: np.random.Generator) -> Hair | None:
    """Grow the hair of a person, or None where there is only what is painted on the scalp."""
    style = STYLES[traits.style]
    if style.volume == 0.0:
        return None
    scalp_points, rest_y = _scalp_grid(bust)
    strands = _strands(scalp_points, rest_y, style, traits)
    strands = _smooth(_ruffle(strands, style, rng))
    u, v = np.meshgrid(
        np.arange(COLUMNS + 1) / COLUMNS, np.arange(ROWS) / (ROWS - 1), indexing="ij"
    )
    size = np.array(TEXTURE_SIZE) - 1
    return Hair(
        points=np.vstack([strands, strands[:1]]).reshape(-1, 3).astype(np.float32),
        faces=_grid_faces(),
        uv=(np.stack([u, v], 2).reshape(-1, 2) * size).astype(np.float32),
        texture=_texture(style, traits, rng),
    )


@cache
def _grid_faces() -> Ints:
    first = (np.arange(COLUMNS)[:, None] * ROWS + np.arange(ROWS - 1)).ravel()
    below, beside = first + 1, first + ROWS
    return np.vstack(
        [np.column_stack([first, below, beside]), np.column_stack([below, beside + 1, beside])]
    ).astype(np.int32)


@cache
def _directions() -> Floats:
    """Return unit rays (COLUMNS, samples, 3) from the middle of the skull, crown first."""
    azimuth = np.arange(COLUMNS)[:, None] / COLUMNS * 2 * np.pi - np.pi
    polar = np.linspace(0.0, 2.6, 72)[None, :]
    x = np.sin(azimuth) * np.sin(polar)
    y = np.cos(polar) + 0 * azimuth
    z = np.cos(azimuth) * np.sin(polar)
    c, s = np.cos(_CROWN_TILT), np.sin(_CROWN_TILT)
    return np.stack([x, y * c + z * s, z * c - y * s], 2).astype(np.float32)


@cache
def _scalp_weights() -> tuple[NDArray[np.bool_], Floats]:
    """Find which vertices are skull, and how much each counts (rays, vertices) along each ray."""
    head = load_head()
    skull = (head.part == BODY) & (head.points[:, 1] > 6.3) & (head.ears < 0.1)
    skull &= (head.mouth_inside < 0.3) & (np.abs(head.points[:, 0]) < 0.86)
    directions = unit(head.points[skull] - _CENTRE)
    weights = np.exp((_directions().reshape(-1, 3) @ directions.T - 1.0) * 260.0)
    weights /= weights.sum(1, keepdims=True)
    return skull, weights.astype(np.float32)


def _scalp_grid(bust: Bust) -> tuple[Floats, Floats]:
    """Return points (COLUMNS, samples, 3) of the scalp along the rays; their resting heights."""
    skull, weights = _scalp_weights()
    rays = _directions()
    radius = weights @ np.linalg.norm(bust.points[skull] - _CENTRE, axis=1)
    rest_y = weights @ load_head().points[skull, 1]
    points = _CENTRE + rays * radius.reshape(*rays.shape[:2], 1)
    return points, rest_y.reshape(rays.shape[:2])


def _strands(points: Floats, rest_y: Floats, style: Style, traits: Traits) -> Floats:
    """Lay strands (COLUMNS, ROWS, 3) along the scalp, or hanging from its widest ring."""
    out = np.empty((COLUMNS, ROWS, 3), np.float32)
    for i in range(COLUMNS):
        azimuth = np.arctan2(points[i, :, 0], points[i, :, 2] - _AXIS_Z)
        line = hairline(azimuth, receding=_receding(traits))
        line = line - style.fringe * smoothstep(0.95, 0.6, np.abs(azimuth))
        end = int(np.argmax(rest_y[i] < line)) or len(line) - 1
        column = i / COLUMNS * 2 * np.pi - np.pi
        hanging = 0.0 if style.bottom is None else float(smoothstep(0.95, 1.3, abs(column)))
        path = _path(points[i], end, column, style, hanging)
        out[i] = _resample(path)
    return out


def _path(points: Floats, end: int, column: float, style: Style, hanging: float) -> Floats:
    """One strand lifted off the scalp; a hanging one leaves it at the widest ring."""
    last = end if not hanging else min(end, int(38 + (1 - hanging) * max(0, end - 38)))
    rays = _directions()[round((column + np.pi) / (2 * np.pi) * COLUMNS) % COLUMNS]
    along = np.linspace(0, 1, last + 1)
    sideways = float(smoothstep(0.7, 1.3, abs(column)))
    side = 1 + (style.sides - 1) * sideways
    edge = style.edge * (1 - 0.7 * sideways)
    fall = 1.0 - along ** (3.0 - 1.4 * sideways + 3.0 * style.curl) * (1.0 - hanging)
    lift = edge + (style.volume * side - edge * 0.5) * fall
    if style.parting is not None:
        near = np.exp(-(((column - style.parting) / 0.1) ** 2)) * smoothstep(0.1, 0.4, along)
        lift = lift * (1 - 0.45 * near)
    path = points[: last + 1] + rays[: last + 1] * lift[:, None]
    if not hanging or style.bottom is None:
        return np.asarray(path, np.float32)
    low = path[-1, 1] + (style.bottom - path[-1, 1]) * hanging
    y = np.linspace(path[-1, 1], low, 24)[1:]
    t = np.linspace(0, 1, 24)[1:, None]
    flat = (path[-1] - _CENTRE) * [1, 0, 1]
    hang = _CENTRE + flat * (1 + 0.06 * np.sin(np.pi * t) - 0.1 * t**2)
    hang[:, 1] = y
    return np.vstack([path, hang]).astype(np.float32)


def _resample(path: Floats) -> Floats:
    """ROWS points evenly spaced along a polyline."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, length[-1], ROWS)
    return np.column_stack([np.interp(at, length, path[:, i]) for i in range(3)]).astype(np.float32)


def _ruffle(strands: Floats, style: Style, rng: np.random.Generator) -> Floats:
    """Locks: small outward unevenness, curls, and waves of hanging hair."""
    cells = (30, 12) if style.curl else (12, 3)
    grid = rng.standard_normal((cells[0], cells[1]), dtype=np.float32)
    grid[-1] = grid[0]
    bumps = cv2.resize(grid, (ROWS, COLUMNS), interpolation=cv2.INTER_CUBIC)
    outward = unit(strands - _CENTRE)
    amount = style.volume * (0.1 + 0.02 * style.curl) * np.linspace(0.3, 1.0, ROWS)
    strands = strands + outward * (bumps * amount)[..., None]
    swing = np.sin(np.linspace(0, 14, ROWS)[None, :] + bumps * 1.2) * smoothstep(
        0.3, 0.7, np.linspace(0, 1, ROWS)
    )
    return np.asarray(strands + outward * (style.wave * swing)[..., None], np.float32)


def _smooth(strands: Floats) -> Floats:
    """Smooth across columns, which form a ring."""
    ring = np.concatenate([strands[-6:], strands, strands[:6]])
    flat = cv2.GaussianBlur(ring.reshape(len(ring), -1), (1, 9), 0.1, sigmaY=1.3)
    return np.asarray(flat, np.float32).reshape(ring.shape)[6:-6]


def _texture(style: Style, traits: Traits, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Strand colours and opacity; opacity frays towards the tips."""
    width, height = TEXTURE_SIZE
    if style.cloth:
        folds = np.exp(0.05 * _streaks(style, rng, across=60, along=4))[..., None]
        return np.dstack(
            [encode_albedo(traits.cloth * folds), np.full((height, width), 255, np.uint8)]
        )
    fine = _streaks(style, rng, across=700, along=5) + 0.8 * _streaks(
        style, rng, across=220, along=4
    )
    locks = _streaks(style, rng, across=48, along=3)
    shade = np.exp(0.17 * fine + 0.13 * locks)
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    colour = traits.hair * (shade * (0.85 + 0.2 * t))[..., None]
    fray = 0.07 if style.bottom is not None else 0.10
    tip = 1.0 - fray * (0.6 + 0.35 * np.clip(fine + 0.6 * locks, -1.6, 1.6))
    opacity = smoothstep(0.0, fray, tip - t + 0.2 * fray)
    alpha = np.asarray(opacity * 255 + 0.5, dtype=np.uint8)
    return np.dstack([encode_albedo(colour), alpha])


def _streaks(style: Style, rng: np.random.Generator, *, across: int, along: int) -> Floats:
    """Noise stretched along the strands; curls shorten the stretch."""
    rows = along if not style.curl else max(along, across // 5)
    grid = rng.standard_normal((rows, across), dtype=np.float32)
    grid[:, -1] = grid[:, 0]
    stretched = cv2.resize(grid, TEXTURE_SIZE, interpolation=cv2.INTER_CUBIC)
    return np.asarray(stretched / stretched.std(), dtype=np.float32)
