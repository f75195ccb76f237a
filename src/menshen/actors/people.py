"""The cast: people who do not exist, chosen by eye and by distance (docs/decisions/0005)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does not exist: all of the appearance follows from the seed."""

    name: str
    seed: int


_CAST: tuple[tuple[str, int], ...] = tuple((f"Actor {i}", i) for i in range(24))


def cast() -> tuple[Actor, ...]:
    """Return the curated actors, in a stable order."""
    return tuple(Actor(name, seed) for name, seed in _CAST)
