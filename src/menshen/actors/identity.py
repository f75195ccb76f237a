"""From a seed to a person who does not exist: traits, then the shape of the bust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from menshen.actors.geometry import Floats, smoothstep, to_linear
from menshen.actors.head import BODY, LEFT_EYE, RIGHT_EYE, Head, load_head

SHAPE_AMPLITUDE = 0.4
"""Standard deviation of the morph weights; larger ones give caricatures."""

_BASES = ("african", "asian", "caucasian")  # MakeHuman's names of its three base heads
_FOLDER_GAIN = {"head": 0.7, "neck": 0.4, "ears": 0.7, "mouth": 0.8, "forehead": 0.7, "nose": 1.15}

_SKIN = to_linear(
    [(243, 211, 193), (232, 190, 164), (213, 163, 130), (174, 126, 98), (130, 91, 70), (92, 64, 53)]
)
_HAIR = to_linear(
    [(32, 27, 25), (46, 33, 27), (74, 50, 35), (116, 82, 54), (172, 134, 88), (112, 58, 36)]
)
_HAIR_ODDS_DARK = (0.68, 0.26, 0.06, 0.0, 0.0, 0.0)
_HAIR_ODDS_LIGHT = (0.12, 0.25, 0.25, 0.18, 0.12, 0.08)
_GREY = to_linear((168, 164, 160))
_IRIS = to_linear([(58, 34, 20), (92, 58, 32), (110, 92, 48), (88, 112, 84), (98, 128, 158)])
_CLOTH = to_linear(
    [
        (44, 58, 84), (86, 96, 104), (120, 58, 62), (60, 92, 84), (196, 186, 170),
        (78, 70, 96), (42, 44, 50), (150, 116, 82), (104, 128, 150), (214, 206, 198),
    ]
)  # fmt: skip


_YOUNGER_MEN = {"crop": 0.3, "side": 0.27, "swept": 0.2, "buzz": 0.15, "bald": 0.08}
_OLDER_MEN = {"crop": 0.3, "side": 0.25, "swept": 0.1, "buzz": 0.15, "bald": 0.2}
_CURLY_MEN = {"buzz": 0.45, "curls": 0.25, "crop": 0.15, "bald": 0.15}
_CURLY_WOMEN = {"afro": 0.25, "tied": 0.2, "wavy": 0.2, "curls": 0.15, "bob": 0.1, "scarf": 0.1}
_WOMEN = {
    "long": 0.18, "bob": 0.2, "tied": 0.14, "fringe": 0.12, "pixie": 0.1, "wavy": 0.18,
    "scarf": 0.08,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traits:
    """What a person looks like, apart from the fine shape. Colours are linear light 0..1."""

    mix: tuple[float, float, float]
    male: float
    age: float
    weight: str
    melanin: float
    skin: Floats
    hair: Floats
    grey: float
    iris: Floats
    cloth: Floats
    style: str
    smile: float


def draw_traits(rng: np.random.Generator) -> Traits:
    """Draw a person; adults of any age, sex and skin."""
    mix = rng.dirichlet([0.22] * 3)
    male = float(np.clip(float(rng.random() < 0.5) * 0.8 + 0.1 + rng.normal() * 0.08, 0, 1))
    age = float(rng.beta(0.9, 1.7))
    melanin = float(np.clip(mix @ [0.78, 0.3, 0.12] + rng.normal() * 0.13, 0.02, 0.97))
    tone = melanin * (len(_SKIN) - 1)
    skin = np.array([np.interp(tone, np.arange(len(_SKIN)), _SKIN[:, i]) for i in range(3)])
    light = mix[2] > 0.55
    hair = _HAIR[rng.choice(len(_HAIR), p=_HAIR_ODDS_LIGHT if light else _HAIR_ODDS_DARK)]
    grey = float(smoothstep(0.35, 0.95, age) * rng.random())
    iris = _IRIS[rng.choice(5, p=(0.3, 0.2, 0.15, 0.15, 0.2) if light else (0.7, 0.3, 0, 0, 0))]
    return Traits(
        mix=(float(mix[0]), float(mix[1]), float(mix[2])),
        male=male,
        age=age,
        weight=str(rng.choice(["minweight", "averageweight", "maxweight"], p=(0.3, 0.5, 0.2))),
        melanin=melanin,
        skin=(skin * rng.uniform(0.96, 1.04, 3)).astype(np.float32),
        hair=(hair * (1 - grey) + _GREY * grey).astype(np.float32),
        grey=grey,
        iris=iris,
        cloth=_CLOTH[rng.integers(len(_CLOTH))],
        style=_draw_style(rng, male=male, age=age, curly=mix[0] > 0.5),
        smile=float(rng.uniform(0.08, 0.5)),
    )


def _draw_style(rng: np.random.Generator, *, male: float, age: float, curly: bool) -> str:
    """Draw a hair style by name (see `hair.STYLES`)."""
    if male > 0.5:
        odds = _CURLY_MEN if curly else (_YOUNGER_MEN if age < 0.6 else _OLDER_MEN)
    else:
        odds = _CURLY_WOMEN if curly else _WOMEN
    return str(rng.choice(list(odds), p=list(odds.values())))


@dataclass(frozen=True, slots=True)
class Eye:
    """An eyeball: centre (3,) and radius in decimetres, and how far its lid must travel."""

    centre: Floats
    radius: float
    lid_travel: float


@dataclass(frozen=True, slots=True)
class Bust:
    """The shaped bust: points (V, 3), and both eyes (the person's left eye first)."""

    points: Floats
    eyes: tuple[Eye, Eye]


def shape_bust(traits: Traits, *, rng: np.random.Generator) -> Bust:
    """Apply the morph targets for these traits and random fine features."""
    head = load_head()
    weights = _base_weights(traits)
    weights.update(_feature_weights(head, rng))
    points = head.points.copy()
    for name, weight in weights.items():
        points += np.float32(weight) * head.targets[name]
    points = _normalise(head, points)
    return Bust(points, (_eye(head, points, LEFT_EYE), _eye(head, points, RIGHT_EYE)))


def _base_weights(traits: Traits) -> dict[str, float]:
    """Return the weights of MakeHuman's macro targets: base head, sex, age, weight."""
    weights = {}
    for sex, of_sex in (("male", traits.male), ("female", 1 - traits.male)):
        for age, of_age in (("young", 1 - traits.age), ("old", traits.age)):
            for base, of_base in zip(_BASES, traits.mix, strict=True):
                weights[f"macro/{base}-{sex}-{age}"] = of_base * of_sex * of_age
            build = f"macro/universal-{sex}-{age}-averagemuscle-{traits.weight}"
            if build in load_head().targets:
                weights[build] = of_sex * of_age * 0.8
    return weights


def _feature_weights(head: Head, rng: np.random.Generator) -> dict[str, float]:
    """Draw random positive weights of the fine features."""
    weights = {}
    for name in sorted(head.targets):
        folder = name.split("/")[0]
        if folder not in ("macro", "expression"):
            gain = SHAPE_AMPLITUDE * _FOLDER_GAIN.get(folder, 1.0)
            weights[name] = float(np.clip(rng.normal() * gain, 0, 1.7 * gain))
    return weights


def _normalise(head: Head, points: Floats) -> Floats:
    """Put the eyes where they were and keep heads of a similar height."""
    eyes = (head.part == LEFT_EYE) | (head.part == RIGHT_EYE)
    resting = head.points[eyes].mean(0)
    points = points + (resting - points[eyes].mean(0))
    skull = points[(head.points[:, 1] > 6.2) & (head.part == BODY), 1]
    scale = np.clip(2.35 / np.ptp(skull), 0.92, 1.1)
    return np.asarray((points - resting) * scale + resting, dtype=np.float32)


def _eye(head: Head, points: Floats, part: int) -> Eye:
    ball = points[head.part == part]
    centre = ball.mean(0)
    upper, lower = head.lids[part - LEFT_EYE].T
    gap = float((points[upper, 1] - points[lower, 1]).mean())
    resting = float((head.points[upper, 1] - head.points[lower, 1]).mean())
    radius = float(np.linalg.norm(ball - centre, axis=1).mean())
    return Eye(centre.astype(np.float32), radius, 1.08 * max(gap, 0.02) / resting)
