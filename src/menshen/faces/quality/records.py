"""What a quality assessment says."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

Language = Literal["en", "zh"]

GOOD = 70
USABLE = 30
SMALLEST_WEIGHT = 0.01


@dataclasses.dataclass(frozen=True, slots=True)
class Component:
    """One quality component of one face.

    ``name`` is stable. ``value`` is 0 (worst) to 100 (best); ``measure`` is what was
    measured, in ``unit``; ``clause`` says whose name and number the component carries;
    ``tip_en`` and ``tip_zh`` say what a person can do about it. A ``critical`` component
    can make a picture useless alone; a ``weighs`` one counts in the sample's weight.
    """

    name: str
    value: int
    measure: float
    unit: str
    clause: str
    tip_en: str
    tip_zh: str
    label_en: str
    label_zh: str
    critical: bool
    weighs: bool

    def tip(self, lang: Language) -> str:
        """Return the tip in one language."""
        return self.tip_zh if lang == "zh" else self.tip_en

    def label(self, lang: Language) -> str:
        """Return the component's name for people, in one language."""
        return self.label_zh if lang == "zh" else self.label_en


@dataclasses.dataclass(frozen=True, slots=True)
class Quality:
    """Quality of one face as a sample for comparison (ISO/IEC 29794-5).

    ``overall``, 0..100, is the worst critical component: a chain breaks at its weakest link,
    and it names its own remedy. It is a rule of ours, not the standard's unified score.
    """

    components: tuple[Component, ...]
    overall: int

    @property
    def usable(self) -> bool:
        """Whether the sample should be used at all: ``overall`` of at least 30."""
        return self.overall >= USABLE

    @property
    def weight(self) -> float:
        """Weight of the sample among others of one person, 0.01..1.

        The geometric mean of the components that change how well features are read; who
        else is in the picture does not.
        """
        values = [max(c.value, 1) / 100 for c in self.components if c.weighs]
        mean = math.exp(sum(map(math.log, values)) / len(values)) if values else 1.0
        return max(mean, SMALLEST_WEIGHT)

    def component(self, name: str) -> Component:
        """Return the component of that name; raises KeyError when there is none."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(name)

    def tips(self, *, limit: int = 2) -> tuple[Component, ...]:
        """Return the components to act on: those below 70, critical ones first, worst first.

        Of components with the same tip only the first is returned.
        """
        poor = sorted(
            (c for c in self.components if c.value < GOOD), key=lambda c: (not c.critical, c.value)
        )
        first = {c.tip_en: c for c in reversed(poor)}
        return tuple(c for c in poor if first[c.tip_en] is c)[:limit]
