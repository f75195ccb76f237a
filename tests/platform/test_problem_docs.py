from __future__ import annotations

from menshen.platform.problem_docs import ALWAYS, GUARDED, ProblemMessage, problem_responses
from menshen.platform.problem_table import PROBLEMS
from menshen.platform.problems import problem_body, problem_named


def test_problems_of_one_status_share_a_response() -> None:
    responses = problem_responses("key-missing", "key-invalid", "rate-limited")
    assert list(responses) == [401, 429]
    content = responses[401]["content"]["application/problem+json"]
    assert set(content["examples"]) == {"key-missing", "key-invalid"}
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_examples_are_real_problems() -> None:
    responses = problem_responses(*PROBLEMS)
    for status, response in responses.items():
        for code, example in response["content"]["application/problem+json"]["examples"].items():
            assert example["value"] == problem_body(problem_named(code), language="en")
            assert example["value"]["status"] == status


def test_the_schema_fits_every_problem() -> None:
    for code in PROBLEMS:
        message = ProblemMessage.model_validate(problem_body(problem_named(code), language="zh"))
        assert message.code == code


def test_the_common_codes_exist() -> None:
    assert set(GUARDED) | set(ALWAYS) <= set(PROBLEMS)
