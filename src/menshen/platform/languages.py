"""Which of Menshen's languages a reader wants (RFC 9110, 12.5.4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LONGEST_HEADER = 512


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """One text in every language Menshen speaks; Chinese is Simplified Chinese."""

    en: str
    zh: str

    def into(self, language: Language) -> str:
        """Return the text in ``language``."""
        return self.zh if language == "zh" else self.en


def negotiate(accept_language: str, *, offered: tuple[Language, ...] = LANGUAGES) -> Language:
    """Return the offered language the header likes best; the first offered when it likes none.

    ``zh-TW`` and ``zh-Hant`` get Chinese too: Simplified is nearer to their reader than English.
    """
    liked = sorted(_ranges(accept_language[:LONGEST_HEADER]), key=lambda pair: -pair[1])
    for tag, weight in liked:
        for language in offered:
            if weight > 0 and (tag == "*" or tag.split("-")[0] == language):
                return language
    return offered[0]


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        if tag:
            yield tag.strip().lower(), _weight(parameter)


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
