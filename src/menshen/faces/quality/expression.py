"""Eyes open, mouth closed.

Neither is critical: one threshold for all would refuse people whose eyes are narrow, or who
smile. Whoever must have open eyes compares with the person's own resting value.
"""

from __future__ import annotations

from menshen.faces.eyes import eye_aspect_ratios, mouth_aspect_ratio
from menshen.faces.quality.kinds import Kind, Tip, falling, rising
from menshen.faces.quality.records import Component
from menshen.faces.records import Face

EYES_OPEN = Kind("eyes-open", 0x4D, "height / width", Tip("Eyes open", "睁眼"))
MOUTH_CLOSED = Kind("mouth-closed", 0x4E, "height / width", Tip("Mouth closed", "闭嘴"))

OPEN_EYES = Tip("Keep your eyes open", "请睁开眼睛")
CLOSE_MOUTH = Tip("Close your mouth, please", "请闭上嘴巴")


def rate_expression(face: Face) -> tuple[Component, Component]:
    """Rate the eyes (the less open one) and the mouth."""
    eyes = min(eye_aspect_ratios(face.mesh.points))
    mouth = mouth_aspect_ratio(face.mesh.points)
    return (
        EYES_OPEN.rate(rising(eyes, middle=0.165, width=0.012), measure=eyes, tip=OPEN_EYES),
        MOUTH_CLOSED.rate(falling(mouth, middle=0.32, width=0.04), measure=mouth, tip=CLOSE_MOUTH),
    )
