"""What a component is, apart from any one face: its name, its source, its scale."""

from __future__ import annotations

import dataclasses
import math

from menshen.faces.quality.records import Component


@dataclasses.dataclass(frozen=True, slots=True)
class Tip:
    """What a person can do, in English and Simplified Chinese."""

    en: str
    zh: str


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """A quality component of ISO/IEC 29794-5:2025.

    ``identifier`` is the number that OFIQ, the standard's reference implementation, gives
    the measure. Clause numbers are not quoted: we could not check them against the text.
    """

    name: str
    identifier: int
    unit: str
    label: Tip
    critical: bool = False
    weighs: bool = False

    @property
    def clause(self) -> str:
        """Where the component's name comes from."""
        return f"ISO/IEC 29794-5:2025, component name as in OFIQ (0x{self.identifier:02x})"

    def rate(self, value: float, *, measure: float, tip: Tip) -> Component:
        """Make the component of one face; ``value`` is rounded and held to 0..100."""
        return Component(
            name=self.name,
            value=round(min(max(value, 0.0), 100.0)),
            measure=float(measure),
            unit=self.unit,
            clause=self.clause,
            tip_en=tip.en,
            tip_zh=tip.zh,
            label_en=self.label.en,
            label_zh=self.label.zh,
            critical=self.critical,
            weighs=self.weighs,
        )


def rising(x: float, *, middle: float, width: float) -> float:
    """Map x to 0..100 by a sigmoid: 50 at ``middle``, 73 one ``width`` above it."""
    return 50 + 50 * math.tanh((x - middle) / width / 2)


def falling(x: float, *, middle: float, width: float) -> float:
    """Map x to 0..100 by a falling sigmoid: 50 at ``middle``, 27 one ``width`` above it."""
    return 100 - rising(x, middle=middle, width=width)


def decaying(x: float, *, width: float) -> float:
    """Map a defect x >= 0 to 100 at none, 54 at one ``width``, 24 at two."""
    return 2 * falling(x, middle=0, width=width)
