"""What a session asks for: a few actions and colours that nobody can know beforehand.

Order, actions, colours and all durations are drawn anew for every session from a source of
random numbers the caller hands in (``secrets.randbelow``), so that a recording of any other
session is wrong. Challenge-response liveness: ISO/IEC 30107-1, 5.2.4; colours: Tang et al.,
"Face Flashing", NDSS 2018.

The colours are safe by construction (WCAG 2.2, success criterion 2.3.1). A general flash is a
pair of opposing changes of relative luminance of 0.1 or more where the darker is below 0.8:
all our colours, and the grey before and after them, lie within 0.03 of each other. A red flash
needs a state with R/(R+G+B) of 0.8 or more: ours stay below 0.7. And no second ever holds more
than three changes of colour, whatever their luminance.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from menshen.errors import MenshenError
from menshen.liveness.profiles import Action, Plan
from menshen.liveness.records import Colour

RandBelow = Callable[[int], int]
"""``randbelow(n)`` gives a uniform number 0 <= x < n."""

RESTING = Colour(0.3, 0.3, 0.3)
"""What the screen shows before, between and after the colours."""

PALETTE: tuple[Colour, ...] = (
    Colour(0.10, 0.27, 1.00),  # blue
    Colour(0.05, 0.40, 0.10),  # green
    Colour(0.70, 0.12, 0.95),  # magenta
    Colour(0.60, 0.24, 0.03),  # amber
    Colour(0.75, 0.15, 0.35),  # rose
    Colour(0.02, 0.37, 0.55),  # cyan
)
"""Colours of equal luminance: what changes is the hue alone."""

MOST_FLASHES_PER_SECOND = 3
GENERAL_FLASH_STEP = 0.10
GENERAL_FLASH_DARK = 0.80
SATURATED_RED = 0.80

_STEP_TENTHS = range(20, 27)
_FLASH_HUNDREDTHS = range(50, 80, 5)
_COLOUR_COUNTS = range(4, 7)
_CONFUSING = frozenset(
    {
        (Action.SHAKE_HEAD, Action.TURN_LEFT),
        (Action.SHAKE_HEAD, Action.TURN_RIGHT),
        (Action.NOD, Action.BLINK),
    }
)
_LONGEST_STEP = 20.0
_VERSION = 1


class ChallengeError(MenshenError):
    """A stored challenge is damaged, or breaks the rules for colours."""

    code: ClassVar[str] = "challenge-invalid"
    advice: ClassVar[str] = "Begin the session again: a new challenge is drawn."


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One action to do, within ``seconds`` from when it is shown."""

    action: Action
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Flash:
    """One colour on the whole screen: from ``start`` seconds after the first colour began."""

    colour: Colour
    start: float
    duration: float


Part = Step | Flash


@dataclasses.dataclass(frozen=True, slots=True)
class Challenge:
    """The parts of one session in order; the colours stand together somewhere among the steps.

    Parts are for the server: a page gets ``revealed(n)`` only. Printing a challenge shows none.
    """

    parts: tuple[Part, ...] = dataclasses.field(repr=False)

    def __len__(self) -> int:
        return len(self.parts)

    def revealed(self, count: int) -> tuple[Part, ...]:
        """Return the first ``count`` parts; raises ValueError outside 0..len."""
        if not 0 <= count <= len(self.parts):
            raise ValueError("a challenge has no such part")
        return self.parts[:count]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The actions in order."""
        return tuple(part for part in self.parts if isinstance(part, Step))

    @property
    def flashes(self) -> tuple[Flash, ...]:
        """The colours in order."""
        return tuple(part for part in self.parts if isinstance(part, Flash))

    @property
    def asked_seconds(self) -> float:
        """The longest the person can be busy with it."""
        return math.fsum(
            part.seconds if isinstance(part, Step) else part.duration for part in self.parts
        )

    def to_json(self) -> str:
        """Return the challenge as one line of JSON, for the server's own store."""
        return json.dumps(
            {"version": _VERSION, "parts": [_written(part) for part in self.parts]},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Challenge:
        """Read what ``to_json`` wrote; raises ChallengeError for anything else."""
        try:
            data = json.loads(text)
            version, rows = data["version"], data["parts"]
            parts = tuple(_read(row) for row in rows)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ChallengeError("the stored challenge cannot be read") from error
        if version != _VERSION or not parts:
            raise ChallengeError("the stored challenge is of another version, or empty")
        challenge = cls(parts)
        if not _well_formed(challenge):
            raise ChallengeError("the stored challenge breaks the rules for its colours")
        return challenge


def draw(plan: Plan, *, randbelow: RandBelow) -> Challenge:
    """Draw a challenge that the plan allows.

    Every set of actions of a size is equally likely, then every order of it in which no action
    follows one it could be mistaken for. At most 15 seconds are asked for without needs.
    """
    steps = [
        Step(action, _pick(_STEP_TENTHS, randbelow) / 10 * plan.pace)
        for action in _draw_order(_draw_actions(plan, randbelow), randbelow)
    ]
    if not plan.colours:
        return Challenge(tuple(steps))
    at = randbelow(len(steps) + 1)
    return Challenge((*steps[:at], *_draw_flashes(randbelow), *steps[at:]))


def _pick(choices: range, randbelow: RandBelow) -> int:
    return choices[randbelow(len(choices))]


def _draw_actions(plan: Plan, randbelow: RandBelow) -> list[Action]:
    count = plan.fewest + randbelow(plan.most - plan.fewest + 1)
    left = [action for action in plan.actions if action not in plan.always]
    chosen = list(plan.always)
    while len(chosen) < count:
        chosen.append(left.pop(randbelow(len(left))))
    return chosen


def _draw_order(actions: Sequence[Action], randbelow: RandBelow) -> tuple[Action, ...]:
    """Draw among all orders without a confusing pair; at most 5! are listed."""
    orders = [
        order
        for order in itertools.permutations(sorted(actions))
        if _CONFUSING.isdisjoint(itertools.pairwise(order))
    ]
    return orders[randbelow(len(orders))]


def _draw_flashes(randbelow: RandBelow) -> list[Flash]:
    flashes: list[Flash] = []
    start = 0
    for colour in _draw_colours(_pick(_COLOUR_COUNTS, randbelow), randbelow):
        duration = _pick(_FLASH_HUNDREDTHS, randbelow)
        flashes.append(Flash(colour, start / 100, duration / 100))
        start += duration
    return flashes


def _draw_colours(count: int, randbelow: RandBelow) -> list[Colour]:
    """Draw colours that change every time; the first three differ, so no two alternate alone."""
    drawn: list[Colour] = []
    for i in range(count):
        recent = drawn[-2:] if i == 2 else drawn[-1:]
        free = [colour for colour in PALETTE if colour not in recent]
        drawn.append(free[randbelow(len(free))])
    return drawn


def relative_luminance(colour: Colour) -> float:
    """Return WCAG's relative luminance 0..1 of a colour given in linear shares (Rec. 709)."""
    return 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue


def red_share(colour: Colour) -> float:
    """Return R/(R+G+B), 0..1; WCAG 2.2 calls 0.8 and more a saturated red. Black gives 0."""
    total = colour.red + colour.green + colour.blue
    return colour.red / total if total > 0 else 0.0


def is_general_flash(a: Colour, b: Colour) -> bool:
    """Whether changing from one colour to the other and back is WCAG's general flash."""
    low, high = sorted((relative_luminance(a), relative_luminance(b)))
    return high - low >= GENERAL_FLASH_STEP and low < GENERAL_FLASH_DARK


def busiest_second(flashes: Sequence[Flash]) -> int:
    """Return the most colours that begin within any one second, both its ends included."""
    starts = [flash.start for flash in flashes]
    return max((sum(s <= t <= s + 1.0 for t in starts) for s in starts), default=0)


def safe(flashes: Sequence[Flash]) -> bool:
    """Whether colours shown between RESTING keep to WCAG 2.2, success criterion 2.3.1.

    Stricter than it asks: no two colours of the whole sequence may make a general flash, at
    whatever pace, since small steps add up.
    """
    shown = [RESTING, *(flash.colour for flash in flashes), RESTING]
    return (
        busiest_second(flashes) <= MOST_FLASHES_PER_SECOND
        and all(red_share(colour) < SATURATED_RED for colour in shown)
        and not any(is_general_flash(a, b) for a, b in itertools.combinations(shown, 2))
    )


def _written(part: Part) -> dict[str, Any]:
    if isinstance(part, Step):
        return {"action": part.action.value, "seconds": part.seconds}
    colour = part.colour
    return {
        "colour": [colour.red, colour.green, colour.blue],
        "start": part.start,
        "duration": part.duration,
    }


def _read(row: dict[str, Any]) -> Part:
    if "action" in row:
        return Step(Action(row["action"]), _number(row["seconds"], highest=_LONGEST_STEP))
    red, green, blue = (_number(value, highest=1.0) for value in row["colour"])
    return Flash(
        Colour(red, green, blue),
        _number(row["start"], highest=_LONGEST_STEP),
        _number(row["duration"], highest=_LONGEST_STEP),
    )


def _number(value: object, *, highest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    if not 0 <= value <= highest:
        raise ValueError("a number out of its range")
    return float(value)


def _well_formed(challenge: Challenge) -> bool:
    """Whether the colours stand together, follow each other without a gap, and are safe."""
    kinds = [kind for kind, _ in itertools.groupby(challenge.parts, type)]
    gapless = all(
        math.isclose(a.start + a.duration, b.start, abs_tol=1e-6)
        for a, b in itertools.pairwise(challenge.flashes)
    )
    return kinds.count(Flash) <= 1 and gapless and safe(challenge.flashes)
