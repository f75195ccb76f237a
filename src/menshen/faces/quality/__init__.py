"""Say whether a face is good enough to compare, and if not, what the person can do.

The components carry the names of ISO/IEC 29794-5:2025 and of OFIQ, the standard's reference
implementation. The measures are light ones of our own, made for guidance at a door or a
desk; they are not the standard's algorithms, and their values are not OFIQ's.
"""

from __future__ import annotations

from menshen.faces.quality.crop import cut
from menshen.faces.quality.detail import rate_compression, rate_sharpness
from menshen.faces.quality.expression import rate_expression
from menshen.faces.quality.geometry import rate_geometry
from menshen.faces.quality.light import rate_light
from menshen.faces.quality.records import GOOD, USABLE, Component, Language, Quality
from menshen.faces.records import Face, Picture

__all__ = ["GOOD", "USABLE", "Component", "Language", "Quality", "assess"]


def assess(picture: Picture, face: Face, *, faces: int) -> Quality:
    """Assess one face of a picture in which ``faces`` were found (itself included).

    Raises ValueError when ``faces`` is less than one.
    """
    if faces < 1:
        raise ValueError("a face that is there has been counted")
    crop = cut(picture, face)
    components = (
        rate_sharpness(crop),
        *rate_light(crop),
        *rate_geometry(picture, face, faces=faces),
        *rate_expression(face),
        rate_compression(picture, face),
    )
    return Quality(components, min(c.value for c in components if c.critical))
