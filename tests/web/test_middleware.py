from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.fakes import RED, fake_engine, picture

from menshen.verification.compare import Verifier
from menshen.web.middleware import host_name

Serve = Callable[..., TestClient]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("Localhost:80", "localhost"),
        ("127.0.0.1:8765", "127.0.0.1"),
        ("[::1]:8765", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
        ("[::1", "[::1]"),
    ],
)
def test_host_names(header: str, name: str) -> None:
    assert host_name(header) == name


def facts(caplog: pytest.LogCaptureFixture, logger: str) -> list[dict[str, object]]:
    return [vars(record)["facts"] for record in caplog.records if record.name == logger]


def test_the_access_log_knows_routes_and_not_people(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "menshen.access")
    client.get("/problems/not-found?name=ZhangSan&lang=zh", headers={"User-Agent": "secret-agent"})
    client.get("/v1/people/ZhangSan")
    client.post("/v1/inspect", files={"picture": ("ZhangSan.jpg", picture(RED))})
    lines = facts(caplog, "menshen.access")
    assert [line["route"] for line in lines] == ["/problems/{code}", "other", "/v1/inspect"]
    assert [line["status"] for line in lines] == [200, 404, 200]
    assert all(set(line) == {"method", "route", "status", "ms", "request"} for line in lines)
    text = json.dumps(lines) + caplog.text
    for secret in ("ZhangSan", "secret-agent", "testclient", "Bearer", "menshen_"):
        assert secret not in text


def test_a_crash_is_logged_without_its_words(
    client: TestClient, verifier: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    fake_engine(verifier).failure = RuntimeError("pixels of Zhang San")
    answer = client.post("/v1/inspect", files={"picture": ("p", picture(RED))})
    (fault,) = facts(caplog, "menshen.faults")
    assert fault["type"] == "RuntimeError"
    assert fault["request"] == answer.headers["x-request-id"]
    assert "Zhang" not in caplog.text
    assert b'menshen_problems_total{code="internal-error"} 1.0' in client.get("/metrics").content


def test_every_request_has_its_own_identifier(client: TestClient) -> None:
    given = [client.get("/healthz").headers["x-request-id"] for _ in range(2)]
    assert given[0] != given[1]
    assert uuid.UUID(given[0]).version == 4


def test_a_clients_identifier_is_not_taken_over(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "forged\\nline"})
    assert "forged" not in answer.headers["x-request-id"]


def test_what_only_the_operator_can_mend_is_in_the_log(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "api-keys.json").chmod(0o644)
    answer = client.get("/v1/models")
    assert answer.status_code == 500
    assert "api-keys" not in answer.text
    (fault,) = facts(caplog, "menshen.faults")
    assert fault["code"] == "key-file-invalid"
    assert "chmod 600" in str(fault["detail"])
    assert fault["request"] == answer.headers["x-request-id"]
