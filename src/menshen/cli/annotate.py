"""Draw what was found in a picture: boxes, outlines, pose axes, quality bars; as one PNG.

Words in the drawing are English: the font that comes with matplotlib has no Chinese.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from menshen.cli.inspect import Assessed
from menshen.faces import contours
from menshen.faces.pose import rotation_matrix
from menshen.faces.quality import GOOD, USABLE, Component
from menshen.faces.records import Face, Picture, Pixels

DPI = 100
LEAST_HEIGHT, MOST_HEIGHT, MOST_WIDTH = 760, 1000, 1400
PANEL_WIDTH = 460
BACKGROUND, PANEL, GROOVE, INK, FAINT = "#10151c", "#18202a", "#2a3542", "#e8edf2", "#8a97a6"
_BAR = 0.36
GREEN, AMBER, RED = "#3ecf8e", "#f5b642", "#f2605b"
AXIS_COLOURS = ("#ff6b6b", "#51d88a", "#5aa9ff")
OUTLINES = (
    contours.FACE_OVAL,
    contours.RIGHT_EYE,
    contours.LEFT_EYE,
    contours.OUTER_LIPS,
    contours.INNER_LIPS,
)


def colour_of(value: float) -> str:
    """Return green for good, amber for usable, red for neither."""
    return GREEN if value >= GOOD else AMBER if value >= USABLE else RED


def annotate(picture: Picture, faces: Sequence[Assessed]) -> bytes:
    """Draw the faces, largest first, on the picture; bars show the first one's components.

    Returns the bytes of a PNG. The picture is shown between 760 and 1000 pixels high.
    """
    height, width = picture.pixels.shape[:2]
    scale = min(float(np.clip(height, LEAST_HEIGHT, MOST_HEIGHT)) / height, MOST_WIDTH / width)
    shown = (max(round(width * scale), 64), max(round(height * scale), LEAST_HEIGHT))
    panel = PANEL_WIDTH if faces else 0
    size = (shown[0] + panel, shown[1])
    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=BACKGROUND)
    canvas = FigureCanvasAgg(figure)
    _photo(figure.add_axes((0, 0, shown[0] / size[0], 1)), picture.pixels, faces, scale=scale)
    if faces:
        _bars(figure.add_axes((shown[0] / size[0], 0, panel / size[0], 1)), faces)
    data = io.BytesIO()
    canvas.print_png(data)
    return data.getvalue()


def _photo(axes: Axes, pixels: Pixels, faces: Sequence[Assessed], *, scale: float) -> None:
    axes.set_axis_off()
    axes.imshow(pixels, interpolation="bilinear" if scale > 1 else "antialiased")
    axes.set_xlim(-0.5, pixels.shape[1] - 0.5)
    axes.set_ylim(pixels.shape[0] - 0.5, -0.5)
    for number, assessed in enumerate(faces, start=1):
        colour = colour_of(assessed.quality.overall)
        _box(axes, assessed, number=number, colour=colour, scale=scale)
        _outlines(axes, assessed.face)
        _pose_axes(axes, assessed.face)


def _box(axes: Axes, assessed: Assessed, *, number: int, colour: str, scale: float) -> None:
    box = assessed.face.detection.box
    corner = min(box.width, box.height) * 0.06
    style = f"round,pad=0,rounding_size={corner}"
    corners = FancyBboxPatch(
        (box.x, box.y), box.width, box.height, boxstyle=style, fill=False, ec=colour, lw=2.2
    )
    axes.add_patch(corners)
    # Above the box, or inside it where there is no room above.
    room = box.y * scale > 26
    axes.annotate(
        f"{number}  quality {assessed.quality.overall}",
        (max(box.x, 0), max(box.y, 0)),
        xytext=(4, 6 if room else -6),
        textcoords="offset points",
        va="bottom" if room else "top",
        color=BACKGROUND,
        fontsize=10,
        fontweight="bold",
        bbox={"boxstyle": "round,pad=0.3", "fc": colour, "ec": "none"},
        annotation_clip=False,
    )


def _outlines(axes: Axes, face: Face) -> None:
    for ring in OUTLINES:
        x, y = face.mesh.points[[*ring, ring[0]], :2].T
        axes.plot(x, y, color="black", lw=2.4, alpha=0.35)
        axes.plot(x, y, color="white", lw=1.1, alpha=0.9)


def _pose_axes(axes: Axes, face: Face) -> None:
    """Draw where the head's left, chin and nose point, from the tip of the nose."""
    origin = face.mesh.points[contours.NOSE_TIP, :2]
    length = face.detection.box.width * 0.42
    directions = rotation_matrix(face.pose) @ np.diag([1.0, 1.0, -1.0])
    for direction, colour in zip(directions.T, AXIS_COLOURS, strict=True):
        x, y = origin + direction[:2] * length
        axes.plot([origin[0], x], [origin[1], y], color=colour, lw=3, solid_capstyle="round")
    axes.plot(*origin, "o", color="white", ms=4)


def _bars(axes: Axes, faces: Sequence[Assessed]) -> None:
    quality = faces[0].quality
    lines = [c.tip_en for c in quality.tips(limit=3)]
    rows = len(quality.components)
    _empty(axes, top=-3.2, bottom=rows + 1.2 + 0.9 * max(len(lines), 1))
    _heading(axes, faces[0], title="Face 1" if len(faces) > 1 else "Face")
    for row, component in enumerate(quality.components):
        _bar(axes, row, component)
    for row, line in enumerate(lines or ["Nothing to improve."]):
        at = rows + 0.6 + 0.9 * row
        axes.text(0.05, at, f"→ {line}", color=AMBER if lines else GREEN, fontsize=10, va="center")


def _heading(axes: Axes, assessed: Assessed, *, title: str) -> None:
    overall, pose = assessed.quality.overall, assessed.face.pose
    angles = "   ".join(
        f"{name} {round(angle):+d}°"
        for name, angle in (("yaw", pose.yaw), ("pitch", pose.pitch), ("roll", pose.roll))
    )
    middle: dict[str, Any] = {"va": "center"}
    axes.text(0.05, -2.1, title, color=INK, fontsize=15, fontweight="bold", **middle)
    axes.text(0.95, -2.1, str(overall), color=colour_of(overall), fontsize=22, ha="right", **middle)
    axes.text(0.05, -1.1, angles, color=FAINT, fontsize=10, **middle)


def _bar(axes: Axes, row: int, component: Component) -> None:
    """Draw one component; critical ones in bold."""
    style: dict[str, Any] = {"fontsize": 9.5, "va": "center", "color": INK}
    weight = "bold" if component.critical else "normal"
    axes.text(0.05, row, component.label_en, fontweight=weight, **style)
    axes.barh(row, _BAR, left=0.5, height=0.34, color=GROOVE)
    length = _BAR * component.value / 100
    axes.barh(row, length, left=0.5, height=0.34, color=colour_of(component.value))
    axes.text(0.95, row, str(component.value), ha="right", **style)


def _empty(axes: Axes, *, top: float, bottom: float) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom, top)
    axes.add_patch(
        FancyBboxPatch((0, top), 1, bottom - top, boxstyle="square,pad=0", fc=PANEL, ec="none")
    )
