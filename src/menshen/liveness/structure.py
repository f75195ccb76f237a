"""Whether the face moves as a solid and not as a sheet.

All views of a plane are homographies of each other; what a homography leaves over is the
parallax of depth (plane and parallax: Irani and Anandan 1998, doi:10.1109/34.689301; on faces:
De Marsico et al. 2012, doi:10.1109/ICB.2012.6199761). Between the calm frames at the start and
each later one, the places of the landmarks that expression does not move are explained by

- a homography to first order (8 numbers): what a flat print or a screen can do,
- for turns, the depth of a sheet bent round an upright or a level axis besides (6 numbers):
  what a curved print can do,
- the depth of a face, turning sideways, nodding, and coming closer (3 numbers).

The last three are what the nose and the eye sockets do and no sheet can. The depth-carried turn
is the angle the first two amount to. The perspective is the third, as a share of what a head
that has grown so much in the picture would show through a usual camera.

Limits: says nothing until the person moves. A video of somebody who turns is a picture of a
solid and passes, and so does a three-dimensional mask: other signals stand against those. A
print bent as tightly as a head has nearly a head's perspective; only turning gives it away.
It measures places in the picture only, for the mesh network draws depth onto flat pictures too.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from menshen.faces.pose import canonical_face, rotation_matrix
from menshen.faces.records import Floats
from menshen.liveness.camera_pose import FOCAL_LENGTH, camera_pose
from menshen.liveness.iris import LEFT_CORNERS, RIGHT_CORNERS
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.resting import START as NOT_CALM_YET
from menshen.liveness.resting import RestingState, resting
from menshen.liveness.resting import step as rest_step

SIGNAL = "structure"
STEADY = 3
"""Frames whose median counts: one slipped mesh is no proof of depth."""
TURN_OF_SHEET, TURN_OF_SOLID = 6.0, 10.0
"""Degrees of depth-carried turn that score 0 and 1."""
PERSPECTIVE_OF_SHEET, PERSPECTIVE_OF_SOLID = 0.24, 0.38
"""Shares of the full perspective that score 0 and 1; the mesh shows heads half of it."""
MOVED_ENOUGH = 0.045
"""Shape change, in eye distances, from which a sheet would have shown itself."""
GROWN_ENOUGH = 1.4
"""Growth from which perspective can be told from trembling."""

_EYES_REACH = 1.7
"""Centimetres about the middle of an eye that its lids move in."""
_NOSE_BASE = 2

_Matrix = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Parallax:
    """What depth explains between two views.

    ``turn`` is the depth-carried turn in degrees, ``perspective`` a share (0 while the face
    has not grown enough), ``change`` the root mean square change of shape in eye distances
    and ``growth`` the change of size, a factor.
    """

    turn: float
    perspective: float
    change: float
    growth: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class StructureState:
    """The view at rest, and the most that has been seen since."""

    calm: RestingState = NOT_CALM_YET
    meshes: tuple[Floats, ...] = ()
    size: tuple[int, int] = (0, 0)
    reference: Floats | None = None
    recent: tuple[Parallax, ...] = ()
    most: Parallax = Parallax(0.0, 0.0, 0.0, 1.0)


START = StructureState()


def step(state: StructureState, observation: Observation) -> StructureState:
    """Take one frame: first until the face is calm, then compare with that view."""
    if observation.face is None or observation.faces != 1:
        return state
    points = observation.face.mesh.points
    if state.reference is None:
        return _calming(state, observation, points)
    seen = parallax(state.reference, points, size=state.size)
    recent = (*state.recent, seen)[-STEADY:]
    most = state.most if len(recent) < STEADY else _most(state.most, recent)
    return dataclasses.replace(state, recent=recent, most=most)


def result(state: StructureState) -> SignalResult:
    """Score 1 for a solid, 0 for a sheet; None until the face has moved enough to tell.

    Codes: ``solid``, ``doubtful``, ``flat``, ``too-little-movement``.
    """
    most = state.most
    evidence = {
        "depth-carried-turn-degrees": most.turn,
        "perspective-share": most.perspective,
        "shape-change-eye-distances": most.change,
        "growth": most.growth,
    }
    score = max(
        _share(most.turn, TURN_OF_SHEET, TURN_OF_SOLID),
        _share(most.perspective, PERSPECTIVE_OF_SHEET, PERSPECTIVE_OF_SOLID),
    )
    if score < 1 and most.change < MOVED_ENOUGH and most.growth < GROWN_ENOUGH:
        return SignalResult(SIGNAL, None, "too-little-movement", evidence)
    code = "solid" if score >= 1 else "flat" if score <= 0 else "doubtful"
    return SignalResult(SIGNAL, score, code, evidence)


def parallax(reference: Floats, points: Floats, *, size: tuple[int, int]) -> Parallax:
    """Explain the second mesh by the first, both (468, 3) in pictures of ``size``."""
    chosen = _rigid()
    before = _normal(reference[chosen, :2].astype(np.float64), reference)
    relief = _relief(reference, size)[chosen]
    after, scale = _laid_onto(points[chosen, :2].astype(np.float64), before)
    moved = (after - before).ravel()
    flat, depth = _homography(before), _depth(before, relief)
    sideways, down, _ = _explained(moved, [depth, flat, *_bends(before)])
    turn = np.degrees(np.arcsin(min(1.0, float(np.hypot(sideways, down)))))
    change = np.sqrt(np.mean(moved**2) * 2)
    growth = 1 / (scale * _unit(reference))
    perspective = 0.0
    if growth >= GROWN_ENOUGH:
        # One over the distance, in eye distances, rises by this much for what has grown so.
        expected = _unit(reference) / (FOCAL_LENGTH * max(size)) * (growth - 1)
        perspective = -_explained(moved, [depth, flat])[2] / expected
    return Parallax(float(turn), float(perspective), float(change), float(growth))


def _explained(moved: _Matrix, columns: list[_Matrix]) -> tuple[float, float, float]:
    """Return the shares of the first three columns that explain the movement best."""
    parts = np.linalg.lstsq(np.hstack(columns), moved, rcond=None)[0]
    return float(parts[0]), float(parts[1]), float(parts[2])


def _calming(state: StructureState, observation: Observation, points: Floats) -> StructureState:
    calm = rest_step(state.calm, observation)
    height, width = observation.pixels.shape[:2]
    meshes = (*state.meshes, points)[-len(calm.calm) :] if calm.calm else ()
    reference = np.median(meshes, axis=0).astype(np.float32) if resting(calm) else None
    return dataclasses.replace(
        state, calm=calm, meshes=meshes, size=(width, height), reference=reference
    )


def _most(most: Parallax, recent: tuple[Parallax, ...]) -> Parallax:
    """Keep the most of everything, and the perspective from where the face was largest."""
    now = Parallax(*np.median([dataclasses.astuple(seen) for seen in recent], axis=0).tolist())
    return Parallax(
        turn=max(most.turn, now.turn),
        perspective=now.perspective if now.growth >= most.growth else most.perspective,
        change=max(most.change, now.change),
        growth=max(most.growth, now.growth),
    )


def _share(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))


def _unit(points: Floats) -> float:
    """Return the eye distance in pixels: between the outer corners, two thirds of it."""
    return float(np.linalg.norm(points[33, :2] - points[263, :2])) * 2 / 3


def _normal(chosen: _Matrix, points: Floats) -> _Matrix:
    """Place points about their middle, in eye distances."""
    return np.asarray((chosen - chosen.mean(0)) / _unit(points), np.float64)


def _relief(reference: Floats, size: tuple[int, int]) -> _Matrix:
    """Depth of the canonical face, held like the reference, in eye distances."""
    face = canonical_face()
    turned = face.vertices @ rotation_matrix(camera_pose(reference, size=size)).T
    depth = turned[:, 2] / _unit(face.vertices)
    return np.asarray(depth - face.weights @ depth, np.float64)


def _laid_onto(points: _Matrix, target: _Matrix) -> tuple[_Matrix, float]:
    """Lay points onto others by the best similarity; returns them and its scale."""
    centred = points - points.mean(0)
    source, goal = centred @ [1, 1j], target @ [1, 1j]
    factor = np.vdot(source, goal) / max(float(np.vdot(source, source).real), 1e-12)
    laid = source * factor
    return np.column_stack([laid.real, laid.imag]), float(abs(factor))


def _homography(at: _Matrix) -> _Matrix:
    """Columns of what a plane can do, to first order."""
    x, y = at.T
    one, nil = np.ones_like(x), np.zeros_like(x)
    moves = [(one, nil), (nil, one), (x, nil), (y, nil), (nil, x), (nil, y)]
    return _columns([*moves, (x * x, x * y), (x * y, y * y)])


def _bends(at: _Matrix) -> list[_Matrix]:
    """Columns of what a sheet bent round an upright or a level axis can do."""
    return [_depth(at, curve) for curve in (at[:, 0] ** 2, at[:, 1] ** 2)]


def _depth(at: _Matrix, depth: _Matrix) -> _Matrix:
    """Columns of what points at these depths do: turn sideways, nod, come closer."""
    nil = np.zeros_like(depth)
    return _columns([(depth, nil), (nil, depth), (at[:, 0] * depth, at[:, 1] * depth)])


def _columns(moves: list[tuple[_Matrix, _Matrix]]) -> _Matrix:
    """Turn movements (dx, dy) of all points into the columns of a linear fit."""
    return np.hstack([np.column_stack(move).reshape(-1, 1) for move in moves])


@functools.cache
def _rigid() -> NDArray[np.intp]:
    """Choose the landmarks that neither lids nor lips nor jaw move."""
    vertices = canonical_face().vertices.astype(np.float64)
    jaw = vertices[:, 1] > vertices[_NOSE_BASE, 1]
    eyes = [vertices[list(corners), :2].mean(0) for corners in (RIGHT_CORNERS, LEFT_CORNERS)]
    away = np.min([np.linalg.norm(vertices[:, :2] - eye, axis=1) for eye in eyes], axis=0)
    chosen: NDArray[np.intp] = np.flatnonzero(~jaw & (away > _EYES_REACH))
    chosen.flags.writeable = False
    return chosen
