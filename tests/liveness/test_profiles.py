from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from menshen.liveness.profiles import (
    NEITHER_LIGHT_NOR_TURN,
    TEXTS,
    TOO_FEW_ACTIONS,
    Action,
    Label,
    Need,
    UnknownNeedError,
    parse,
    plan,
)

CHINESE = re.compile(r"[\u4e00-\u9fff]")
TURNING = {Action.TURN_LEFT, Action.TURN_RIGHT, Action.SHAKE_HEAD, Action.NOD}
NEEDS = st.frozensets(st.sampled_from(Need))
EVERY = [
    frozenset(chosen)
    for size in range(len(Need) + 1)
    for chosen in itertools.combinations(Need, size)
]


def test_without_needs_everything_may_be_asked() -> None:
    got = plan()
    assert got.actions == tuple(Action)
    assert (got.fewest, got.most, got.colours, got.pace, got.voice) == (3, 4, True, 1.0, False)
    assert got.always == ()
    assert got.review is None


@pytest.mark.parametrize("need", [Need.NO_FLASHING, Need.EYES_FREE, Need.NO_HEAD_TURN])
def test_what_takes_away_evidence_adds_a_step(need: Need) -> None:
    got = plan(frozenset({need}))
    assert (got.fewest, got.most) == (4, min(5, len(got.actions)))
    assert got.review is None


@pytest.mark.parametrize("need", [Need.EXTRA_TIME, Need.VOICE_PROMPTS])
def test_what_takes_nothing_away_changes_no_step(need: Need) -> None:
    got = plan(frozenset({need}))
    assert (got.actions, got.fewest, got.most, got.colours) == (tuple(Action), 3, 4, True)
    assert got.pace == (2.0 if need is Need.EXTRA_TIME else 1.0)
    assert got.voice is (need is Need.VOICE_PROMPTS)


def test_no_flashing_means_no_colours() -> None:
    assert not plan(frozenset({Need.NO_FLASHING})).colours


def test_eyes_free_asks_nothing_of_the_eyes_and_speaks() -> None:
    got = plan(frozenset({Need.EYES_FREE}))
    assert not {Action.BLINK, Action.FOLLOW_DOT} & set(got.actions)
    assert got.voice


def test_a_stiff_neck_is_asked_to_come_closer_instead() -> None:
    got = plan(frozenset({Need.NO_HEAD_TURN}))
    assert not TURNING & set(got.actions)
    assert got.always == (Action.COME_CLOSER,)


def test_too_few_actions_ask_for_a_human() -> None:
    got = plan(frozenset({Need.EYES_FREE, Need.NO_HEAD_TURN}))
    assert got.actions == (Action.OPEN_MOUTH, Action.COME_CLOSER)
    assert (got.fewest, got.most) == (2, 2)
    assert got.review == TOO_FEW_ACTIONS


def test_neither_light_nor_a_turn_asks_for_a_human() -> None:
    got = plan(frozenset({Need.NO_FLASHING, Need.NO_HEAD_TURN}))
    assert got.review is not None
    four = frozenset({Need.EXTRA_TIME, Need.NO_FLASHING, Need.VOICE_PROMPTS})
    assert plan(four).review is None
    assert NEITHER_LIGHT_NOR_TURN.en != TOO_FEW_ACTIONS.en


@pytest.mark.parametrize("needs", EVERY, ids=lambda needs: "+".join(sorted(needs)) or "none")
def test_every_combination_can_be_drawn_or_says_why_not(needs: frozenset[Need]) -> None:
    got = plan(needs)
    assert 2 <= got.fewest <= got.most <= min(5, len(got.actions))
    assert set(got.always) <= set(got.actions)
    assert len(got.always) <= got.fewest
    # Three steps, or a human: nobody is waved through on less, nobody is left without a way.
    assert got.fewest >= 3 or got.review is not None


@given(NEEDS, NEEDS)
def test_another_need_never_asks_for_less(needs: frozenset[Need], more: frozenset[Need]) -> None:
    before, after = plan(needs), plan(needs | more)
    assert set(after.actions) <= set(before.actions)
    assert after.pace >= before.pace
    assert after.voice >= before.voice
    assert (after.review is None) <= (before.review is None)
    assert after.fewest >= before.fewest or after.review is not None


@given(NEEDS)
def test_names_and_needs_are_the_same(needs: frozenset[Need]) -> None:
    assert parse([str(need) for need in needs]) == needs


@given(st.lists(st.text(max_size=20) | st.sampled_from([str(n) for n in Need]), max_size=5))
def test_a_name_that_is_no_need_is_refused(names: list[str]) -> None:
    if set(names) <= {str(need) for need in Need}:
        assert {str(need) for need in parse(names)} == set(names)
    else:
        with pytest.raises(UnknownNeedError) as caught:
            parse(names)
        assert caught.value.code == "profile-unknown"
        assert "no-flashing" in caught.value.advice


LABELS = [label for text in TEXTS.values() for label in (text.label, text.instead)]


@pytest.mark.parametrize("label", [*LABELS, TOO_FEW_ACTIONS, NEITHER_LIGHT_NOR_TURN])
def test_every_text_is_in_both_languages(label: Label) -> None:
    assert label.en
    assert not CHINESE.search(label.en)
    assert CHINESE.search(label.zh)


def test_every_need_is_offered() -> None:
    assert set(TEXTS) == set(Need)
