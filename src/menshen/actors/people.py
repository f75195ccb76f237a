"""The cast: people who do not exist, chosen by eye and by distance (docs/decisions/0005)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does not exist: all of the appearance follows from the seed."""

    name: str
    seed: int


_CAST: tuple[tuple[str, int], ...] = (
    ("Lani", 5463),
    ("Luca", 6421),
    ("Thandi", 6324),
    ("Hiroshi", 6096),
    ("Clara", 5342),
    ("Arjun", 6107),
    ("Mei", 6568),
    ("Mateo", 6022),
    ("Imani", 5039),
    ("Lars", 6216),
    ("Ingrid", 6013),
    ("Tunde", 6021),
    ("Noor", 6020),
    ("Wei", 6267),
    ("Zola", 5243),
    ("Dario", 5565),
    ("Maeve", 6097),
    ("Pavel", 6278),
    ("Rosa", 5117),
    ("Oskar", 6455),
    ("Elena", 6463),
    ("Emil", 5293),
    ("Abena", 6315),
    ("Tomas", 6492),
)


def cast() -> tuple[Actor, ...]:
    """Return the curated actors, in a stable order."""
    return tuple(Actor(name, seed) for name, seed in _CAST)
