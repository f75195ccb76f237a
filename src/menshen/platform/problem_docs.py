"""Problems as OpenAPI describes them: one schema, and an example for each code."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from menshen.platform.problem_table import PROBLEMS
from menshen.platform.problems import MEDIA_TYPE, problem_body, problem_named

SCHEMA = "Problem"
GUARDED = ("key-missing", "key-invalid", "session-expired", "scope-missing", "rate-limited")
ALWAYS = ("host-not-allowed", "internal-error")
Responses = dict[int | str, dict[str, Any]]


class ProblemMessage(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title=SCHEMA)

    type: str = Field(description="A page of this server about this kind of problem.")
    code: str = Field(description="Stable name of the kind; program against this.")
    title: str = Field(description="The kind, in the language asked for.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    advice: str = Field(description="What to do about it.")
    instance: str | None = Field(default=None, description="Finds the entry in the server's log.")
    picture: str | None = Field(default=None, description="The part at fault: `a` or `b`.")


def problem_responses(*codes: str) -> Responses:
    """Return the OpenAPI responses of these problem codes, grouped by status."""
    grouped: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        grouped[PROBLEMS[code].status].append(code)
    return {status: _response(grouped[status]) for status in sorted(grouped)}


def _response(codes: list[str]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{SCHEMA}"}
    content = {MEDIA_TYPE: {"schema": schema, "examples": {c: _example(c) for c in codes}}}
    return {"description": ", ".join(codes), "content": content}


def _example(code: str) -> dict[str, Any]:
    return {
        "summary": PROBLEMS[code].title.en,
        "value": problem_body(problem_named(code), language="en"),
    }
