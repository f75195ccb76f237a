from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from menshen.errors import ModelFileError
from menshen.platform.logs import JsonLines, configure, log_failure, log_fault, log_request


@pytest.fixture
def clean_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("clean_root")
def test_a_request_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    log_request(method="GET", route="/problems/{code}", status=200, seconds=0.01234, request="id")
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time")
    assert line == {
        "level": "info",
        "logger": "menshen.access",
        "message": "request",
        "method": "GET",
        "route": "/problems/{code}",
        "status": 200,
        "ms": 12.3,
        "request": "id",
    }


@pytest.mark.usefixtures("clean_root")
def test_a_fault_is_logged_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        int("Zhang San, born 1980")
    except ValueError as error:
        log_fault(error, request="id")
    text = capsys.readouterr().err
    line = json.loads(text)
    assert line["type"] == "ValueError"
    assert "test_logs.py" in line["places"][0]
    assert "Zhang" not in text


def test_a_message_cannot_forge_a_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, 'a\n{"level": "info"}', None, None)
    assert "\n" not in JsonLines().format(record)


@pytest.mark.usefixtures("clean_root")
def test_libraries_that_echo_requests_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level=logging.DEBUG)
    logging.getLogger("uvicorn.access").info("GET /?name=Zhang")
    logging.getLogger("python_multipart.multipart").debug("Calling on_part_data")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("clean_root")
def test_a_failure_of_our_own_is_logged_with_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    log_failure(ModelFileError("the file mesh.bin is damaged"), request="id")
    line = json.loads(capsys.readouterr().err)
    assert line["code"] == "model-file-invalid"
    assert line["detail"] == "the file mesh.bin is damaged"
    assert (line["level"], line["request"]) == ("error", "id")
