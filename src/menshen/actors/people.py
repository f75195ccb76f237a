"""The cast: people who do not exist, chosen by eye and by distance (docs/decisions/0005)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does not exist: all of the appearance follows from the seed."""

    name: str
    seed: int


_CAST: tuple[tuple[str, int], ...] = (
    ("Maeve", 6097),
    ("Wei", 6267),
    ("Imani", 5039),
    ("Dario", 5565),
    ("Mei", 6568),
    ("Arjun", 6107),
    ("Ingrid", 6013),
    ("Pavel", 6278),
    ("Zola", 5243),
    ("Mateo", 6022),
    ("Lani", 5463),
    ("Lars", 6216),
    ("Thandi", 6324),
    ("Luca", 6421),
    ("Clara", 5342),
    ("Hiroshi", 6096),
    ("Noor", 6020),
    ("Tunde", 6021),
    ("Elena", 6463),
    ("Emil", 5293),
    ("Rosa", 5117),
    ("Oskar", 6455),
    ("Abena", 6315),
    ("Tomas", 6492),
)


def cast() -> tuple[Actor, ...]:
    """Return the curated actors, in a stable order."""
    return tuple(Actor(name, seed) for name, seed in _CAST)
