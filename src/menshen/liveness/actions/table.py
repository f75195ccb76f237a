"""The eight actions a person may be asked for.

Left and right are the person's own; pictures are as the camera takes them, not mirrored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """What one action is made of.

    ``patterns`` are the orders of events any one of which completes it: ``+left`` is the
    beginning of the movement ``left``, ``-left`` its end, ``=left`` that it was held for a
    while, so that the first half of a head shake is no turn. ``tolerated`` are the deliberate
    movements that may go with it. ``source`` and ``limits`` are for whoever judges the method.
    """

    name: str
    patterns: tuple[tuple[str, ...], ...]
    tolerated: frozenset[str]
    source: str
    limits: str
    eyes_follow: bool = False


_POSE = "Frischholz and Werner, AMFG 2003 (pose on request)"
_BLINK = "Pan et al. 2007, doi:10.1109/ICCV.2007.4409068; Soukupova and Cech, CVWW 2016"
_MOUTH = "Kollreider et al. 2007, doi:10.1109/TIFS.2007.902037 (mouth movement on request)"
_DOT = "Ali, Deravi and Hoque 2012, doi:10.1109/EST.2012.12 (gaze on a moving stimulus)"
_NEAR = "Kollreider et al. 2007, doi:10.1109/TIFS.2007.902037 (motion on request)"

_ALL = (
    Action(
        "turn-left",
        patterns=(("+left", "=left"),),
        tolerated=frozenset({"left"}),
        source=_POSE,
        limits="A video of any head turn does it; a print does not, for it stays a frontal view.",
    ),
    Action(
        "turn-right",
        patterns=(("+right", "=right"),),
        tolerated=frozenset({"right"}),
        source=_POSE,
        limits="As turn-left.",
    ),
    Action(
        "nod",
        patterns=(("+down", "-down"),),
        tolerated=frozenset({"down"}),
        source=_POSE,
        limits="A print tipped forwards far enough can read as a nod; structure sees the plane.",
    ),
    Action(
        "blink",
        patterns=(("+shut", "-shut"),),
        tolerated=frozenset(),
        source=_BLINK,
        limits="Below 12 frames a second a quick blink falls between frames: ask to close the "
        "eyes for a moment. Cut-out eyes with a person behind them blink as well.",
    ),
    Action(
        "open-mouth",
        patterns=(("+mouth",),),
        tolerated=frozenset({"mouth", "down"}),
        source=_MOUTH,
        limits="A print with a cut-out mouth does it; a beard over the lips may hide it.",
    ),
    Action(
        "shake-head",
        patterns=(
            ("+somewhat-left", "+somewhat-right", "+somewhat-left"),
            ("+somewhat-right", "+somewhat-left", "+somewhat-right"),
        ),
        tolerated=frozenset({"left", "right"}),
        source=_POSE,
        limits="Faster than two swings a second needs 15 frames a second.",
    ),
    Action(
        "follow-dot",
        patterns=(),
        tolerated=frozenset(),
        source=_DOT,
        limits="Needs a screen that fills 15 degrees or more, and eyes that are seen clearly.",
        eyes_follow=True,
    ),
    Action(
        "come-closer",
        patterns=(("+nearer",),),
        tolerated=frozenset({"nearer"}),
        source=_NEAR,
        limits="Anything held nearer looks larger; only structure sees whether it is a solid.",
    ),
)

ACTIONS: Mapping[str, Action] = MappingProxyType({action.name: action for action in _ALL})
"""The eight actions by name."""
