"""What a person may ask for before a session begins, and what makes up for it.

Somebody who cannot bear flashing light, see the screen or turn the head is not a worse
applicant. Each need takes something away from the challenge; the plan puts something in its
place: more motion, or a human look. Needs can be combined; where too little would remain the
plan says so plainly and asks for a human. Which need somebody chose is a health datum: it is
never written to a log, and never part of a receipt.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import ClassVar

from menshen.errors import MenshenError


class Action(enum.StrEnum):
    """What a person can be asked to do; left and right are the person's own."""

    TURN_LEFT = "turn-left"
    TURN_RIGHT = "turn-right"
    NOD = "nod"
    BLINK = "blink"
    OPEN_MOUTH = "open-mouth"
    SHAKE_HEAD = "shake-head"
    FOLLOW_DOT = "follow-dot"
    COME_CLOSER = "come-closer"


class Need(enum.StrEnum):
    """What a person may ask for; EYES_FREE: nothing has to be seen, or done with the eyes."""

    NO_FLASHING = "no-flashing"
    EYES_FREE = "eyes-free"
    NO_HEAD_TURN = "no-head-turn"
    EXTRA_TIME = "extra-time"
    VOICE_PROMPTS = "voice-prompts"


class UnknownNeedError(MenshenError):
    """A need that does not exist was asked for."""

    code: ClassVar[str] = "profile-unknown"
    advice: ClassVar[str] = "Ask for one of: " + ", ".join(Need) + "."


@dataclasses.dataclass(frozen=True, slots=True)
class Label:
    """A text for the person, in English and Simplified Chinese."""

    en: str
    zh: str


@dataclasses.dataclass(frozen=True, slots=True)
class NeedText:
    """How a need is offered (``label``), what it changes, and what is asked instead."""

    label: Label
    instead: Label


TEXTS: dict[Need, NeedText] = {
    Need.NO_FLASHING: NeedText(
        Label("No coloured light from the screen", "屏幕不变换颜色"),
        Label("You will be asked for one more movement.", "我们会请您多做一个动作。"),
    ),
    Need.EYES_FREE: NeedText(
        Label("I cannot see the screen", "我看不到屏幕"),
        Label(
            "You will hear every step, and be asked for one more movement of the head.",
            "每一步都有语音提示，并请您多做一个头部动作。",
        ),
    ),
    Need.NO_HEAD_TURN: NeedText(
        Label("I cannot turn my head", "我无法转动头部"),
        Label(
            "You will be asked to move a little closer, and for one more movement of the face.",
            "我们会请您稍微靠近镜头，并多做一个面部动作。",
        ),
    ),
    Need.EXTRA_TIME: NeedText(
        Label("I need more time", "我需要更多时间"),
        Label("Every step waits twice as long.", "每一步的等待时间加倍。"),
    ),
    Need.VOICE_PROMPTS: NeedText(
        Label("Read the steps to me", "请朗读每一步"),
        Label("The steps are the same.", "步骤不变。"),
    ),
}

_WITHOUT: dict[Need, frozenset[Action]] = {
    Need.EYES_FREE: frozenset({Action.BLINK, Action.FOLLOW_DOT}),
    # A stiff neck neither turns, nods nor shakes; coming closer can be done from the waist.
    Need.NO_HEAD_TURN: frozenset(
        {Action.TURN_LEFT, Action.TURN_RIGHT, Action.SHAKE_HEAD, Action.NOD}
    ),
}
_ONE_MORE = frozenset({Need.NO_FLASHING, Need.EYES_FREE, Need.NO_HEAD_TURN})
_FEWEST, _MOST, _HIGHEST = 3, 4, 5
_SLOW = 2.0
TOO_FEW_ACTIONS = Label(
    "Too few steps are left to tell a live person from a picture: a member of staff will look.",
    "可用的步骤太少，系统无法自行判断，将由工作人员查看。",
)
NEITHER_LIGHT_NOR_TURN = Label(
    "Without coloured light and without turning the head, a member of staff will look.",
    "不使用屏幕颜色且不转动头部时，将由工作人员查看。",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a challenge may ask, after all needs.

    ``actions`` in a stable order, ``always`` those that must be among the steps; ``fewest`` to
    ``most`` steps; ``colours``: whether the screen may show colours; ``pace`` multiplies the
    time of each step; ``voice``: read every step aloud; ``review``: why a human must look
    whatever the signals say, None when nobody must.
    """

    needs: frozenset[Need]
    actions: tuple[Action, ...]
    always: tuple[Action, ...]
    fewest: int
    most: int
    colours: bool
    pace: float
    voice: bool
    review: Label | None


def parse(names: Iterable[str]) -> frozenset[Need]:
    """Return the needs of these names; raises UnknownNeedError for any other name."""
    listed = list(names)
    known = {need.value: need for need in Need}
    if any(name not in known for name in listed):
        raise UnknownNeedError("the session asks for a need that does not exist")
    return frozenset(known[name] for name in listed)


def plan(needs: frozenset[Need] = frozenset()) -> Plan:
    """Return what may be asked of a person with these needs, and what makes up for them.

    Each of no flashing, eyes-free and no head turn adds one step to both bounds, up to five
    and never more than actions remain. No head turn always asks to come closer: the change of
    perspective is then the only proof that the face is not flat.
    """
    barred = frozenset[Action]().union(*(_WITHOUT.get(need, frozenset()) for need in needs))
    actions = tuple(action for action in Action if action not in barred)
    more = len(needs & _ONE_MORE)
    wanted = min(_FEWEST + more, _HIGHEST)
    return Plan(
        needs=needs,
        actions=actions,
        always=(Action.COME_CLOSER,) if Need.NO_HEAD_TURN in needs else (),
        fewest=min(wanted, len(actions)),
        most=min(_MOST + more, _HIGHEST, len(actions)),
        colours=Need.NO_FLASHING not in needs,
        pace=_SLOW if Need.EXTRA_TIME in needs else 1.0,
        voice=not needs.isdisjoint({Need.VOICE_PROMPTS, Need.EYES_FREE}),
        review=_review(needs, remaining=len(actions), wanted=wanted),
    )


def _review(needs: frozenset[Need], *, remaining: int, wanted: int) -> Label | None:
    if remaining < wanted:
        return TOO_FEW_ACTIONS
    if {Need.NO_FLASHING, Need.NO_HEAD_TURN} <= needs:
        return NEITHER_LIGHT_NOR_TURN
    return None
