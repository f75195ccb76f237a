"""DET plots (ISO/IEC 19795-1): FNMR over FMR, both axes in normal deviates, as PNG and SVG."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from menshen.faces.evaluation import Doubles, ErrorRates, det_points, normal_deviate

TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
COLOURS = ("#0b5fa5", "#d1601f", "#2e8540", "#7a3e9d", "#8c6d1f", "#b3215d", "#3d7f8c", "#555555")
HIGHEST = 0.95
CHINESE = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "SimHei")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line of the plot; a ``faint`` one (a group) is thin and dashed."""

    label: str
    rates: ErrorRates
    faint: bool = False


def draw(curves: Sequence[Curve], *, title: str) -> dict[str, bytes]:
    """Return the plot's files: ``png`` and ``svg``. The same curves give the same bytes."""
    with rc_context(_settings()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = _figure(curves, title)
        return {kind: _render(figure, kind) for kind in ("png", "svg")}


def _settings() -> dict[str, object]:
    installed = set(fontManager.get_font_names())
    families = ["DejaVu Sans", *(name for name in CHINESE if name in installed)]
    return {
        "font.family": families,
        "text.parse_math": False,
        "svg.hashsalt": "menshen",
        "svg.fonttype": "none",
    }


def _figure(curves: Sequence[Curve], title: str) -> Figure:
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    lows = (
        _lowest([curve.rates.impostor_pairs for curve in curves]),
        _lowest([curve.rates.genuine_pairs for curve in curves]),
    )
    for number, curve in enumerate(curves):
        _line(axes, curve, lows, COLOURS[number % len(COLOURS)])
    diagonal = normal_deviate([max(lows), HIGHEST])
    axes.plot(diagonal, diagonal, color="#999999", linewidth=0.8, linestyle=":", label="FMR = FNMR")
    _scale(axes, lows)
    axes.set_title(title)
    axes.legend(loc="upper right", fontsize="small", title="genuine / impostor pairs")
    return figure


def _lowest(pairs: Sequence[int]) -> float:
    """Return the axis' end: half an error in the largest set, rounded down to a tick."""
    half = 0.5 / max(pairs)
    below = [tick for tick in TICKS if tick <= half]
    return below[-1] if below else TICKS[0]


def _line(axes: Axes, curve: Curve, lows: tuple[float, float], colour: str) -> None:
    fmr, fnmr = det_points(curve.rates)
    axes.plot(
        _deviates(fmr, lows[0]),
        _deviates(fnmr, lows[1]),
        label=f"{curve.label} ({curve.rates.genuine_pairs:,} / {curve.rates.impostor_pairs:,})",
        color=colour,
        linewidth=1.0 if curve.faint else 2.0,
        linestyle="--" if curve.faint else "-",
    )


def _deviates(rates: Doubles, low: float) -> Doubles:
    return normal_deviate(np.clip(rates, low, HIGHEST))


def _scale(axes: Axes, lows: tuple[float, float]) -> None:
    axes.set_xlabel("False match rate (FMR)")
    axes.set_ylabel("False non-match rate (FNMR)")
    for axis, low in ((axes.xaxis, lows[0]), (axes.yaxis, lows[1])):
        ticks = [tick for tick in TICKS if low <= tick <= HIGHEST]
        axis.set_ticks(normal_deviate(ticks), [_percent(tick) for tick in ticks], fontsize=8)
    axes.set_xlim(*normal_deviate([lows[0], HIGHEST]))
    axes.set_ylim(*normal_deviate([lows[1], HIGHEST]))
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)


def _percent(rate: float) -> str:
    return f"{100 * rate:.4f}".rstrip("0").rstrip(".") + " %"


def _render(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    return buffer.getvalue()
