from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menshen.liveness.challenge import (
    PALETTE,
    RESTING,
    Challenge,
    ChallengeError,
    Flash,
    Step,
    busiest_second,
    draw,
    is_general_flash,
    red_share,
    relative_luminance,
    safe,
)
from menshen.liveness.profiles import Action, Need, plan
from menshen.liveness.records import Colour

SESSIONS = 10_000
WHITE, BLACK, RED = Colour(1, 1, 1), Colour(0, 0, 0), Colour(1, 0, 0)
NEEDS = st.frozensets(st.sampled_from(Need))
# 99.99 % quantiles of chi-square (tables), by degrees of freedom.
CHI_SQUARE = {1: 15.1, 2: 18.4, 3: 21.1, 4: 23.5, 5: 25.7, 7: 29.9}
CONFUSING = {
    (Action.SHAKE_HEAD, Action.TURN_LEFT),
    (Action.SHAKE_HEAD, Action.TURN_RIGHT),
    (Action.NOD, Action.BLINK),
}


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a test repeats itself


@pytest.fixture(scope="module")
def sessions() -> list[Challenge]:
    source = seeded(20_261_122)
    return [draw(plan(), randbelow=source.randrange) for _ in range(SESSIONS)]


def chi_square(counts: Iterable[int]) -> tuple[float, int]:
    """Statistic and degrees of freedom against all being equally likely."""
    seen = list(counts)
    expected = sum(seen) / len(seen)
    return sum((n - expected) ** 2 / expected for n in seen), len(seen) - 1


def equally_likely(counts: Iterable[int]) -> bool:
    statistic, freedom = chi_square(counts)
    return statistic < CHI_SQUARE[freedom]


def test_no_two_of_ten_thousand_are_alike(sessions: list[Challenge]) -> None:
    assert len({challenge.to_json() for challenge in sessions}) == SESSIONS


def test_actions_are_equally_likely(sessions: list[Challenge]) -> None:
    seen = Counter(step.action for challenge in sessions for step in challenge.steps)
    assert set(seen) == set(Action)
    assert equally_likely(seen.values())


def test_sets_of_three_actions_are_equally_likely(sessions: list[Challenge]) -> None:
    seen = Counter(frozenset(s.action for s in c.steps) for c in sessions if len(c.steps) == 3)
    assert len(seen) == 56
    statistic, freedom = chi_square(seen.values())
    assert freedom == 55
    assert statistic < 107.0  # 99.99 %, 55 degrees


def test_orders_of_actions_that_cannot_be_confused_are_equally_likely(
    sessions: list[Challenge],
) -> None:
    """Which of two comes first, for every pair that no rule orders."""
    ruled = {action for pair in CONFUSING for action in pair}
    free = sorted(set(Action) - ruled)
    for a, b in itertools.combinations(free, 2):
        orders = [[s.action for s in c.steps if s.action in {a, b}] for c in sessions]
        first = Counter(order[0] for order in orders if len(order) == 2)
        assert equally_likely(first.values()), (a, b)


def test_counts_and_the_place_of_the_colours_are_equally_likely(
    sessions: list[Challenge],
) -> None:
    assert equally_likely(Counter(len(c.steps) for c in sessions).values())
    assert equally_likely(Counter(len(c.flashes) for c in sessions).values())
    places = [c.parts.index(c.flashes[0]) for c in sessions if len(c.steps) == 4]
    assert sorted(set(places)) == [0, 1, 2, 3, 4]
    assert equally_likely(Counter(places).values())


@pytest.mark.parametrize("position", range(4))
def test_colours_are_equally_likely_at_every_position(
    sessions: list[Challenge], position: int
) -> None:
    seen = Counter(c.flashes[position].colour for c in sessions)
    assert set(seen) == set(PALETTE)
    assert equally_likely(seen.values())


def test_the_next_colour_does_not_follow_from_the_last(sessions: list[Challenge]) -> None:
    pairs = Counter((c.flashes[0].colour, c.flashes[1].colour) for c in sessions)
    assert len(pairs) == 30
    assert chi_square(pairs.values())[0] < 67.0  # 99.99 %, 29 degrees


def test_durations_vary_within_their_bounds(sessions: list[Challenge]) -> None:
    steps = {step.seconds for c in sessions for step in c.steps}
    flashes = {flash.duration for c in sessions for flash in c.flashes}
    assert steps == {2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6}
    assert flashes == {0.5, 0.55, 0.6, 0.65, 0.7, 0.75}


def test_a_normal_session_asks_for_fifteen_seconds_at_most(sessions: list[Challenge]) -> None:
    assert max(c.asked_seconds for c in sessions) <= 15.0


def test_all_ten_thousand_are_safe_to_look_at(sessions: list[Challenge]) -> None:
    assert all(safe(challenge.flashes) for challenge in sessions)
    assert max(busiest_second(challenge.flashes) for challenge in sessions) <= 3
    assert all(len({f.colour for f in c.flashes}) >= 3 for c in sessions)


@given(NEEDS, st.randoms(use_true_random=False))
def test_every_plan_is_kept(needs: frozenset[Need], source: random.Random) -> None:
    wanted = plan(needs)
    got = draw(wanted, randbelow=source.randrange)
    actions = [step.action for step in got.steps]
    assert wanted.fewest <= len(actions) <= wanted.most
    assert len(set(actions)) == len(actions)
    assert set(wanted.always) <= set(actions) <= set(wanted.actions)
    assert CONFUSING.isdisjoint(itertools.pairwise(actions))
    assert bool(got.flashes) is wanted.colours
    assert all(2.0 * wanted.pace <= s.seconds <= 2.6 * wanted.pace for s in got.steps)
    assert got.asked_seconds <= 5 * 2.6 * wanted.pace + 6 * 0.75


@pytest.mark.parametrize("needs", [frozenset(), frozenset({Need.EYES_FREE})])
@pytest.mark.parametrize("end", ["low", "high"])
def test_a_source_that_is_stuck_still_ends(needs: frozenset[Need], end: str) -> None:
    got = draw(plan(needs), randbelow=lambda n: 0 if end == "low" else n - 1)
    assert got.steps
    assert safe(got.flashes)


def test_only_what_is_revealed_is_shown() -> None:
    got = draw(plan(), randbelow=seeded(1).randrange)
    for count in range(len(got) + 1):
        assert len(got.revealed(count)) == count
        assert got.revealed(count) == got.parts[:count]
    for beyond in (-1, len(got) + 1):
        with pytest.raises(ValueError, match="no such part"):
            got.revealed(beyond)


def test_printing_a_challenge_gives_nothing_away() -> None:
    assert repr(draw(plan(), randbelow=seeded(1).randrange)) == "Challenge()"


@given(NEEDS, st.randoms(use_true_random=False))
def test_json_and_back(needs: frozenset[Need], source: random.Random) -> None:
    got = draw(plan(needs), randbelow=source.randrange)
    text = got.to_json()
    assert Challenge.from_json(text) == got
    assert "\n" not in text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["version", "parts", "action", "seconds", "colour", "start"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON.map(json.dumps) | st.text(max_size=40))
def test_anything_else_is_refused_with_one_error(text: str) -> None:
    with pytest.raises(ChallengeError):
        Challenge.from_json(text)


STEP = {"action": "nod", "seconds": 2.0}
BLUE = {"colour": [0.1, 0.27, 1.0], "start": 0, "duration": 0.5}


@settings(max_examples=200)
@given(
    st.sampled_from([STEP, BLUE]),
    st.sampled_from(["action", "seconds", "colour", "start", "duration"]),
    JSON,
)
def test_one_odd_field_is_read_or_refused(
    row: dict[str, object], field: str, value: object
) -> None:
    text = json.dumps({"version": 1, "parts": [{**row, field: value}]})
    try:
        got = Challenge.from_json(text)
    except ChallengeError:
        return
    assert safe(got.flashes)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{**STEP, "action": "sing"}],
        [{**STEP, "seconds": -1}],
        [{**STEP, "seconds": True}],
        [{**STEP, "seconds": float("nan")}],
        [{**STEP, "seconds": 1e300}],
        [{**BLUE, "colour": [1.0, 0.0, 0.0]}],
        [{**BLUE, "colour": [1.0, 1.0, 1.0]}],
        [{**BLUE, "colour": [0.3, 0.3]}],
        [BLUE, STEP, {**BLUE, "start": 0.5}],
        [BLUE, {**BLUE, "start": 0.9}],
        [{**BLUE, "start": i / 4, "duration": 0.25} for i in range(5)],
    ],
    ids=[
        "empty",
        "unknown-action",
        "negative",
        "boolean",
        "nan",
        "endless",
        "saturated-red",
        "white",
        "two-channels",
        "colours-apart",
        "gap",
        "five-a-second",
    ],
)
def test_a_stored_challenge_keeps_the_rules(parts: list[dict[str, object]]) -> None:
    with pytest.raises(ChallengeError):
        Challenge.from_json(json.dumps({"version": 1, "parts": parts}))
    with pytest.raises(ChallengeError):
        Challenge.from_json(json.dumps({"version": 2, "parts": [STEP]}))


def test_luminance_is_wcags() -> None:
    assert relative_luminance(WHITE) == pytest.approx(1.0)
    assert relative_luminance(BLACK) == 0.0
    assert relative_luminance(RED) == pytest.approx(0.2126)


def test_the_palette_has_no_luminance_to_flash_with() -> None:
    levels = [relative_luminance(colour) for colour in (*PALETTE, RESTING)]
    assert max(levels) - min(levels) < 0.03
    assert max(red_share(colour) for colour in PALETTE) < 0.7


def test_palette_colours_are_far_enough_apart_to_be_told() -> None:
    for a, b in itertools.combinations((*PALETTE, RESTING), 2):
        assert sum(abs(a.vector() - b.vector())) > 0.3


def test_general_flash_thresholds() -> None:
    assert is_general_flash(BLACK, WHITE)
    assert is_general_flash(Colour(0.3, 0.3, 0.3), Colour(0.41, 0.41, 0.41))
    assert not is_general_flash(Colour(0.3, 0.3, 0.3), Colour(0.39, 0.39, 0.39))
    assert not is_general_flash(Colour(0.85, 0.85, 0.85), WHITE)  # both bright: allowed


def test_red_share() -> None:
    assert red_share(RED) == 1.0
    assert red_share(BLACK) == 0.0
    assert red_share(WHITE) == pytest.approx(1 / 3)
    assert not safe([Flash(Colour(0.9, 0.15, 0.05), 0.0, 0.5)])  # share 0.82, luminance as ours


@given(st.lists(st.floats(0.01, 2.0), min_size=1, max_size=12))
def test_busiest_second_counts_both_ends(durations: list[float]) -> None:
    starts = [0.0, *itertools.accumulate(durations[:-1])]
    flashes = [Flash(PALETTE[0], s, d) for s, d in zip(starts, durations, strict=True)]
    windows = [sum(s <= t <= s + 1 for t in starts) for s in starts]
    assert busiest_second(flashes) == max(windows)
    assert busiest_second([]) == 0


def test_steps_that_add_up_to_a_flash_are_not_safe() -> None:
    slow = [Colour(y, y, y) for y in (0.3, 0.36, 0.42)]
    flashes = [Flash(colour, i * 1.0, 1.0) for i, colour in enumerate(slow)]
    assert not safe(flashes)


def test_records_are_values() -> None:
    assert Step(Action.NOD, 2.0) == Step(Action.NOD, 2.0)
    assert len(draw(plan(), randbelow=seeded(3).randrange).steps) in {3, 4}
