"""Where the head is and how it is held: pose, size, margins, company."""

from __future__ import annotations

import numpy as np

from menshen.faces.contours import CHIN
from menshen.faces.eyes import eye_centres
from menshen.faces.quality.crop import frontal_eye_distance
from menshen.faces.quality.kinds import Kind, Tip, falling, rising
from menshen.faces.quality.records import Component
from menshen.faces.records import Face, Picture

EYE_DISTANCE = Kind(
    "inter-eye-distance",
    0x52,
    "pixels",
    Tip("Inter-eye distance", "两眼间距"),
    critical=True,
    weighs=True,
)
HEAD_SIZE = Kind("head-size", 0x53, "share of picture height", Tip("Head size", "头部大小"))
SINGLE = Kind("single-face-present", 0x4C, "faces", Tip("One face only", "单人"), critical=True)
YAW = Kind("head-pose-yaw", 0x58, "degrees", Tip("Yaw", "左右转头"), critical=True, weighs=True)
PITCH = Kind(
    "head-pose-pitch", 0x59, "degrees", Tip("Pitch", "抬头低头"), critical=True, weighs=True
)
ROLL = Kind("head-pose-roll", 0x5A, "degrees", Tip("Roll", "左右歪头"), critical=True)

_EDGE = "eye distances to the edge"
LEFTWARD = Kind(
    "leftward-crop-of-the-face-image", 0x54, _EDGE, Tip("Left margin", "左边距"), critical=True
)
RIGHTWARD = Kind(
    "rightward-crop-of-the-face-image", 0x55, _EDGE, Tip("Right margin", "右边距"), critical=True
)
DOWNWARD = Kind(
    "downward-crop-of-the-face-image", 0x56, _EDGE, Tip("Lower margin", "下边距"), critical=True
)
UPWARD = Kind(
    "upward-crop-of-the-face-image", 0x57, _EDGE, Tip("Upper margin", "上边距"), critical=True
)

CLOSER = Tip("Come closer to the camera", "请靠近镜头")
BACK = Tip("Move back a little", "请稍微退后")
ALONE = Tip("Only one person in the picture, please", "画面中请只保留一人")
AHEAD = Tip("Look straight ahead", "请正对镜头")
CHIN_UP = Tip("Raise your chin a little", "请稍微抬头")
CHIN_DOWN = Tip("Lower your chin a little", "请稍微低头")
UPRIGHT = Tip("Hold your head upright", "请把头摆正")
WHOLE = Tip("Bring your whole face into the picture", "请让整张脸进入画面")


def _pose(face: Face) -> tuple[Component, Component, Component]:
    """Rate the angles; roll more mildly, since alignment undoes it."""
    yaw, pitch, roll = face.pose.yaw, face.pose.pitch, face.pose.roll
    turned, nodded, leaned = (
        max(0.0, float(np.cos(np.radians(angle)))) for angle in (yaw, pitch, roll)
    )
    return (
        YAW.rate(100 * turned**4, measure=yaw, tip=AHEAD),
        PITCH.rate(100 * nodded**4, measure=pitch, tip=CHIN_UP if pitch > 0 else CHIN_DOWN),
        ROLL.rate(100 * leaned**2, measure=roll, tip=UPRIGHT),
    )


def _eye_distance(picture: Picture, face: Face) -> Component:
    distance = frontal_eye_distance(face) * picture.reduction
    value = rising(distance, middle=34, width=8)
    return EYE_DISTANCE.rate(value, measure=distance, tip=CLOSER)


def _head_size(picture: Picture, face: Face) -> Component:
    """Rate the distance from the eyes to the chin over the picture's height.

    The standard wants 0.45, a document portrait; a camera at a door or on a desk sees less
    and does well, so anything from 0.1 to 0.6 is good here.
    """
    points = face.mesh.points[:, :2]
    reach = points[CHIN] - eye_centres(points).mean(axis=0)
    share = float(np.hypot(*reach)) / picture.pixels.shape[0]
    near = falling(share, middle=0.65, width=0.04)
    value = rising(share, middle=0.08, width=0.015) * near / 100
    return HEAD_SIZE.rate(value, measure=share, tip=CLOSER if share < 0.3 else BACK)


def _margins(picture: Picture, face: Face) -> tuple[Component, ...]:
    """Rate the room between the mesh and each edge; negative where the face is cut."""
    unit = max(frontal_eye_distance(face), 1.0)
    height, width = picture.pixels.shape[:2]
    left, top = face.mesh.points[:, :2].min(axis=0)
    right, bottom = face.mesh.points[:, :2].max(axis=0)
    room = (
        (LEFTWARD, left),
        (RIGHTWARD, width - right),
        (DOWNWARD, height - bottom),
        (UPWARD, top),
    )
    return tuple(_margin(kind, float(pixels) / unit) for kind, pixels in room)


def _margin(kind: Kind, room: float) -> Component:
    return kind.rate(rising(room, middle=0, width=0.05), measure=room, tip=WHOLE)


def rate_geometry(picture: Picture, face: Face, *, faces: int) -> tuple[Component, ...]:
    """Rate how the face lies in the picture, one of ``faces`` found there."""
    return (
        SINGLE.rate(100 if faces == 1 else 0, measure=faces, tip=ALONE),
        _eye_distance(picture, face),
        _head_size(picture, face),
        *_margins(picture, face),
        *_pose(face),
    )
