"""The application as a whole: errors, limits, the API description and the guide."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient
from tests.fakes import RED, picture

from menshen.platform.problem_table import PROBLEMS
from menshen.verification.messages import CompareAnswer, InspectAnswer, ModelsAnswer

Serve = Callable[..., TestClient]
SNAPSHOT = Path(__file__).parent / "openapi.json"
GUIDE = Path(__file__).parents[2] / "docs" / "api.md"


def upload(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"picture": ("p.jpg", data, "image/jpeg")}


def test_the_api_description_is_the_reviewed_one(client: TestClient) -> None:
    """Write the snapshot anew with MENSHEN_UPDATE_SNAPSHOTS=1, and review the difference."""
    document = client.get("/openapi.json").json()
    document["info"].pop("version")
    if os.environ.get("MENSHEN_UPDATE_SNAPSHOTS"):
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        SNAPSHOT.write_text(text + "\n", "utf-8")
    assert document == json.loads(SNAPSHOT.read_text("utf-8"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_is_fully_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, _, operation in operations(document):
        assert operation["summary"], path
        assert operation["operationId"], path
        for status, response in operation["responses"].items():
            content = next(iter(response["content"].values()))
            assert "example" in content or content["examples"], (path, status)
            assert "schema" in content, (path, status)


def test_the_examples_are_possible_answers(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    models: dict[str, type[BaseModel]] = {
        "compare": CompareAnswer,
        "inspect": InspectAnswer,
        "models": ModelsAnswer,
    }
    for name, model in models.items():
        (operation,) = paths[f"/v1/{name}"].values()
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        assert model.model_validate(example).model_dump(mode="json") == example


def test_every_v1_operation_says_it_needs_a_key(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemes = set(document["components"]["securitySchemes"])
    for path, _, operation in operations(document):
        if path.startswith("/v1/"):
            assert {"apiKey": []} in operation["security"]
        for requirement in operation.get("security", []):
            assert set(requirement) <= schemes


def test_all_references_resolve(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place = document
        for step in reference.split("/"):
            place = place[step]


def test_every_v1_route_refuses_strangers(serve: Serve) -> None:
    client = serve(scopes=None)
    document = client.get("/openapi.json").json()
    guarded = [(p, m) for p, m, _ in operations(document) if p.startswith("/v1/")]
    assert guarded
    for path, method in guarded:
        assert client.request(method, path).status_code == 401, path


def test_the_guide_lists_every_route_and_every_code(client: TestClient) -> None:
    guide = GUIDE.read_text("utf-8")
    for path, method, _ in operations(client.get("/openapi.json").json()):
        assert f"`{method.upper()} {path}`" in guide
    for code, kind in PROBLEMS.items():
        assert f"| `{code}` | {kind.status} |" in guide


def test_nothing_here(client: TestClient) -> None:
    answer = client.get("/v2/compare", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert answer.json()["title"] == "此处没有内容"
    assert answer.headers["content-language"] == "zh"


def test_another_method(client: TestClient) -> None:
    answer = client.get("/v1/compare")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"
    assert "POST" in answer.headers["allow"]


def test_a_request_over_the_limit(serve: Serve) -> None:
    client = serve(max_request_bytes=50_000)
    answer = client.post("/v1/inspect", files=upload(b"0" * 60_000))
    assert answer.status_code == 413
    assert answer.json()["code"] == "request-too-large"


def test_a_request_over_the_limit_without_a_declared_length(serve: Serve) -> None:
    client = serve(max_request_bytes=50_000)
    sent = 0

    def flood() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="p"\r\n\r\n'
        for _ in range(1000):
            sent += 1
            yield b"0" * 1000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/inspect", content=flood(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "request-too-large"


def test_a_picture_over_the_pixel_limit(serve: Serve) -> None:
    client = serve(max_pixels=10_000)
    answer = client.post("/v1/inspect", files=upload(picture(RED, size=(200, 200))))
    assert answer.json()["code"] == "picture-dimensions"


def test_the_key_rate_limit(serve: Serve) -> None:
    client = serve(key_rate="3/minute")
    assert [client.get("/v1/models").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/v1/models", headers={"Accept-Language": "zh"})
    assert answer.json()["code"] == "rate-limited"
    assert int(answer.headers["retry-after"]) >= 1


def test_the_address_rate_limit_counts_strangers_too(serve: Serve) -> None:
    client = serve(scopes=None, address_rate="3/minute")
    assert [client.get("/v1/models").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_a_foreign_host_name_is_refused_on_loopback(client: TestClient) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::2]:80"):
        answer = client.get("/healthz", headers={"Host": host})
        assert answer.status_code == 421, host
        assert answer.json()["code"] == "host-not-allowed"
    for host in ("localhost", "LOCALHOST:8765", "127.0.0.1:1", "[::1]:8765"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_elsewhere_any_host_name_or_those_named(serve: Serve) -> None:
    assert serve(host="192.0.2.1").get("/healthz", headers={"Host": "a.example"}).is_success
    named = serve(host="192.0.2.1", allowed_hosts=("Door.example",))
    assert named.get("/healthz", headers={"Host": "door.example:443"}).is_success
    assert named.get("/healthz", headers={"Host": "a.example"}).status_code == 421


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/static/menshen.css", "/v1/models"])
def test_security_headers_are_on_every_answer(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"]
    assert headers["x-request-id"]
    assert "server" not in headers


def test_no_documentation_page_loads_foreign_scripts(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404
