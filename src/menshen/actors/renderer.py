"""Render an actor: pose the bust, light its vertices, rasterise, shade, photograph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from menshen.actors import light
from menshen.actors.background import add_noise, room
from menshen.actors.geometry import Floats, Ints, rotation, smoothstep, unit, vertex_normals
from menshen.actors.hair import Hair
from menshen.actors.head import BODY, LEFT_EYE, RIGHT_EYE, load_head
from menshen.actors.identity import Eye
from menshen.actors.model import Model, build_model, visible_faces
from menshen.actors.people import Actor
from menshen.actors.raster import Fragments, rasterise
from menshen.actors.scene import DEFAULT_POSE, DEFAULT_SCENE, Pose, Scene

_NECK = np.array([0.0, 6.55, 0.15], np.float32)
_LOOKED_AT = np.array([0.0, 7.2, 0.0], np.float32)
_FLIP = np.array([1.0, -1.0, -1.0], np.float32)
_MOUTH_GAIN = 0.85
_RESTING_PITCH = -4.0  # degrees; the resting head of the mesh looks down a little
_NEAREST = 0.5  # decimetres; nothing is drawn nearer
_UNDERSIDE = 0.3  # light that reaches the inside of the hair


def render(
    actor: Actor, *, pose: Pose = DEFAULT_POSE, scene: Scene = DEFAULT_SCENE
) -> NDArray[np.uint8]:
    """Photograph (height, width, 3) RGB of an actor in a pose and a scene; deterministic."""
    model = build_model(actor.seed)
    shot = _Shot.take(model, pose, scene)
    linear = room(actor.seed if scene.background is None else scene.background, shot.size)
    picture = _lit_room(linear, scene).reshape(-1, 3)
    nearness = _draw_bust(picture, model, shot)
    if model.hair is not None:
        _draw_hair(picture, model.hair, shot, nearness)
    return _photograph(picture.reshape(shot.size[1], shot.size[0], 3), scene)


def _lit_room(linear: Floats, scene: Scene) -> NDArray[np.uint8]:
    if scene.flash is not None:
        linear = linear * (1.0 + 0.15 * np.array(scene.flash, np.float32))
    return light.develop(linear, exposure=scene.exposure)


def _photograph(picture: NDArray[np.uint8], scene: Scene) -> NDArray[np.uint8]:
    """Down-sample, blur by the lens, add noise."""
    if scene.supersampling > 1:
        size = (scene.width, scene.height)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = np.asarray(cv2.GaussianBlur(picture, (3, 3), 0.55), np.uint8)
    if scene.noise > 0:
        picture = add_noise(picture, deviation=scene.noise, seed=scene.noise_seed)
    return np.asarray(picture, np.uint8)


@dataclass(frozen=True, slots=True)
class _Shot:
    """A pose before a camera: camera-space bust (V, 3), the head's rotation, the picture's size."""

    points: Floats
    turn: Floats
    gaze: Floats
    offset: Floats
    focal: float
    size: tuple[int, int]
    scene: Scene

    @classmethod
    def take(cls, model: Model, pose: Pose, scene: Scene) -> _Shot:
        turn = rotation(yaw=pose.yaw, pitch=pose.pitch + _RESTING_PITCH, roll=pose.roll)
        away = np.array([scene.offset_x, scene.offset_y, scene.distance], np.float32) * 10
        offset = (_NECK - _LOOKED_AT) * _FLIP + away
        still = (_expressed(model, pose) - _NECK) * _FLIP
        weight = _follows_head()[:, None]
        points = (still @ turn.T) * weight + still * (1 - weight) + offset
        gaze = (
            turn
            @ rotation(yaw=pose.gaze, pitch=pose.gaze_vertical - _RESTING_PITCH)
            @ [0.0, 0.0, -1.0]
        )
        scale = scene.supersampling
        size = (scene.width * scale, scene.height * scale)
        focal = float(scene.width * scale)
        return cls(points.astype(np.float32), turn, gaze, offset, focal, size, scene)

    def place(self, points: Floats) -> Floats:
        """Put model points (n, 3) that follow the head into camera space."""
        return np.asarray(((points - _NECK) * _FLIP) @ self.turn.T + self.offset, np.float32)

    def rasterise(self, points: Floats, faces: Ints, *, cull: bool) -> Fragments:
        depth = np.maximum(points[:, 2], _NEAREST)
        return rasterise(self.project(points), depth, faces, size=self.size, cull=cull)

    def project(self, points: Floats) -> Floats:
        """Return the pixels (n, 2) of camera-space points (n, 3)."""
        depth = np.maximum(points[:, 2:], _NEAREST)
        middle = np.array(self.size, np.float32) / 2
        return np.asarray(points[:, :2] / depth * self.focal + middle, np.float32)


@cache
def _follows_head() -> Floats:
    """Return how far each vertex turns with the head: 0 on the shoulders, 1 above the neck."""
    rest = load_head().points
    height = rest[:, 1] + 0.25 * np.clip(rest[:, 2], 0, 1)
    return np.asarray(smoothstep(5.95, 6.55, height), np.float32)


def _expressed(model: Model, pose: Pose) -> Floats:
    """Return the bust with lids, mouth and smile moved (V, 3)."""
    targets = load_head().targets
    right = pose.blink if pose.blink_right is None else pose.blink_right
    left_eye, right_eye = model.bust.eyes
    moves = {
        "eye-left-closure": pose.blink * left_eye.lid_travel,
        "eye-right-closure": right * right_eye.lid_travel,
        "mouth-open": pose.mouth * _MOUTH_GAIN,
        "mouth-corner-puller": model.traits.smile + 0.6 * pose.smile,
    }
    points = model.bust.points
    for name, amount in moves.items():
        if amount:
            points = points + np.float32(amount) * targets[f"expression/{name}"]
    return points


def _draw_bust(picture: NDArray[np.uint8], model: Model, shot: _Shot) -> Floats:
    """Draw skin, mouth, eyes and clothes; returns 1/depth of every pixel (0: nothing there)."""
    faces, part = visible_faces()
    seen = shot.rasterise(shot.points, faces, cull=True)
    values = seen.interpolate(_vertex_values(model, shot), faces=faces)
    albedo = _sample(model.texture, values[:, :2])
    colour = albedo * albedo * values[:, 2:5] + values[:, 5:8]
    for eye, number in zip(model.bust.eyes, (LEFT_EYE, RIGHT_EYE), strict=True):
        on_eye = np.flatnonzero(part[seen.face] == number)
        if len(on_eye):
            colour[on_eye] = _shade_eye(model, eye, shot, seen.where(on_eye), faces)
    picture[seen.pixel] = light.develop(colour, exposure=shot.scene.exposure)
    nearness = np.zeros(len(picture), np.float32)
    nearness[seen.pixel] = seen.nearness
    return nearness


def _vertex_values(model: Model, shot: _Shot) -> Floats:
    """Return texture coordinates, diffuse light and highlight of every vertex (V, 8)."""
    head = load_head()
    normals = vertex_normals(shot.points, head.faces)
    diffuse = light.irradiance(normals, head.openness, camera=shot.points, scene=shot.scene)
    shine = light.highlight(normals, shot.points, power=14.0, scene=shot.scene)
    gloss = (0.035 + 0.05 * head.lips) * _shiny() * head.openness**2
    return np.column_stack([model.uv, diffuse * _vertex_tint(), shine * gloss[:, None]])


@cache
def _shiny() -> Floats:
    """Return the gloss: skin shines, clothes do not."""
    rest = load_head().points
    return np.asarray(smoothstep(5.9, 6.3, rest[:, 1]), np.float32)


@cache
def _vertex_tint() -> Floats:
    """Return colour factors (V, 3): dark lash lines, a dark red inside of the mouth."""
    head = load_head()
    lash = smoothstep(0.3, 0.9, head.lash)[:, None] * np.float32(0.88)
    inside = (head.mouth_inside * (head.part == BODY))[:, None]
    red = np.array([0.3, 0.1, 0.1], np.float32)
    return np.asarray((1 - lash) * (1 - inside * (1 - red)), np.float32)


def _sample(texture: NDArray[np.uint8], uv: Floats) -> Floats:
    """Return bilinear samples 0..1 (n, channels) of a texture at texels (n, 2)."""
    count = len(uv)
    rows = max(1, -(-count // 1024))  # cv2.remap is limited to 32,767 columns
    padded = np.zeros((rows * 1024, 2), np.float32)
    padded[:count] = uv
    x, y = padded[:, 0].reshape(rows, 1024), padded[:, 1].reshape(rows, 1024)
    out = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out.reshape(rows * 1024, -1)[:count] * np.float32(1 / 255), np.float32)


def _shade_eye(model: Model, eye: Eye, shot: _Shot, seen: Fragments, faces: Ints) -> Floats:
    """Colour (n, 3) an eyeball: white, iris with a dark rim, pupil, the light's reflection."""
    camera = seen.interpolate(shot.points, faces=faces)
    normals = unit(camera - shot.place(eye.centre[None])[0])
    angle = np.arccos(np.clip(normals @ shot.gaze, -1, 1))[:, None]
    iris, pupil, rim = smoothstep(0.5, 0.44, angle), smoothstep(0.2, 0.16, angle), angle / 0.46
    white = np.array([0.8, 0.75, 0.72], np.float32)
    fibres = model.traits.iris * (1.35 - 1.0 * smoothstep(0.55, 1.0, rim))
    albedo = (white * (1 - iris) + fibres * iris) * (1 - pupil) + 0.004 * pupil
    openness = np.full(len(normals), 0.8, np.float32)
    under_lid = 0.62 + 0.38 * smoothstep(-0.45, -0.05, normals[:, 1:2])
    diffuse = light.irradiance(normals, openness, camera=camera, scene=shot.scene) * under_lid
    shine = light.highlight(normals, camera, power=140.0, scene=shot.scene)
    return np.asarray(albedo * diffuse + 0.9 * shine, np.float32)


def _draw_hair(picture: NDArray[np.uint8], hair: Hair, shot: _Shot, nearness: Floats) -> None:
    """Blend the hair over the bust where it is nearer: first its underside, then its outside."""
    points = shot.place(hair.points)
    normals = vertex_normals(points, hair.faces)
    under = _strand_values(hair, points, -normals, shot.scene)
    under[:, 2:] *= _UNDERSIDE
    outside = _strand_values(hair, points, normals, shot.scene)
    for faces, values in ((hair.faces[:, ::-1], under), (hair.faces, outside)):
        seen = shot.rasterise(points, faces, cull=True)
        seen = seen.where(seen.nearness > nearness[seen.pixel])
        _blend_strands(picture, hair, seen, seen.interpolate(values, faces=faces), shot.scene)


def _strand_values(hair: Hair, points: Floats, normals: Floats, scene: Scene) -> Floats:
    """Return texture coordinates, diffuse light and highlight of the hair's vertices (V, 8)."""
    openness = np.full(len(points), 0.95, np.float32)
    diffuse = light.irradiance(normals, openness, camera=points, scene=scene)
    shine = light.strand_highlight(hair.tangents(points), normals, points, scene=scene)
    return np.column_stack([hair.uv, diffuse, shine]).astype(np.float32)


def _blend_strands(
    picture: NDArray[np.uint8], hair: Hair, seen: Fragments, values: Floats, scene: Scene
) -> None:
    texel = _sample(hair.texture, values[:, :2])
    albedo = texel[:, :3] * texel[:, :3]
    colour = albedo * values[:, 2:5] + values[:, 5:8] * (0.045 + 0.5 * albedo)
    shown = light.develop(colour, exposure=scene.exposure).astype(np.float32)
    below = picture[seen.pixel].astype(np.float32)
    picture[seen.pixel] = (below + (shown - below) * texel[:, 3:] + 0.5).astype(np.uint8)


def eye_outlines(
    actor: Actor, *, pose: Pose = DEFAULT_POSE, scene: Scene = DEFAULT_SCENE
) -> tuple[Floats, Floats]:
    """Return outlines (24, 2) in pixels round the eyes, the person's left eye first."""
    model = build_model(actor.seed)
    shot = _Shot.take(model, pose, scene)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.column_stack([1.35 * np.cos(angle), 0.8 * np.sin(angle), np.ones(24)])
    left, right = (
        shot.place((eye.centre + eye.radius * ring).astype(np.float32)) for eye in model.bust.eyes
    )
    return shot.project(left) / scene.supersampling, shot.project(right) / scene.supersampling
