"""Light on vertices, eyes and hair, and the camera's tone curve."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import Floats, smoothstep, unit
from menshen.actors.scene import Scene

_WRAP = np.array([0.34, 0.2, 0.15], np.float32)  # light bleeding through skin, most in red
_FILL = unit([-0.6, -0.1, -0.75])
_LUT_RANGE = 2.0


def key_light(scene: Scene) -> tuple[Floats, Floats]:
    """Return the direction towards the main light (image axes) and its colour."""
    x, y, z = scene.key_direction
    colour = np.array(scene.key_colour, np.float32) * np.float32(scene.key_intensity)
    return unit([x, -y, -z]), colour


def irradiance(normals: Floats, openness: Floats, *, camera: Floats, scene: Scene) -> Floats:
    """Return the diffuse light (n, 3) on camera-space points (n, 3) with normals (n, 3)."""
    direction, colour = key_light(scene)
    cosine = (normals @ direction)[:, None]
    wrapped = np.clip((cosine + _WRAP) / (1 + _WRAP), 0, 1)
    open_ = openness[:, None]
    sky = scene.ambient * (0.85 - 0.35 * normals[:, 1:2]) * (0.25 + 0.75 * open_) * open_**0.3
    fill = 0.16 * np.clip(normals @ _FILL, 0, 1)[:, None] * open_
    light = sky + fill + colour * wrapped * (0.35 + 0.65 * smoothstep(0.15, 0.65, open_))
    if scene.flash is not None:
        light = light + flash_on(normals, camera, scene) * (0.4 + 0.6 * open_)
    return np.asarray(light, np.float32)


def flash_on(normals: Floats, camera: Floats, scene: Scene) -> Floats:
    """Return the light (n, 3) of a screen at the camera; it falls with the squared distance."""
    away = np.linalg.norm(camera, axis=1)
    facing = np.clip(-(normals * camera).sum(1) / away, 0, 1)
    strength = facing * (10.0 * scene.distance / away) ** 2
    return np.asarray(strength[:, None] * np.array(scene.flash, np.float32), np.float32)


def highlight(normals: Floats, camera: Floats, *, power: float, scene: Scene) -> Floats:
    """Return the Blinn-Phong highlight (n, 3) of main light and flash on full gloss."""
    direction, colour = key_light(scene)
    towards = -unit(camera)
    half = unit(direction + towards)
    lit = np.clip((normals * half).sum(1), 0, 1) ** power * (normals @ direction > -0.1)
    out = lit[:, None] * colour
    if scene.flash is not None:
        back = np.clip((normals * towards).sum(1), 0, 1) ** (1.5 * power)
        out = out + back[:, None] * np.array(scene.flash, np.float32)
    return np.asarray(out, np.float32)


def strand_highlight(tangents: Floats, normals: Floats, camera: Floats, *, scene: Scene) -> Floats:
    """Return the Kajiya-Kay highlight (n, 3) of strands, none on the far side."""
    direction, colour = key_light(scene)
    half = unit(direction - unit(camera))
    along = (tangents * half).sum(1)
    across = np.sqrt(np.clip(1 - along * along, 0, 1))
    lobes = 0.6 * across**40 + 0.25 * across**8
    facing = smoothstep(0.0, 0.7, (normals * half).sum(1))
    return np.asarray((lobes * facing)[:, None] * colour, np.float32)


@lru_cache(maxsize=32)
def _tone_table(exposure: float) -> NDArray[np.uint8]:
    linear = np.linspace(0, _LUT_RANGE, 4096) * exposure
    shoulder = np.where(linear < 0.5, linear, 0.5 + 0.5 * (1 - np.exp(-(linear - 0.5) / 0.5)))
    return np.asarray(shoulder ** (1 / 2.2) * 255 + 0.5, np.uint8)


def develop(linear: Floats, *, exposure: float) -> NDArray[np.uint8]:
    """Turn linear light into display values: exposure, soft highlights, gamma."""
    index = np.clip(linear * np.float32(4095 / _LUT_RANGE), 0, 4095).astype(np.int32)
    return np.asarray(_tone_table(exposure).take(index, mode="clip"), np.uint8)
