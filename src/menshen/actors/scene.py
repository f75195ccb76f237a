"""What an actor does (`Pose`) and under which camera and light (`Scene`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pose:
    """Head and face of an actor; the default looks into the camera with a slight smile.

    yaw, pitch, roll: degrees; nose to the image's right, nose down, clockwise are positive.
    blink: 0 open .. 1 closed, both eyes; blink_right: the person's right eye where it differs.
    mouth: 0 closed .. 1 wide open. smile: added to the person's resting smile, -0.3 .. 1.
    gaze, gaze_vertical: degrees of the eyes to the image's right, and down.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    blink: float = 0.0
    blink_right: float | None = None
    mouth: float = 0.0
    smile: float = 0.0
    gaze: float = 0.0
    gaze_vertical: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Camera, light and place.

    width, height: pixels; the focal length equals the width (53 degrees across).
    distance: metres from the camera to the middle of the head.
    offset_x, offset_y: metres the person stands to the image's right, and lower.
    key_direction: towards the main light: right, up, towards the camera.
    key_colour, key_intensity, ambient: the main light (linear RGB) and the light from everywhere.
    flash: light of a screen at the camera, linear RGB, about 0..0.5; None: off.
    noise: standard deviation of the camera noise in grey levels; noise_seed: which noise.
    exposure: factor on all light. background: seed of the room; None: the actor's own.
    supersampling: 1, or 2 for smoother portraits at four times the cost.
    """

    width: int = 640
    height: int = 480
    distance: float = 0.72
    offset_x: float = 0.0
    offset_y: float = 0.0
    key_direction: tuple[float, float, float] = (0.45, 0.5, 0.9)
    key_colour: tuple[float, float, float] = (1.0, 0.97, 0.92)
    key_intensity: float = 0.75
    ambient: float = 0.42
    flash: tuple[float, float, float] | None = None
    noise: float = 1.5
    noise_seed: int = 0
    exposure: float = 1.0
    background: int | None = None
    supersampling: int = 1


DEFAULT_POSE = Pose()
DEFAULT_SCENE = Scene()
