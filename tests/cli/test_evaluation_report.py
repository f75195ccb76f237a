from __future__ import annotations

import dataclasses
import io
import json
import math

import pytest
from rich.console import Console

from menshen.cli.evaluation import Acquisition, Evaluation, Failed, Group
from menshen.cli.evaluation_report import as_json, markdown, percent, sheets, terminal
from menshen.faces.confidence import AtRate, AtThreshold, Estimate, Summary


def estimate(value: float = 0.05) -> Estimate:
    return Estimate(value, value / 2, value * 2)


def summary() -> Summary:
    rates = (1e-1, 1e-2, 1e-3)
    return Summary(
        genuine_pairs=300,
        impostor_pairs=4000,
        eer=estimate(0.031),
        at_rates=tuple(
            AtRate(rate, 0.5 if rate > 1e-3 else math.inf, estimate(0.4), rate > 5e-3)
            for rate in rates
        ),
        at_thresholds=(AtThreshold(1e-3, 0.93, estimate(0.39), estimate(0.002)),),
    )


def evaluation(**changes: object) -> Evaluation:
    made = Evaluation(
        pack="basic",
        contract="c" * 64,
        claimed_fmr=1e-3,
        acquisition=Acquisition(
            pictures=100,
            resumed=4,
            missing=1,
            failed=1,
            rate=1 / 99,
            pairs_left_out=7,
            failures=(Failed("a|b.jpg", "face-not-found", "no face"),),
        ),
        pairs=4300,
        people=60,
        people_known=False,
        raw=summary(),
        normalised=summary(),
        cohort="the other people",
        groups=(Group("[red]office", 10, summary(), summary()), Group("hall", 5, None, None)),
        deployed="Raw score.",
        warnings=("Too few data.",),
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def printed(made: Evaluation) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(terminal(made))
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Estimate(0.0, 0.0, 0.0037), "0 % (0 to 0.37)"),
        (Estimate(0.39, 0.2, 0.62), "39.0 % (20.0 to 62.0)"),
        (Estimate(0.000012, 0.0, 0.00003), "0.0012 % (0 to 0.0030)"),
    ],
)
def test_rates_are_written_as_percentages(value: Estimate, words: str) -> None:
    assert percent(value) == words


def test_the_terminal_shows_every_part() -> None:
    text = printed(evaluation())
    for words in (
        "300 genuine and 4,000 impostor pairs of 60 people (worked out from the pairs)",
        "EER",
        "TAR at FMR 0.001 (too few pairs)",
        "0.930",
        "[red]office",
        "5 of one kind",
        "Too few data.",
        "Raw score.",
    ):
        assert words in text


def test_markdown_is_complete_and_its_tables_are_sound() -> None:
    text = markdown(evaluation())
    assert "![DET plot](det.svg)" in text
    assert "> **Warning.** Too few data." in text
    assert "| a\\|b.jpg | face-not-found | no face |" in text
    for sheet in sheets(evaluation()):
        assert f"## {sheet.title}" in text
        assert all(len(row) == len(sheet.header) for row in sheet.rows)


def test_no_failures_no_list() -> None:
    sound = dataclasses.replace(evaluation().acquisition, failures=())
    assert "without a template" not in markdown(evaluation(acquisition=sound))


def test_without_normalised_scores_the_column_is_empty() -> None:
    rows = sheets(evaluation(normalised=None))[0].rows
    assert {row[2] for row in rows} == {"–"}


def test_tables_without_rows_are_left_out() -> None:
    bare = evaluation(groups=(), raw=dataclasses.replace(summary(), at_thresholds=()))
    assert [sheet.header[0] for sheet in sheets(bare)] == ["", "pictures"]


def test_json_is_complete_and_strict() -> None:
    found = json.loads(as_json(evaluation()), parse_constant=pytest.fail)
    assert found["raw"]["eer"] == {"value": 0.031, "low": 0.0155, "high": 0.062}
    assert found["raw"]["at_rates"][2]["threshold"] is None
    assert found["raw"]["at_rates"][2]["supported"] is False
    assert found["acquisition"]["failures"][0]["code"] == "face-not-found"
    assert found["groups"][1]["raw"] is None
    assert set(found) == {field.name for field in dataclasses.fields(Evaluation)}
