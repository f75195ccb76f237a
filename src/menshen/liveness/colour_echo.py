"""Whether the light that skin sends back follows the colours the screen shows, and in time.

After Tang et al., "Face Flashing: a Secure Liveness Detection Protocol based on Light
Reflections", NDSS 2018 (arXiv:1801.01949), reduced to what a browser gives: the timing and the
colour of the reflection, not its shape.

What is measured: linear light of three patches of skin (forehead and cheeks, found by the mesh)
over that of the wall at both sides, as logarithms. A camera's exposure and white balance change
both alike and cancel; so does a tint laid over the whole picture. Taking off the mean of the
three channels leaves the hue alone, which shading by a moving head hardly touches. What is left,
less a slow drift, is correlated with the colours shown, for every lag.

Limits: paper held up reflects the screen as skin does, so a print before the camera echoes: the
structure signal refuses it. Whoever computes a face's reflection faster than `LATEST` passes.
In bright light a screen may be too weak to be seen: such sessions end without a score, or faint.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from menshen.faces.contours import FACE_OVAL, LEFT_CHEEK, RIGHT_CHEEK
from menshen.faces.records import Floats, Mesh, Pixels
from menshen.liveness.challenge import RESTING
from menshen.liveness.records import Colour, Observation, SignalResult

SIGNAL = "colour-echo"
EARLIEST, LATEST = -0.04, 0.40
"""Seconds from showing a colour to seeing it that a screen, a camera and a browser need."""
MATCHES = 0.80
FAINT = 0.60
"""Correlations at which the score is one half, and none (decision 10: how often by chance)."""
MOST_CLIPPED = 0.25
"""Share of clipped skin beyond which a missing echo proves nothing: red clips first."""
FEWEST_COLOURS = 4
FEWEST_FRAMES = 16
SMALLEST_GAIN = 0.02
"""Relative change of light on skin, for a full change of a channel, that we must be able to see."""

_Doubles = NDArray[np.float64]
_FOREHEAD = (109, 10, 338, 337, 151, 108)
_UNTOLD = ("echo-unclear", "echo-too-bright")
_PATCHES = (_FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK)
_LAGS = np.arange(-0.40, 1.2001, 0.02)
_EXPOSURE = 0.05
_MARGIN = 0.5
_FRAMES_ALIKE = 5  # what disturbs one frame disturbs its neighbours: so many count as one
_DARKEST = 0.004  # of full light; below it the camera's noise rules the logarithm
_NARROWEST = 0.03  # of the picture's width: a strip of wall worth measuring
_ASIDE = 0.35  # of the face's width, kept clear of hair and ears
_MOST_KEPT = 600
_THINNED = 2
_CLIPPED = 250  # grey level from which a camera has no more to say
_NO_LIGHT: Floats = np.zeros(3, np.float32)
_LINEAR = np.where(
    np.arange(256) <= 0.04045 * 255,
    np.arange(256) / 255 / 12.92,
    ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """From ``at`` (seconds, the client's clock) the screen shows this colour."""

    colour: Colour
    at: float


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """Log of the linear light in one frame, red, green, blue: skin, and the wall behind.

    ``clipped`` is the share of the skin's pixels that are as bright as the camera can tell.
    """

    time: float
    skin: tuple[float, float, float]
    wall: tuple[float, float, float]
    clipped: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class EchoState:
    """What has been shown and what has been seen."""

    shown: tuple[Shown, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Echo:
    """How well one series follows the colours at its best lag.

    ``correlation`` -1..1, ``lag`` in seconds, ``gain`` the relative change of light for a full
    change of a channel, ``error`` the standard error of the gain.
    """

    correlation: float
    lag: float
    gain: float
    error: float


def show(state: EchoState, colour: Colour, *, at: float) -> EchoState:
    """Note that the screen changed; call it with RESTING when the colours end.

    ``at`` is when the page says it drew the colour, on the clock of ``Observation.captured``;
    the caller has checked it against its own clock. Raises ValueError when time runs backwards
    or is no number.
    """
    if not math.isfinite(at):
        raise ValueError("a colour is shown at some time")
    if state.shown and at < state.shown[-1].at:
        raise ValueError("colours are shown one after the other")
    return dataclasses.replace(state, shown=(*state.shown, Shown(colour, at)))


def step(state: EchoState, observation: Observation) -> EchoState:
    """Measure one frame; frames without a face, and after the echo could be heard, are skipped."""
    if observation.face is None or _over(state, observation.captured):
        return state
    sample = measure(observation.pixels, observation.face.mesh, time=observation.captured)
    return dataclasses.replace(state, samples=(*state.samples, sample)[-_MOST_KEPT:])


def result(state: EchoState) -> SignalResult:
    """Say whether skin follows the colours in time; call it at the end, it costs milliseconds.

    Codes: ``echo-pending`` (too little seen yet), ``echo-present``, ``echo-faint`` (too weak to
    believe), ``echo-missing``, ``echo-late``, ``echo-early``, ``echo-not-on-skin`` (the wall
    follows, the skin no more than it), ``echo-unclear`` (an echo could hide in so much noise),
    ``echo-too-bright`` (the skin is over-exposed). Pending, unclear and too bright have no
    score: whoever blinds the camera on purpose gets there too, so a policy must not accept it.
    """
    samples = _heard(state)
    if len(samples) < FEWEST_FRAMES or not _all_shown(state):
        return SignalResult(SIGNAL, None, "echo-pending", {"frames": float(len(samples))})
    times = np.array([sample.time for sample in samples])
    skin = np.array([sample.skin for sample in samples])
    wall = np.array([sample.wall for sample in samples])
    over_wall = echoes(state.shown, times, skin - wall)
    of_wall = _best(echoes(state.shown, times, wall))
    clipped = float(np.median([sample.clipped for sample in samples]))
    return _judged(over_wall, of_wall, frames=len(samples), clipped=clipped)


def measure(pixels: Pixels, mesh: Mesh, *, time: float) -> Sample:
    """Read skin and wall off one frame, (H, W, 3) RGB."""
    cuts = [_patch(pixels, mesh.points[list(points), :2]) for points in _PATCHES]
    skin = [cut for cut in cuts if cut.size]
    light = np.mean([_mean_light(cut) for cut in skin], axis=0) if skin else _NO_LIGHT
    clipped = np.mean([(cut >= _CLIPPED).any(axis=2).mean() for cut in skin]) if skin else 0.0
    return Sample(time, _logs(light), _logs(_wall(pixels, mesh)), float(clipped))


def echoes(shown: tuple[Shown, ...], times: _Doubles, series: _Doubles) -> tuple[Echo, ...]:
    """Return the echo of a log-light series (n, 3) at ``times`` (n,) for every lag searched."""
    basis = _drift(times)
    seen = _hue(series)
    seen = seen - basis @ (basis.T @ seen)
    found = []
    for lag in _LAGS:
        asked = _hue(_on_screen(shown, times - lag))
        asked = asked - basis @ (basis.T @ asked)
        found.append(_correlated(asked, seen, lag=float(lag)))
    return tuple(found)


def _correlated(asked: _Doubles, seen: _Doubles, *, lag: float) -> Echo:
    power, energy = float((asked**2).sum()), float((seen**2).sum())
    if power < 1e-9 or energy < 1e-12:
        return Echo(0.0, lag, 0.0, 0.0)
    product = float((asked * seen).sum())
    gain = product / power
    correlation = product / math.sqrt(power * energy)
    return Echo(correlation, lag, gain, _noise(seen) * math.sqrt(_FRAMES_ALIKE / power))


def _noise(series: _Doubles) -> float:
    """Return the deviation from frame to frame; the median passes over the colours' edges."""
    return 1.4826 / math.sqrt(2) * float(np.median(np.abs(np.diff(series, axis=0))))


def _judged(found: tuple[Echo, ...], wall: Echo, *, frames: int, clipped: float) -> SignalResult:
    in_time = _best(tuple(e for e in found if EARLIEST - 1e-9 <= e.lag <= LATEST + 1e-9))
    best = _best(found)
    code = _code(in_time, best, wall, clipped=clipped)
    score = min(1.0, max(0.0, (in_time.correlation - FAINT) / (1.0 - FAINT)))
    evidence = {
        "correlation": in_time.correlation,
        "lag-seconds": in_time.lag,
        "gain": in_time.gain,
        "best-correlation": best.correlation,
        "best-lag-seconds": best.lag,
        "wall-correlation": wall.correlation,
        "wall-gain": wall.gain,
        "clipped-share": clipped,
        "frames": float(frames),
    }
    scores = {"echo-present": score, "echo-faint": score} | dict.fromkeys(_UNTOLD)
    return SignalResult(SIGNAL, scores.get(code, 0.0), code, evidence)


def _code(in_time: Echo, best: Echo, wall: Echo, *, clipped: float) -> str:
    if in_time.correlation >= MATCHES and in_time.gain > 0:
        elsewhere = best.correlation > in_time.correlation + 0.02
        return _out_of_time(best) if elsewhere else "echo-present"
    if best.correlation >= MATCHES:
        return _out_of_time(best)
    if clipped > MOST_CLIPPED:
        return "echo-too-bright"
    if wall.correlation >= MATCHES and wall.gain > in_time.gain:
        return "echo-not-on-skin"
    if 3 * in_time.error > SMALLEST_GAIN:
        return "echo-unclear"
    return "echo-faint" if in_time.correlation > FAINT else "echo-missing"


def _out_of_time(echo: Echo) -> str:
    return "echo-late" if echo.lag > LATEST else "echo-early"


def _best(found: tuple[Echo, ...]) -> Echo:
    return max(found, key=lambda echo: echo.correlation)


def _over(state: EchoState, time: float) -> bool:
    return _all_shown(state) and time > state.shown[-1].at + float(_LAGS[-1])


def _all_shown(state: EchoState) -> bool:
    """Whether enough colours were shown and the screen rests again."""
    coloured = sum(shown.colour != RESTING for shown in state.shown)
    return coloured >= FEWEST_COLOURS and state.shown[-1].colour == RESTING


def _heard(state: EchoState) -> tuple[Sample, ...]:
    """Return the samples from shortly before the first colour to shortly after the last."""
    if not state.shown:
        return ()
    first, last = state.shown[0].at - _MARGIN, state.shown[-1].at + _MARGIN
    return tuple(sample for sample in state.samples if first <= sample.time <= last)


def _on_screen(shown: tuple[Shown, ...], times: _Doubles) -> _Doubles:
    """Return what the screen showed (n, 3), averaged over one exposure before each time."""
    edges = np.array([times.min() - 9.0, *(s.at for s in shown), times.max() + 9.0])
    levels = np.array([RESTING.vector(), *(s.colour.vector() for s in shown)], np.float64)
    total = np.vstack([np.zeros(3), np.cumsum(levels * np.diff(edges)[:, None], axis=0)])
    until, since = times, times - _EXPOSURE
    mean = [np.interp(until, edges, c) - np.interp(since, edges, c) for c in total.T]
    return np.column_stack(mean) / _EXPOSURE


def _hue(series: _Doubles) -> _Doubles:
    return np.asarray(series - series.mean(axis=1, keepdims=True))


def _drift(times: _Doubles) -> _Doubles:
    """Return an orthonormal basis (n, 3) of constant, linear and quadratic drift."""
    span = max(float(np.ptp(times)), 1e-6)
    at = (times - times.mean()) / span
    return np.asarray(np.linalg.qr(np.column_stack([np.ones_like(at), at, at**2]))[0])


def _patch(pixels: Pixels, points: Floats) -> Pixels:
    """Return the middle of a patch of skin; empty outside the picture."""
    low, high = points.min(axis=0), points.max(axis=0)
    inset = (high - low) * 0.2
    return _cut(pixels, low + inset, high - inset)


def _wall(pixels: Pixels, mesh: Mesh) -> Floats:
    """Return the mean linear light beside the head, above the shoulders; zeros without room."""
    oval = mesh.points[list(FACE_OVAL), :2]
    low, high = oval.min(axis=0), oval.max(axis=0)
    aside = (high[0] - low[0]) * _ASIDE
    height, width = pixels.shape[:2]
    down = max(min(float(high[1]), float(height)), 1.0)
    strips = [(0.0, low[0] - aside), (high[0] + aside, float(width))]
    wide = [(a, b) for a, b in strips if b - a >= _NARROWEST * width]
    cuts = [_cut(pixels, np.array([a, 0.0]), np.array([b, down])) for a, b in wide]
    light = [_mean_light(cut) for cut in cuts if cut.size]
    return np.mean(light, axis=0) if light else _NO_LIGHT


def _cut(pixels: Pixels, low: Floats, high: Floats) -> Pixels:
    left, top = np.maximum(np.rint(low).astype(int), 0)
    right, bottom = np.maximum(np.rint(high).astype(int), 0)
    return pixels[top:bottom:_THINNED, left:right:_THINNED]


def _mean_light(cut: Pixels) -> Floats:
    return np.asarray(_LINEAR[cut].reshape(-1, 3).mean(axis=0), np.float32)


def _logs(light: Floats) -> tuple[float, float, float]:
    red, green, blue = np.log(np.maximum(light, _DARKEST)).tolist()
    return red, green, blue
