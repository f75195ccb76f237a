"""Is this a screen or a print? The built-in passive looks at single frames, as one signal.

A raster (`moire`) or a frame round the face (`bezel`) is enough to say so; missing detail and
missing colour (`texture`) are weak alone and count only together. Sources and limits stand at
each look; what they reach on real prints is in decision 9. No real screen has been measured.

Limits of the whole: a sharp, well-coloured, matt print cut out along the face, or a fine screen
that fills the view, shows none of this. It says "artefact" rarely and "live" cheaply: the
challenge and the structure of the face must carry the decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from menshen.liveness.bezel import bezel
from menshen.liveness.moire import moire
from menshen.liveness.records import Observation, SignalResult
from menshen.liveness.sampling import Look, Sampled, sample, summary
from menshen.liveness.texture import detail, gamut

NAME: Final = "screen-print"
LOOKS: MappingProxyType[str, Look] = MappingProxyType(
    {"moire": moire, "bezel": bezel, "detail": detail, "gamut": gamut}
)


def look(observation: Observation) -> SignalResult:
    """Judge one frame by all looks."""
    return fuse(one(observation) for one in LOOKS.values())


def fuse(results: Iterable[SignalResult]) -> SignalResult:
    """Return the worst of raster, frame, and the milder of detail and colour.

    The code is that of the look that decides; evidence is every look's score. The score is
    None when no look could speak.
    """
    by_name = {result.signal: result for result in results}
    heard = {name: r.score for name, r in by_name.items() if r.score is not None}
    verdicts = [by_name[name] for name in ("moire", "bezel") if name in heard]
    if "detail" in heard and "gamut" in heard:
        verdicts.append(by_name[max(("detail", "gamut"), key=heard.__getitem__)])
    if not verdicts:
        return SignalResult(NAME, None, next((r.code for r in by_name.values()), "nothing-seen"))
    worst = min(verdicts, key=lambda result: heard[result.signal])
    return SignalResult(NAME, heard[worst.signal], worst.code, heard)


def step(state: Sampled, observation: Observation) -> Sampled:
    """Look at the frame if the last look lies far enough back."""
    return sample(look, state, observation)


def result(state: Sampled) -> SignalResult:
    """Return the median frame's judgement."""
    return summary(NAME, state)
