"""Short performances: what an actor does over time when asked for an action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from menshen.actors.geometry import smoothstep
from menshen.actors.people import Actor
from menshen.actors.renderer import render
from menshen.actors.scene import DEFAULT_SCENE, Pose, Scene


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame to be: seconds since the clip began, the pose and the scene."""

    time: float
    pose: Pose
    scene: Scene


_Change = Callable[[float, Pose, Scene], tuple[Pose, Scene]]


def _bump(progress: float) -> float:
    """0 at the ends of an action, 1 held in its middle."""
    return float(smoothstep(0.1, 0.4, progress) * smoothstep(0.95, 0.65, progress))


def _swing(progress: float, *, turns: float) -> float:
    """-1..1, `turns` full swings within the action."""
    return float(np.sin(2 * np.pi * turns * progress) * smoothstep(0.0, 0.1, progress))


def _turn_left(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return replace(pose, yaw=pose.yaw + 28 * _bump(p)), scene


def _turn_right(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return replace(pose, yaw=pose.yaw - 28 * _bump(p)), scene


def _nod(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    down = 16 * float(np.sin(np.pi * min(2 * p, 2 - 2 * p)) ** 2)
    return replace(pose, pitch=pose.pitch + down), scene


def _blink(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    shut = float(smoothstep(0.35, 0.42, p) * smoothstep(0.58, 0.48, p))
    return replace(pose, blink=max(pose.blink, shut)), scene


def _open_mouth(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return replace(pose, mouth=0.85 * _bump(p)), scene


def _shake_head(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return replace(pose, yaw=pose.yaw + 18 * _swing(p, turns=2.0)), scene


def _follow_dot(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return replace(pose, gaze=26 * _swing(p, turns=1.0)), scene


def _come_closer(p: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    near = 1.0 - 0.42 * float(smoothstep(0.1, 0.8, p))
    return pose, replace(scene, distance=scene.distance * near)


def _neutral(_: float, pose: Pose, scene: Scene) -> tuple[Pose, Scene]:
    return pose, scene


_CHANGES: dict[str, _Change] = {
    "neutral": _neutral,
    "turn_left": _turn_left,
    "turn_right": _turn_right,
    "nod": _nod,
    "blink": _blink,
    "open_mouth": _open_mouth,
    "shake_head": _shake_head,
    "follow_dot": _follow_dot,
    "come_closer": _come_closer,
}

ACTIONS = tuple(_CHANGES)
"""Names of the actions. Left and right are the person's own: turning left moves the nose to the
image's right (yaw > 0)."""


def clip(
    action: str,
    *,
    fps: float = 15.0,
    seconds: float = 2.0,
    scene: Scene = DEFAULT_SCENE,
    seed: int = 0,
) -> tuple[Moment, ...]:
    """Perform one action, with the small sway of a living head; ends near where it began.

    Args:
        action: one of `ACTIONS`.
        fps: frames per second, > 0.
        seconds: length of the clip, > 0.
        scene: camera and light at the start; each frame gets its own camera noise.
        seed: of the sway and the noise.

    Raises:
        KeyError: unknown action.

    """
    change = _CHANGES[action]
    count = max(1, round(fps * seconds))
    sway = _sway(count, fps=fps, seed=seed)
    moments = []
    for i in range(count):
        pose = Pose(yaw=float(sway[i, 0]), pitch=float(sway[i, 1]), roll=float(sway[i, 2]))
        noisy = replace(scene, noise_seed=scene.noise_seed + 1000 * seed + i)
        progress = i / max(1, count - 1)
        moments.append(Moment(i / fps, *change(progress, pose, noisy)))
    return tuple(moments)


def _sway(count: int, *, fps: float, seed: int) -> NDArray[np.float64]:
    """Slow head sway (count, 3) in degrees: a few sines with seeded phases."""
    rng = np.random.default_rng([seed, 31])
    time = np.arange(count)[:, None, None] / fps
    rate, phase = rng.uniform(0.15, 0.9, (1, 3, 3)), rng.uniform(0, 2 * np.pi, (1, 3, 3))
    waves = np.sin(2 * np.pi * rate * time + phase) * [[[0.9], [0.7], [0.6]]] / 2
    return np.asarray(waves.sum(2), np.float64)


def film(actor: Actor, moments: tuple[Moment, ...]) -> tuple[NDArray[np.uint8], ...]:
    """Render every moment of a clip."""
    return tuple(render(actor, pose=m.pose, scene=m.scene) for m in moments)
